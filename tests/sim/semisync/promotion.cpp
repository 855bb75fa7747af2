#include <utility>

#include "tests/sim/semisync/driver.h"

/// A standby: whom it follows, and how it becomes a primary.
namespace lockstep::sim {

Awaitable<Result<void>> SemisyncModelDriver::until_replayed(Deadline deadline) {
    while (true) {
        const auto primary = co_await role(deadline);
        if (!primary) {
            co_return tl::unexpected(primary.error());
        }
        if (database_.data.relay.empty()) {
            co_return Result<void>{};
        }
        if (!database_.applies()) {
            co_return fail(Errc::refused, "what was received is not replayed: no applier runs");
        }
        if (deadline.passed()) {
            co_return fail(Errc::timeout, "what was received is not replayed yet");
        }
        co_await pause(look_again);
    }
}

/// MySQL's applier runs on; MariaDB's is stopped once it has replayed everything.
Awaitable<Result<void>> SemisyncModelDriver::point_at(Ticket ticket, Deadline deadline) {
    const bool streamed = database_.data.upstream.has_value();
    const bool hands_over = streamed && database_.applies() && !database_.is_mysql();
    database_.cut_upstream();
    if (streamed && database_.is_mysql()) {
        database_.start_applier();
    }
    if (hands_over) {
        const auto replayed = co_await until_replayed(deadline);
        if (!replayed) {
            co_return replayed;
        }
        database_.stop_applier();
    }
    const auto pid = database_.pid();
    co_await pause(some(2, 40) * millisecond);
    const auto primary = co_await role(deadline);
    if (!primary || database_.pid() != pid || *primary) {
        co_return primary ? fail(Errc::conflict, "another server runs by now")
                          : tl::unexpected(primary.error());
    }
    if (streamed) {
        forget_received_as(hands_over ? std::string() : ticket.stream_name);
    }
    database_.data.upstream = ticket.upstream;
    database_.data.stream_name = ticket.stream_name;
    if (hands_over) {
        database_.carry_applier_over();
    } else {
        database_.start_applier();
    }
    database_.start_receiver();
    co_return Result<void>{};
}

Awaitable<Result<void>> SemisyncModelDriver::follow(Ticket ticket, Deadline deadline) {
    const auto primary = co_await role(deadline);
    if (!primary) {
        co_return tl::unexpected(primary.error());
    }
    if (!ticket.upstream) {
        database_.cut_upstream();
        co_return Result<void>{};
    }
    const auto& data = database_.data;
    const bool same = data.upstream && data.upstream->address == ticket.upstream->address &&
                      data.stream_name == ticket.stream_name;
    if (!same) {
        co_return co_await point_at(std::move(ticket), deadline);
    }
    if (!database_.applies()) {
        forget_received_as(data.stream_name);
    }
    database_.start_applier();
    database_.start_receiver();
    co_return Result<void>{};
}

void SemisyncModelDriver::forget_received_as(const std::string& account) {
    if (!database_.is_mysql()) {
        database_.data.forgotten = account;
    }
}

// Promotion ----------------------------------------------------------------------------------

Result<void> SemisyncModelDriver::check_received() const {
    const auto& data = database_.data;
    const bool forgot = data.upstream && !database_.is_mysql() &&
                        (data.forgotten == data.stream_name ||
                         (!database_.applies() && !database_.knows_what_it_received()));
    if (forgot && !flaws_.promotes_what_it_forgot) {
        return fail(Errc::refused, "it was restarted before it had replayed all that it received");
    }
    return {};
}

Awaitable<Result<void>> SemisyncModelDriver::take_over(Deadline deadline) {
    if (!database_.data.upstream) {
        co_return Result<void>{};
    }
    database_.cut_upstream();
    if (database_.is_mysql()) {
        database_.start_applier();
    }
    const auto replayed = co_await until_replayed(deadline);
    if (replayed) {
        database_.stop_applier();
    }
    co_return replayed;
}

Awaitable<Result<void>> SemisyncModelDriver::ensure_reign(Deadline deadline) {
    const auto primary = co_await role(deadline);
    if (!primary) {
        co_return tl::unexpected(primary.error());
    }
    if (*primary && !database_.descent().known()) {
        database_.begin_reign();
        co_await pause(some(1, 5) * millisecond);
        co_return co_await answered(deadline);
    }
    co_return Result<void>{};
}

/// In the order of drivers/mysql/promote.cpp: a crash between any two steps is found by the next
/// call.
Awaitable<Result<void>> SemisyncModelDriver::become_primary(Loss loss, Deadline deadline) {
    if (auto good = check_received(); !good && loss == Loss::refused) {
        co_return good;
    }
    database_.data.promotion_begun = true;
    const bool followed = database_.data.upstream.has_value();
    auto done = co_await take_over(deadline);
    if (!done) {
        co_return done;
    }
    co_await pause(some(1, 10) * millisecond);
    auto primary = co_await role(deadline);
    if (!primary || *primary) {
        co_return primary ? Result<void>{} : tl::unexpected(primary.error());
    }
    const auto& reigns = database_.descent().reigns;
    const bool begun =
        !followed && !reigns.empty() && reigns.back().writer == database_.data.writer;
    if (!begun) {
        database_.begin_reign();
    }
    co_await pause(some(1, 20) * millisecond);
    primary = co_await role(deadline);
    if (!primary || *primary) {
        co_return primary ? Result<void>{} : tl::unexpected(primary.error());
    }
    database_.forget_upstream();
    co_await pause(some(1, 5) * millisecond);
    primary = co_await role(deadline);
    if (!primary || *primary) {
        co_return primary ? Result<void>{} : tl::unexpected(primary.error());
    }
    database_.disk.standby = false;
    co_await pause(some(1, 5) * millisecond);
    primary = co_await role(deadline);
    if (!primary || *primary) {
        co_return primary ? Result<void>{} : tl::unexpected(primary.error());
    }
    database_.open_for_writes();
    co_return done;
}

Awaitable<Result<History>> SemisyncModelDriver::promote(Deadline deadline, Loss loss) {
    const auto primary = co_await role(deadline);
    if (!primary) {
        co_return tl::unexpected(primary.error());
    }
    Result<void> done;
    if (!*primary) {
        done = co_await become_primary(loss, deadline);
    } else {
        done = co_await ensure_reign(deadline);
    }
    if (!done) {
        co_return within("promote", done.error());
    }
    if (!ticket_ || !ticket_->primary) {
        Ticket ticket = ticket_.value_or(Ticket{});
        ticket.primary = true;
        ticket.upstream.reset();
        ticket.sync_name.clear();
        ticket.stream_name.clear();
        static_cast<void>(write_ticket(ticket));
    }
    co_await pause(some(1, 20) * millisecond);
    const auto still = co_await role(deadline);
    if (!still) {
        co_return tl::unexpected(still.error());
    }
    const auto place = database_.place();
    if (!place.trouble.empty()) {
        co_return fail(Errc::corrupt, "promote: " + place.trouble);
    }
    co_return place.position.history;
}

} // namespace lockstep::sim
