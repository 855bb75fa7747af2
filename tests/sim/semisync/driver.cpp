#include "tests/sim/semisync/driver.h"

#include <utility>

/// What is observed, and what any server is told; the rest is in promotion.cpp and data.cpp.
namespace lockstep::sim {

ServerReport SemisyncModelDriver::report() {
    const auto place = database_.place();
    ServerReport report;
    report.state = database_.server().state;
    report.version = database_.is_mysql() ? "9.7.4" : "10.11.19-MariaDB";
    report.system_id = database_.disk.system_id;
    report.unit = Unit::transactions;
    report.position = place.position;
    report.unfit = place.trouble;
    if (report.state == ServerState::primary) {
        report_primary(report);
    } else {
        report_standby(report);
    }
    return report;
}

void SemisyncModelDriver::report_standby(ServerReport& report) const {
    report.unreplayed_bytes = database_.data.relay.size();
    report.start = database_.start();
    if (!database_.data.upstream) {
        return;
    }
    const auto& receiver = database_.server().receiver;
    report.stream.connected = receiver.has_value();
    report.stream.name = database_.data.stream_name;
    report.stream.silent =
        receiver ? milliseconds(Machine::current().now() - receiver->heard_at) : Milliseconds{0};
    if (!database_.applies()) {
        report.unfit += "nothing is replayed";
    }
}

void SemisyncModelDriver::report_primary(ServerReport& report) {
    if (database_.server().obeyed.empty() || effect_of_.empty()) {
        return;
    }
    report.acknowledgements.name = effect_of_;
    report.acknowledgements.streaming = database_.sender_named(effect_of_) != nullptr;
    if (database_.not_waited_for() > not_waited_for_) {
        report.lowered = "commits were not waited for";
    } else if (acknowledged_.history == report.position.history) {
        report.acknowledged = acknowledged_;
    }
}

void SemisyncModelDriver::before_stop() {
    database_.set_door(Door::shut);
    database_.cut_clients();
}

void SemisyncModelDriver::forget_server() {
    effect_of_.clear();
    canary_.reset();
    pulse_.reset();
    acknowledged_ = {};
}

/// What was in the log before the beat is acknowledged when the beat is.
Awaitable<Result<Heartbeat>> SemisyncModelDriver::heartbeat(Deadline deadline) {
    const auto primary = co_await role(deadline);
    if (!primary) {
        co_return tl::unexpected(primary.error());
    }
    if (!*primary) {
        co_return Heartbeat::not_primary;
    }
    if (!pulse_) {
        pulse_after_ = mysql::place_of(database_.descent(), database_.executed());
        pulse_for_ = effect_of_;
        pulse_ = begin_beat();
    }
    auto pulse = pulse_;
    const auto beaten = co_await end_beat(pulse, deadline);
    if (pulse->committed && pulse_ == pulse) {
        pulse_.reset();
        const bool waited = *pulse->committed && effect_seen(pulse_for_);
        if (waited && pulse_after_.trouble.empty()) {
            acknowledged_ = pulse_after_.position;
        }
    }
    co_return beaten;
}

// A primary's ticket -------------------------------------------------------------------------

void SemisyncModelDriver::settle_accounts(const Ticket& ticket) {
    std::set<std::string> wanted;
    for (const auto& peer : ticket.peers) {
        if (ticket.sync_name.empty()) {
            wanted.insert(mysql::async_account(peer.id));
        }
    }
    auto& accounts = database_.data.accounts;
    if (accounts.contains(ticket.sync_name)) {
        wanted.insert(ticket.sync_name);
    }
    if (flaws_.anybody_may_stream) {
        wanted.merge(std::set(accounts));
    }
    accounts = std::move(wanted);
}

Awaitable<Result<void>> SemisyncModelDriver::relax(Ticket ticket, Deadline deadline) {
    effect_of_.clear();
    database_.set_wait({});
    co_await pause(some(1, 5) * millisecond);
    while (true) {
        const auto primary = co_await role(deadline);
        if (!primary || !*primary) {
            co_return primary ? fail(Errc::refused, "no primary") : tl::unexpected(primary.error());
        }
        if (database_.server().obeyed.empty()) {
            break;
        }
        if (deadline.passed()) {
            co_return fail(Errc::timeout, "commits still wait for the standby");
        }
        co_await pause(look_again);
    }
    settle_accounts(ticket);
    co_return Result<void>{};
}

/// One of the driver's own, while nobody may stream who could let it go (R4.2).
Awaitable<Result<void>> SemisyncModelDriver::see_a_commit_wait(Deadline deadline) {
    if (!canary_ || canary_->committed) {
        canary_ = begin_beat();
    }
    const auto end = database_.disk.end();
    while (true) {
        const auto primary = co_await role(deadline);
        if (!primary) {
            co_return tl::unexpected(primary.error());
        }
        if (!canary_ || canary_->committed) {
            co_return fail(Errc::refused, "a commit did not wait, though nobody may stream");
        }
        if (database_.waits_now(end)) {
            co_return Result<void>{};
        }
        if (deadline.passed()) {
            co_return fail(Errc::timeout, "a commit of ours is not seen to wait");
        }
        co_await pause(look_again);
    }
}

Awaitable<Result<void>> SemisyncModelDriver::tighten(Ticket ticket, Deadline deadline) {
    effect_of_.clear();
    if (!flaws_.anybody_may_stream) {
        database_.data.accounts.clear();
        database_.end_streams();
    }
    database_.set_wait(ticket.sync_name);
    while (database_.runs() && database_.server().obeyed.empty()) {
        if (deadline.passed()) {
            co_return fail(Errc::timeout, "the statement that switches the wait on does not end");
        }
        co_await pause(look_again);
    }
    const auto seen = co_await see_a_commit_wait(deadline);
    if (!seen) {
        co_return within("tighten", seen.error());
    }
    not_waited_for_ = database_.not_waited_for();
    database_.data.accounts.insert(ticket.sync_name);
    co_await pause(some(1, 5) * millisecond);
    effect_of_ = ticket.sync_name;
    co_return Result<void>{};
}

Awaitable<Result<void>> SemisyncModelDriver::apply_primary(Ticket ticket, Deadline deadline) {
    auto done = co_await ensure_reign(deadline);
    if (done && ticket.door == Door::shut) {
        database_.set_door(Door::shut);
    }
    if (done && ticket.sync_name.empty()) {
        done = co_await relax(ticket, deadline);
    } else if (done && !effect_seen(ticket.sync_name)) {
        done = co_await tighten(ticket, deadline);
    }
    if (!done) {
        co_return done;
    }
    const auto primary = co_await role(deadline);
    if (!primary || !*primary) {
        co_return primary ? fail(Errc::refused, "no primary") : tl::unexpected(primary.error());
    }
    settle_accounts(ticket);
    if (ticket.door == Door::shut) {
        database_.cut_clients();
    } else {
        database_.set_door(Door::open);
    }
    co_return done;
}

Awaitable<Result<void>> SemisyncModelDriver::apply(Ticket ticket, Deadline deadline) {
    const auto primary = co_await role(deadline);
    if (!primary) {
        co_return tl::unexpected(primary.error());
    }
    if (ticket.primary != *primary) {
        co_return fail(Errc::refused, "the server has another role");
    }
    static_cast<void>(write_ticket(ticket));
    if (ticket.primary) {
        co_return co_await apply_primary(std::move(ticket), deadline);
    }
    co_return co_await follow(std::move(ticket), deadline);
}

Awaitable<Result<void>> SemisyncModelDriver::keep_for(std::vector<Member> peers,
                                                      Deadline deadline) {
    const auto primary = co_await role(deadline);
    if (!primary) {
        co_return tl::unexpected(primary.error());
    }
    if (!ticket_ || ticket_->primary != *primary) {
        co_return Result<void>{};
    }
    Ticket ticket = *ticket_;
    if (!*primary) {
        co_return co_await follow(std::move(ticket), deadline);
    }
    ticket.peers = std::move(peers);
    auto done = co_await ensure_reign(deadline);
    if (done && !ticket.sync_name.empty() && !effect_seen(ticket.sync_name)) {
        done = co_await tighten(ticket, deadline);
    }
    if (done && database_.is_primary()) {
        settle_accounts(ticket);
    }
    co_return done;
}

Awaitable<Result<void>> SemisyncModelDriver::end_canary(Deadline deadline) {
    if (!canary_ || canary_->committed) {
        canary_ = begin_beat();
    }
    auto canary = canary_;
    const auto ended = co_await end_beat(canary, deadline);
    if (!ended || *ended != Heartbeat::committed) {
        co_return ended ? fail(Errc::timeout, "its commit was not acknowledged")
                        : tl::unexpected(ended.error());
    }
    co_return Result<void>{};
}

Awaitable<Result<Position>> SemisyncModelDriver::prove(std::string sync_name, Deadline deadline) {
    auto primary = co_await role(deadline);
    if (!primary || !*primary) {
        co_return primary ? fail(Errc::refused, "no primary") : tl::unexpected(primary.error());
    }
    Result<void> done;
    if (!effect_seen(sync_name)) {
        if (!ticket_ || !ticket_->primary || ticket_->sync_name != sync_name) {
            co_return fail(Errc::conflict, "no such ticket is in force");
        }
        Ticket ticket = *ticket_;
        done = co_await tighten(std::move(ticket), deadline);
    }
    while (done && database_.runs() && database_.sender_named(sync_name) == nullptr) {
        if (deadline.passed()) {
            co_return fail(Errc::timeout, "nothing streams as " + sync_name);
        }
        co_await pause(look_again);
    }
    if (done) {
        done = co_await end_canary(deadline);
    }
    if (!done) {
        co_return tl::unexpected(done.error());
    }
    primary = co_await role(deadline);
    if (!primary || !*primary) {
        co_return primary ? fail(Errc::refused, "no primary") : tl::unexpected(primary.error());
    }
    const auto place = database_.place();
    if (!place.trouble.empty()) {
        co_return fail(Errc::refused, place.trouble);
    }
    if (!effect_seen(sync_name)) {
        co_return fail(Errc::conflict, "it was relaxed meanwhile");
    }
    co_await pause(some(100, 3000)); // It is on its way to the agent.
    co_return place.position;
}

} // namespace lockstep::sim
