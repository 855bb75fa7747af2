#include <csignal>

#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/mysql_driver.h"

/// MySQL, told to stop, waits 8 s for everybody but streams, among them its own event scheduler,
/// and 2 s more if anybody is left. So nobody is: clients are out, streams are ended, sessions
/// closed. Half a second to a second and a half are left even then, in which nobody can write; so
/// one that was drained for a switchover is halted instead.
namespace lockstep {

namespace {
constexpr std::chrono::milliseconds look_again{2};
constexpr std::chrono::milliseconds last_farewell{5};
constexpr std::chrono::milliseconds longest_emptying{300};
constexpr std::chrono::seconds longest_beat{1};
} // namespace

/// Whatever commits waited for has been sent: what is not acknowledged by now, nobody was told of.
/// The accounts go first, or the streams would be back at once; the next start makes them anew.
Awaitable<Result<void>> MysqlDriver::end_feeding(Deadline deadline) {
    const auto standby = co_await is_standby(deadline);
    if (!standby || *standby) { // It feeds nobody, and may not change its accounts.
        co_return standby ? Result<void>{} : tl::unexpected(standby.error());
    }
    auto existing = co_await accounts(deadline);
    if (!existing) {
        co_return tl::unexpected(existing.error());
    }
    std::erase_if(*existing, [](const auto& name) { return name.ends_with("_peer"); });
    remembered_.effect_of.clear(); // Should it go on after all, they are made anew.
    auto done = co_await drop_accounts(*existing, deadline);
    if (done) {
        done = co_await end_streams(deadline);
    }
    co_return done;
}

/// A beat that is under way is sent and acknowledged first, or the log would end with a commit that
/// the standby lacks; no other begins.
Awaitable<void> MysqlDriver::let_beat_end(Deadline deadline) {
    const auto most = deadline.earlier(longest_beat);
    while (sessions_.pulse && sessions_.pulse->is_busy() && !most.passed()) {
        co_await pause_for(look_again);
    }
}

/// Nothing of this driver's but one session, until nobody else is seen. Whoever stays costs time,
/// no more.
Awaitable<Result<void>> MysqlDriver::leave_server(Deadline deadline) {
    const auto most = deadline.earlier(longest_emptying);
    for (auto* const session : {&sessions_.spare, &sessions_.watch, &sessions_.pulse,
                                &sessions_.look, &sessions_.canary, &sessions_.flush}) {
        if (*session) {
            (*session)->close();
            session->reset();
        }
    }
    const auto others = fmt::format("SELECT COUNT(*) FROM {} WHERE ID <> CONNECTION_ID() AND USER "
                                    "NOT IN ('system user', 'event_scheduler')",
                                    word().processlist);
    while (!most.passed()) {
        const auto left = co_await command(others, deadline);
        if (!left) {
            co_return tl::unexpected(left.error());
        }
        if (left->number(0, 0) == 0) {
            break;
        }
        co_await pause_for(look_again);
    }
    co_return Result<void>{};
}

/// Where it cannot be asked for, the server's own stop takes longer, no more.
Awaitable<Result<void>> MysqlDriver::silence_events(Deadline deadline) {
    std::string ask = "SELECT @@global.event_scheduler";
    const auto scheduler = co_await command(std::move(ask), deadline);
    if (!scheduler || scheduler->text(0, 0) != "ON") {
        co_return Result<void>{};
    }
    std::vector<std::string> off{"SET GLOBAL event_scheduler = OFF"};
    co_return co_await commands(std::move(off), deadline);
}

/// Every commit was answered, and nobody is inside who could begin another: what the log holds is
/// all there will ever be, and as safe from a kill as from a stop. Its end is read once no process
/// is left (stopped_at).
Awaitable<Result<void>> MysqlDriver::halt(Deadline deadline) {
    auto done = co_await silence_events(deadline);
    if (done) { // Whoever slipped in since the drain, such as an event that had begun.
        done = co_await send_clients_out(Kill::hard, deadline);
    }
    if (!done) {
        co_return done;
    }
    co_await let_beat_end(deadline);
    const auto process = running_server();
    halt_ = Halt::asked;
    if (process && ::kill(process->pid, SIGKILL) != 0) {
        halt_ = Halt::none;
        co_return fail(Errc::refused, fmt::format("process {} takes no signal", process->pid));
    }
    co_return done;
}

Awaitable<Result<void>> MysqlDriver::stop_mysql(Deadline deadline) {
    remembered_.stops = true; // No session is opened any more.
    if (remembered_.drained) {
        auto halted = co_await halt(deadline);
        remembered_.stops = halted.has_value();
        co_return halted;
    }
    co_await let_beat_end(deadline);
    auto done = co_await end_feeding(deadline);
    if (done) {
        done = co_await silence_events(deadline);
    }
    if (done) {
        done = co_await leave_server(deadline);
    }
    if (!done) {
        remembered_.stops = false;
        co_return done;
    }
    if (sessions_.control) {
        sessions_.control->close();
        sessions_.control.reset();
    }
    co_await pause_for(last_farewell);
    const auto process = running_server();
    if (process && ::kill(process->pid, SIGTERM) != 0) {
        remembered_.stops = false;
        co_return fail(Errc::refused, fmt::format("process {} takes no signal", process->pid));
    }
    co_return Result<void>{};
}

} // namespace lockstep
