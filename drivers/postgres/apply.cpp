#include <set>

#include <spdlog/fmt/fmt.h>

#include "drivers/postgres/postgres_driver.h"
#include "drivers/postgres/ticket.h"

/// Making the running server obey its ticket: follow, tighten, relax.
namespace lockstep {

using postgres::Rows;

namespace {
constexpr std::chrono::milliseconds look_again{4};
} // namespace

/// The role that peers stream and rewind as. Created without waiting for a standby: the standby
/// needs it. Its rights beyond replication are those that the manual of pg_rewind names, and to ask
/// for a checkpoint.
Awaitable<Result<void>> PostgresDriver::ensure_role(Deadline deadline) {
    std::string sql = fmt::format(
        "do $$ begin "
        "if not exists (select from pg_roles where rolname = '{0}') then "
        "create role {0} login replication; end if; "
        "if not has_function_privilege('{0}', 'pg_read_binary_file(text)', 'execute') then "
        "grant execute on function pg_ls_dir(text, boolean, boolean), "
        "pg_stat_file(text, boolean), pg_read_binary_file(text), "
        "pg_read_binary_file(text, bigint, bigint, boolean) to {0}; "
        "if current_setting('server_version_num')::int >= 150000 then "
        "grant pg_checkpoint to {0}; else execute "
        "'grant execute on function pg_start_backup(text, boolean, boolean) to {0}'; end if; "
        "end if; end $$",
        postgres::replication_role);
    std::vector<std::string> none;
    const auto done = co_await command(std::move(sql), std::move(none), deadline);
    if (!done) {
        co_return within("create the replication role", done.error());
    }
    co_return Result<void>{};
}

/// Reloads, and returns when the server has read its files again. Whether each value is in force
/// is another question: see apply().
Awaitable<Result<void>> PostgresDriver::reload(Deadline deadline) {
    const auto patience = postgres::most_of(deadline).earlier(std::chrono::seconds{3});
    std::vector<std::string> none;
    std::string ask = "select pg_conf_load_time(), pg_reload_conf()";
    auto none_either = none;
    const auto before = co_await command(std::move(ask), std::move(none_either), deadline);
    if (!before) {
        co_return within("reload", before.error());
    }
    while (true) {
        std::string look = "select pg_conf_load_time()";
        auto nothing = none;
        const auto now = co_await command(std::move(look), std::move(nothing), deadline);
        if (!now) {
            co_return within("reload", now.error());
        }
        if (now->text(0, 0) != before->text(0, 0)) {
            co_return Result<void>{};
        }
        if (patience.passed()) {
            co_return fail(Errc::timeout, "reload: the server did not read its configuration");
        }
        co_await pause_for(look_again);
    }
}

/// R3: released, not only told to be. Waiters that began later don't count: a standby that is
/// still there may hold each of them for a moment.
Awaitable<Result<void>> PostgresDriver::wait_for_waiters(Deadline deadline) {
    std::optional<std::set<std::string>> first;
    for (int clear = 0; clear < 2;) {
        std::string sql = "select pid, coalesce(xact_start, query_start, backend_start) "
                          "from pg_stat_activity where wait_event = 'SyncRep'";
        std::vector<std::string> none;
        const auto rows = co_await command(std::move(sql), std::move(none), deadline);
        if (!rows) {
            co_return within("relax", rows.error());
        }
        std::set<std::string> waiting;
        for (std::size_t row = 0; row < rows->size(); ++row) {
            const auto waiter = rows->text(row, 0) + " " + rows->text(row, 1);
            if (!first || first->contains(waiter)) {
                waiting.insert(waiter);
            }
        }
        clear = waiting.empty() ? clear + 1 : 0;
        first = first ? std::move(first) : std::optional(waiting);
        if (deadline.passed()) {
            co_return fail(Errc::timeout, fmt::format("relax: {} commits still wait for the "
                                                      "standby (a busy checkpointer delays it)",
                                                      waiting.size()));
        }
        co_await pause_for(look_again);
    }
    co_return Result<void>{};
}

/// Until no stream under another name is left. Whether the upstream can be reached is not the
/// server's to say, so a stream under the new name is not waited for.
Awaitable<Result<void>> PostgresDriver::wait_for_stream(std::string name, Deadline deadline) {
    while (true) {
        std::string sql = "select conninfo from pg_stat_wal_receiver where conninfo is not null";
        std::vector<std::string> none;
        const auto rows = co_await command(std::move(sql), std::move(none), deadline);
        if (!rows) {
            co_return within("follow", rows.error());
        }
        if (rows->empty() ||
            postgres::conninfo_value(rows->text(0, 0), "application_name") == name) {
            co_return Result<void>{};
        }
        if (deadline.passed()) {
            co_return fail(Errc::timeout, "follow: the old stream did not end");
        }
        co_await pause_for(look_again);
    }
}

/// Reloads until every managed setting has the ticket's value, from the ticket.
Awaitable<Result<void>> PostgresDriver::bring_in_force(Session::Ptr session, bool changed,
                                                       Deadline deadline) {
    auto reload_at = changed ? Clock::time_point{} : Clock::time_point::max();
    const auto patience = postgres::most_of(deadline);
    std::string missing;
    while (true) {
        if (Clock::now() >= reload_at) {
            const auto reloaded = co_await reload(deadline);
            if (!reloaded) {
                const auto soon = Deadline::in(std::chrono::milliseconds{500});
                const auto errors = co_await configuration_errors(session, soon);
                co_return errors && !errors->empty()
                    ? fail(Errc::refused, "the server refuses its configuration: " + *errors)
                    : tl::unexpected(reloaded.error());
            }
        }
        const auto report = co_await look_at_settings(session, deadline);
        if (report && report->not_in_force.empty()) {
            co_return Result<void>{};
        }
        if (report) {
            missing = report->not_in_force.front();
        }
        if (!report || patience.passed()) {
            co_return missing.empty()
                ? tl::unexpected(report.error())
                : fail(Errc::timeout, "not in force by the deadline: " + missing);
        }
        const bool first = reload_at == Clock::time_point::max();
        reload_at = first ? Clock::time_point{} : Clock::now() + std::chrono::seconds{1};
        co_await pause_for(look_again);
    }
}

Awaitable<Result<void>> PostgresDriver::apply(Ticket ticket, Deadline deadline) {
    auto opened = co_await kept(&Sessions::control, Commits::unwaited, deadline);
    if (!opened) {
        co_return within("apply", opened.error());
    }
    const auto session = *opened;
    const auto changed = write_files(ticket);
    if (!changed) {
        co_return tl::unexpected(changed.error());
    }
    const bool reload_due =
        *changed || remembered_.rules != postgres::render_hba(config_, ticket.door);
    auto in_force = co_await bring_in_force(session, reload_due, deadline);
    if (in_force) {
        in_force = co_await bring_rules_in_force(session, ticket, deadline);
    }
    if (!in_force) {
        co_return within("apply", in_force.error());
    }
    remembered_.settings_due = true;
    co_return co_await settle(std::move(ticket), deadline);
}

/// After the reload: the server took the rules, and nobody is inside by older ones if the door is
/// shut.
Awaitable<Result<void>> PostgresDriver::bring_rules_in_force(Session::Ptr session, Ticket ticket,
                                                             Deadline deadline) {
    auto taken = co_await check_rules(session, deadline);
    if (!taken) {
        co_return taken;
    }
    remembered_.rules = postgres::render_hba(config_, ticket.door);
    if (ticket.door == Door::shut) {
        taken = co_await send_clients_out(deadline);
    }
    co_return taken;
}

/// What a ticket asks for beyond its settings.
Awaitable<Result<void>> PostgresDriver::settle(Ticket ticket, Deadline deadline) {
    const auto standby = co_await is_standby(deadline);
    if (!standby) {
        co_return within("apply", standby.error());
    }
    if (*standby) {
        auto name = ticket.upstream ? ticket.stream_name : std::string{};
        co_return co_await wait_for_stream(std::move(name), deadline);
    }
    const auto role = co_await ensure_role(deadline);
    if (!role || !ticket.sync_name.empty()) {
        co_return role;
    }
    co_return co_await wait_for_waiters(deadline);
}

Awaitable<Result<void>> PostgresDriver::keep_for(std::vector<Member> peers, Deadline deadline) {
    const auto standby = co_await is_standby(deadline);
    if (!standby) {
        co_return within("keep for peers", standby.error());
    }
    if (!*standby) {
        const auto role = co_await ensure_role(deadline);
        if (!role) {
            co_return role;
        }
    }
    // A standby feeds nobody: what its slots would keep back is only in the way of its disk.
    std::string wanted = "{";
    for (const auto& peer : peers) {
        if (!*standby) {
            wanted += (wanted.size() > 1 ? "," : "") + postgres::slot_name(peer.id);
        }
    }
    wanted += "}";
    std::string drop = "select pg_drop_replication_slot(slot_name) from pg_replication_slots "
                       "where slot_type = 'physical' and not active and not temporary and "
                       "slot_name ~ '^lockstep_' and "
                       "(slot_name <> all($1::text[]) or coalesce(wal_status = 'lost', false))";
    std::vector<std::string> values{wanted};
    auto values_again = values;
    const auto dropped = co_await command(std::move(drop), std::move(values), deadline);
    if (!dropped) {
        co_return within("drop slots that nobody needs", dropped.error());
    }
    std::string make = "select pg_create_physical_replication_slot(name, true) "
                       "from unnest($1::text[]) name where not exists "
                       "(select from pg_replication_slots where slot_name = name)";
    const auto made = co_await command(std::move(make), std::move(values_again), deadline);
    if (!made) {
        co_return within("make slots for peers", made.error());
    }
    co_return Result<void>{};
}

} // namespace lockstep
