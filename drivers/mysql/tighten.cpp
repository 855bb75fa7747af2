#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/schema.h"

/// R4.2: commits begin to wait while no account may stream, one is seen to wait where nobody could
/// have ended it, and only then the account of the granted member is made.
namespace lockstep {

namespace {

constexpr std::chrono::milliseconds look_again{3};

std::string list_of(const std::vector<std::uint64_t>& ids) {
    return fmt::format("({})", ids.empty() ? "0" : fmt::format("{}", fmt::join(ids, ", ")));
}

} // namespace

bool MysqlDriver::effect_seen(const std::string& sync_name) const {
    return !sync_name.empty() && remembered_.effect_of == sync_name;
}

/// A dropped account goes on streaming until its connection ends.
Awaitable<Result<void>> MysqlDriver::end_streams(Deadline deadline) {
    while (true) {
        const auto rows = co_await command(
            fmt::format("SELECT ID FROM {} WHERE COMMAND LIKE 'Binlog Dump%'", word().processlist),
            deadline);
        if (!rows) {
            co_return tl::unexpected(rows.error());
        }
        if (rows->empty()) {
            co_return Result<void>{};
        }
        for (std::size_t row = 0; row < rows->size(); ++row) {
            // One that has just ended by itself is no trouble.
            static_cast<void>(co_await command("KILL CONNECTION " + rows->text(row, 0), deadline));
        }
        if (deadline.passed()) {
            co_return fail(Errc::timeout, fmt::format("{} streams to standbys do not end, the one "
                                                      "of connection {} among them",
                                                      rows->size(), rows->text(0, 0)));
        }
        co_await pause_for(look_again);
    }
}

/// Whether the commit of one of these sessions waits for the standby.
Awaitable<Result<bool>> MysqlDriver::waits(std::vector<std::uint64_t> sessions, Deadline deadline) {
    auto opened = co_await kept(&Sessions::look, deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    // A commit that is queued behind a waiting one waits as that one does.
    std::string sql = fmt::format(
        "SELECT SUM(ID IN {0} AND STATE IN ('{1}', '{2}')) > 0 AND SUM(STATE = '{1}') > 0 FROM {3}",
        list_of(sessions), word().wait_state, word().queued_state, word().processlist);
    const auto rows = co_await session->query(std::move(sql), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    co_return rows->text(0, 0) == "1";
}

Awaitable<Result<void>> MysqlDriver::see_a_commit_wait(Deadline deadline) {
    auto opened = co_await kept(&Sessions::canary, deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto canary = *opened;
    // One that an earlier look left behind says nothing when it ends: it may have been let go.
    bool is_new = !canary->is_busy();
    if (is_new) {
        if (auto started = canary->start(std::string(mysql::canary_sql)); !started) {
            co_return started;
        }
    }
    while (true) {
        std::vector<std::uint64_t> ours{canary->id()};
        if (sessions_.pulse && sessions_.pulse->is_busy()) {
            ours.push_back(sessions_.pulse->id());
        }
        const auto waiting = co_await waits(std::move(ours), deadline);
        if (!waiting || *waiting) {
            co_return waiting ? Result<void>{} : tl::unexpected(waiting.error());
        }
        const auto a_moment = Deadline::in(look_again);
        const auto ended = co_await canary->finish(a_moment);
        if (ended && is_new) {
            co_return fail(Errc::refused, "a commit did not wait, though nobody may stream: the "
                                          "engine does not wait for its standby");
        }
        if (ended) {
            is_new = true;
            if (auto started = canary->start(std::string(mysql::canary_sql)); !started) {
                co_return started;
            }
            continue;
        }
        if (ended.error().code != Errc::timeout || deadline.passed()) {
            co_return within("a commit of ours is not seen to wait", ended.error());
        }
    }
}

Awaitable<Result<void>> MysqlDriver::tighten(Ticket ticket, Deadline deadline) {
    const auto most = mysql::most_of(deadline);
    if (auto forgotten = forget_effect(ticket.sync_name); !forgotten) {
        co_return within("tighten", forgotten.error());
    }
    auto existing = co_await accounts(most);
    if (!existing) {
        co_return tl::unexpected(existing.error());
    }
    std::erase_if(*existing, [](const auto& name) { return name.ends_with("_peer"); });
    auto done = co_await drop_accounts(*existing, most);
    if (done) {
        done = co_await end_streams(most);
    }
    if (done) {
        std::vector<std::string> on{fmt::format("SET GLOBAL {} = ON", word().wait_enabled)};
        done = co_await commands(std::move(on), most);
    }
    if (done) {
        done = co_await see_a_commit_wait(most);
    }
    if (!done) {
        co_return within("tighten", done.error());
    }
    const auto counts = co_await count_waits(deadline);
    if (!counts) {
        co_return within("tighten", counts.error());
    }
    remembered_.not_waited_for = counts->not_waited_for;
    auto made = co_await make_account(ticket.sync_name, mysql::member_in_account(ticket.sync_name),
                                      deadline);
    if (made) {
        made = note_effect(ticket.sync_name, *counts);
    }
    co_return made;
}

} // namespace lockstep
