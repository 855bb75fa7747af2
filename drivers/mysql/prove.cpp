#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/schema.h"

/// R4.2 and R4.3. The hold was seen by tighten(); here the standby lets go of it.
namespace lockstep {

namespace {
constexpr std::chrono::milliseconds look_again{5};
} // namespace

Awaitable<Result<void>> MysqlDriver::until_streaming(std::string sync_name, Deadline deadline) {
    while (true) {
        const auto rows = co_await command(
            fmt::format("SELECT COUNT(*) FROM {} WHERE COMMAND LIKE 'Binlog Dump%' AND USER = {}",
                        word().processlist, mysql::quote(sync_name)),
            deadline);
        if (!rows) {
            co_return tl::unexpected(rows.error());
        }
        if (rows->number(0, 0) > 0) {
            co_return Result<void>{};
        }
        if (deadline.passed()) {
            co_return fail(Errc::timeout, "nothing streams as " + sync_name);
        }
        co_await pause_for(look_again);
    }
}

Awaitable<Result<Position>> MysqlDriver::prove(std::string sync_name, Deadline deadline) {
    const auto doing = "prove that commits wait for " + sync_name;
    const auto most = mysql::most_of(deadline);
    Result<void> done;
    if (!effect_seen(sync_name)) {
        if (!ticket_ || !ticket_->primary || ticket_->sync_name != sync_name) {
            co_return fail(Errc::conflict, doing + ": no such ticket is in force");
        }
        done = co_await tighten(*ticket_, most);
    }
    if (done) {
        done = co_await until_streaming(sync_name, most);
    }
    if (!done) {
        co_return within(doing, done.error());
    }
    auto opened = co_await kept(&Sessions::canary, most);
    if (!opened) {
        co_return within(doing, opened.error());
    }
    const auto canary = *opened;
    if (!canary->is_busy()) {
        if (auto started = canary->start(std::string(mysql::canary_sql)); !started) {
            co_return within(doing, started.error());
        }
    }
    // Also frees a stream that has what it streams, and so never acknowledges it (finding 8).
    const auto released = co_await canary->finish(most);
    if (!released) {
        co_return within(doing + ": its commit was not acknowledged", released.error());
    }
    auto control = co_await kept(&Sessions::control, deadline);
    if (!control) {
        co_return within(doing, control.error());
    }
    const auto session = *control;
    const auto seen = co_await look(session, deadline);
    if (!seen) {
        co_return within(doing, seen.error());
    }
    if (!seen->place.trouble.empty()) {
        co_return fail(Errc::refused, doing + ": " + seen->place.trouble);
    }
    if (!effect_seen(sync_name)) {
        co_return fail(Errc::conflict, doing + ": it was relaxed meanwhile");
    }
    co_return seen->place.position;
}

} // namespace lockstep
