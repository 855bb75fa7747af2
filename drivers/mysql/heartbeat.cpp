#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/schema.h"

namespace lockstep {

namespace {

constexpr std::chrono::milliseconds already_ended{1};

/// On a standby it would be a transaction that its upstream lacks: the server itself looks again
/// whether it may be written.
constexpr auto beat_sql = "UPDATE lockstep.heartbeat SET beat = beat + 1 WHERE one = 1 AND "
                          "@@global.read_only = 0";

} // namespace

/// What is in the log before the beat is acknowledged when the beat is: a standby receives in
/// order.
Awaitable<Result<bool>> MysqlDriver::begin_beat(Session::Ptr pulse, Deadline deadline) {
    std::string sql = is_mysql() ? "SELECT @@global.read_only, @@global.gtid_executed"
                                 : "SELECT @@global.read_only, @@global.gtid_binlog_state";
    const auto rows = co_await pulse->query(std::move(sql), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    if (rows->text(0, 0) == "1") {
        co_return false;
    }
    if (remembered_.stops) {
        co_return fail(Errc::unreachable, "the server was told to stop");
    }
    remembered_.beat_after = rows->text(0, 1);
    remembered_.beat_for = remembered_.effect_of;
    auto started = pulse->start(beat_sql);
    if (!started) {
        co_return tl::unexpected(started.error());
    }
    co_return true;
}

/// It was begun and returned under one effect, so it waited for that name's stream.
void MysqlDriver::note_acknowledged() {
    if (remembered_.beat_for.empty() || remembered_.beat_for != remembered_.effect_of) {
        return;
    }
    const auto logged = mysql::GtidSet::parse(config_.flavour, remembered_.beat_after);
    if (!logged || !remembered_.descent.known()) {
        return;
    }
    const auto place = mysql::place_of(remembered_.descent, *logged);
    if (place.trouble.empty()) {
        remembered_.acknowledged = place.position;
    }
}

/// For people: what the server says that this session is at.
Awaitable<std::string> MysqlDriver::state_of(std::uint64_t session, Deadline deadline) {
    auto opened = co_await kept(&Sessions::look, deadline);
    if (!opened) {
        co_return std::string("not known");
    }
    const auto session_look = *opened;
    const auto rows = co_await session_look->query(
        fmt::format("SELECT STATE FROM {} WHERE ID = {}", word().processlist, session), deadline);
    co_return rows && !rows->empty() ? rows->text(0, 0) : "not known";
}

/// A standby that has a commit already when its stream begins never acknowledges it; the next
/// commit frees it (finding 8), and while everybody's waits, no other comes than this one.
Awaitable<void> MysqlDriver::nudge(Deadline deadline) {
    if (!remembered_.standby_streams) {
        co_return;
    }
    auto opened = co_await kept(&Sessions::canary, deadline);
    if (!opened) {
        co_return; // The heartbeat goes on waiting, and is what is told.
    }
    const auto canary = *opened;
    if (canary->is_busy()) {
        const auto a_moment = Deadline::in(already_ended);
        static_cast<void>(co_await canary->finish(a_moment));
    }
    if (canary->is_open() && !canary->is_busy()) {
        static_cast<void>(canary->start(std::string(mysql::canary_sql)));
    }
}

/// One commit at a time: while one waits, later calls wait for the same one.
Awaitable<Result<Heartbeat>> MysqlDriver::heartbeat(Deadline deadline) {
    auto opened = co_await kept(&Sessions::pulse, deadline);
    if (!opened) {
        co_return within("heartbeat", opened.error());
    }
    const auto pulse = *opened;
    const auto most = mysql::most_of(deadline);
    if (!pulse->is_busy()) {
        const auto begun = co_await begin_beat(pulse, most);
        if (!begun) {
            co_return within("heartbeat", begun.error());
        }
        if (!*begun) {
            co_return Heartbeat::not_primary;
        }
    }
    const auto beaten = co_await pulse->finish(most);
    if (beaten) {
        note_acknowledged();
        co_return Heartbeat::committed;
    }
    if (beaten.error().code != Errc::timeout) {
        co_return within("heartbeat", beaten.error());
    }
    std::vector<std::uint64_t> beat{pulse->id()};
    const auto waiting = co_await waits(std::move(beat), deadline);
    if (waiting && *waiting) {
        co_await nudge(most);
        co_return Heartbeat::waiting_for_standby;
    }
    const auto state = co_await state_of(pulse->id(), deadline);
    co_return within("heartbeat (its commit is in state \"" + state + "\")",
                     waiting ? beaten.error() : waiting.error());
}

} // namespace lockstep
