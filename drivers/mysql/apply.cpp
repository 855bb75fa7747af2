#include <set>

#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/door.h"
#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/schema.h"

/// Making the running server obey its ticket.
namespace lockstep {

namespace {
constexpr std::chrono::milliseconds look_again{4};

struct UntilEnd {
    bool& flag;
    ~UntilEnd() { flag = false; }
};
} // namespace

/// R3: released, not only told to be. Waiters that began later don't count.
Awaitable<Result<void>> MysqlDriver::wait_for_waiters(Deadline deadline) {
    std::optional<std::set<std::string>> first;
    for (int clear = 0; clear < 2;) {
        const auto rows = co_await command(
            fmt::format("SELECT CONCAT(ID, ' ', IFNULL(INFO, '')) FROM {} WHERE STATE = '{}'",
                        word().processlist, word().wait_state),
            deadline);
        if (!rows) {
            co_return tl::unexpected(rows.error());
        }
        std::set<std::string> waiting;
        for (std::size_t row = 0; row < rows->size(); ++row) {
            if (!first || first->contains(rows->text(row, 0))) {
                waiting.insert(rows->text(row, 0));
            }
        }
        clear = waiting.empty() ? clear + 1 : 0;
        first = first ? std::move(first) : std::optional(waiting);
        if (deadline.passed()) {
            co_return fail(Errc::timeout,
                           fmt::format("{} commits still wait for the standby", waiting.size()));
        }
        co_await pause_for(look_again);
    }
    co_return Result<void>{};
}

Awaitable<Result<void>> MysqlDriver::let_commits_go(Deadline deadline) {
    const auto forgotten = forget_effect(); // Commits that wait do not wait for that, too.
    std::vector<std::string> off{fmt::format("SET GLOBAL {} = OFF", word().wait_enabled)};
    auto done = co_await commands(std::move(off), deadline);
    if (done) {
        done = forgotten;
    }
    co_return done;
}

/// Accounts come last: whoever changes accounts waits for commits that wait (finding 4).
Awaitable<Result<void>> MysqlDriver::relax(Ticket ticket, Deadline deadline) {
    auto done = co_await let_commits_go(deadline);
    if (done) {
        done = co_await wait_for_waiters(deadline);
    }
    if (!done) {
        co_return within("relax", done.error());
    }
    co_return co_await settle_accounts(std::move(ticket), deadline);
}

Awaitable<Result<void>> MysqlDriver::ensure_reign(Deadline deadline) {
    auto opened = co_await kept(&Sessions::control, deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    const auto seen = co_await look(session, deadline);
    if (!seen) {
        co_return tl::unexpected(seen.error());
    }
    remembered_.descent = seen->descent;
    if (seen->standby || seen->descent.known()) {
        co_return Result<void>{};
    }
    co_return co_await begin_reign(deadline);
}

Awaitable<Result<void>> MysqlDriver::apply_primary(Ticket ticket, Deadline deadline) {
    // Before anything waits: the row of a new database's first reign is a commit like any other.
    auto done = co_await ensure_reign(deadline);
    if (done && ticket.door == Door::shut) {
        done = co_await set_door(Door::shut, deadline);
    }
    if (done && !ticket.sync_name.empty()) {
        done = co_await recall_effect(ticket.sync_name, deadline);
    }
    if (done && ticket.sync_name.empty()) {
        done = co_await relax(ticket, deadline);
    } else if (done && !effect_seen(ticket.sync_name)) {
        done = co_await tighten(ticket, deadline);
    }
    if (done && !ticket.sync_name.empty()) {
        done = co_await settle_accounts(ticket, deadline);
    }
    if (done && ticket.door == Door::shut) {
        done = co_await send_clients_out(Kill::soft, deadline);
    } else if (done) {
        done = co_await set_door(Door::open, deadline);
    }
    co_return done;
}

Awaitable<Result<void>> MysqlDriver::apply(Ticket ticket, Deadline deadline) {
    auto opened = co_await kept(&Sessions::control, deadline);
    if (!opened) {
        co_return within("apply", opened.error());
    }
    const auto session = *opened;
    const auto standby = co_await is_standby(deadline);
    if (!standby) {
        co_return within("apply", standby.error());
    }
    if (ticket.primary && *standby) {
        co_return fail(Errc::refused, "apply: the server is a standby, and only a promotion makes "
                                      "it a primary");
    }
    if (!ticket.primary && !*standby) {
        co_return fail(Errc::refused, "apply: the server is a primary, and only a start makes it a "
                                      "standby");
    }
    remembered_.wait_settles = !effect_seen(ticket.sync_name);
    const UntilEnd settles{remembered_.wait_settles};
    if (auto written = write_ticket(ticket); !written) {
        co_return tl::unexpected(written.error());
    }
    Result<void> done;
    if (ticket.primary && ticket.sync_name.empty() && ticket.door == Door::open) {
        // Before anything is read: while an account's commit waits, even that may (finding 4).
        done = co_await let_commits_go(deadline);
    }
    if (!done) {
        co_return within("apply", done.error());
    }
    const auto settings = co_await look_at_settings(session, *standby, deadline);
    if (!settings) {
        co_return within("apply", settings.error());
    }
    done = co_await commands(settings->repairs, deadline);
    // Not with `?:`, whose awaited results g++ 12 destroys twice.
    if (done && ticket.primary) {
        done = co_await apply_primary(ticket, deadline);
    } else if (done) {
        done = co_await follow(ticket, deadline);
    }
    remembered_.settings_due = {};
    if (!done) {
        co_return within("apply", done.error());
    }
    co_return done;
}

Awaitable<Result<void>> MysqlDriver::keep_for(std::vector<Member> peers, Deadline deadline) {
    const auto standby = co_await is_standby(deadline);
    if (!standby) {
        co_return within("keep for peers", standby.error());
    }
    if (!ticket_ || ticket_->primary == *standby) {
        co_return Result<void>{};
    }
    if (*standby) { // It feeds nobody; but one that was just started does not stream by itself.
        auto followed = co_await follow(*ticket_, deadline);
        co_return followed;
    }
    Ticket ticket = *ticket_;
    ticket.peers = std::move(peers);
    auto done = co_await ensure_reign(deadline);
    if (done && !ticket.sync_name.empty()) {
        done = co_await recall_effect(ticket.sync_name, deadline);
    }
    if (done && !ticket.sync_name.empty() && !effect_seen(ticket.sync_name)) {
        done = co_await tighten(ticket, deadline); // Of a server that was started strict.
    }
    if (done) {
        done = co_await settle_accounts(std::move(ticket), deadline);
    }
    if (!done) {
        co_return within("keep for peers", done.error());
    }
    co_return done;
}

} // namespace lockstep
