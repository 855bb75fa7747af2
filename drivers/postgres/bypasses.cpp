#include <spdlog/fmt/fmt.h>

#include "drivers/postgres/postgres_driver.h"

/// What lets a session commit without waiting for the standby, or lose rows at a failover (F6).
/// Without an extension the engine cannot forbid it, so it is told to the operator.
namespace lockstep {

using postgres::Rows;

namespace {

constexpr std::chrono::seconds look_every{10};
constexpr std::size_t most_databases = 50;

/// Of the whole server. Every sentence names what to undo, and how; a few of each kind are enough.
constexpr auto shared_sql = R"(
(select format('RPO 0 not in force for %s: %s is set there',
    concat_ws(' in ', 'role ' || quote_ident(r.rolname), 'database ' || quote_ident(d.datname)), c),
    'ALTER ROLE or ALTER DATABASE … RESET synchronous_commit'
 from pg_db_role_setting s left join pg_roles r on r.oid = s.setrole
 left join pg_database d on d.oid = s.setdatabase, unnest(s.setconfig) c
 where c ~* '^synchronous_commit=' and c !~* '=(on|remote_apply|true|yes|1)$' limit 5)
union all
(select format('%s: the configuration has a mistake, so that no change of it takes effect: %s line %s, %s',
    current_setting('cluster_name'), sourcefile, sourceline, error),
    'mend that line'
 from pg_file_settings where error is not null and error <> 'setting could not be applied' limit 3)
union all
(select format('two streams use the name %s', application_name), 'end the one that is no member''s'
 from pg_stat_replication
 where application_name ~ '^ls_' and state = 'streaming' group by application_name
 having count(*) > 1 limit 3))";

/// Of one database.
constexpr auto database_sql = R"(
(select format('RPO 0 not in force for function %s in database %s: it sets %s',
    p.oid::regprocedure, quote_ident(current_database()), c),
    'ALTER FUNCTION … RESET synchronous_commit'
 from pg_proc p, unnest(p.proconfig) c
 where c ~* '^synchronous_commit=' and c !~* '=(on|remote_apply|true|yes|1)$' limit 5)
union all
(select format('RPO 0 not in force for subscription %s in database %s: its synchronous_commit is %s',
    quote_ident(subname), quote_ident(current_database()), subsynccommit),
    'ALTER SUBSCRIPTION … SET (synchronous_commit = on)'
 from pg_subscription where subenabled and subsynccommit not in ('on', 'remote_apply')
 and subdbid = (select oid from pg_database where datname = current_database()) limit 5)
union all
(select format('RPO 0 not in force for unlogged tables in database %s: %s of them, %s among them, are empty after a failover',
    quote_ident(current_database()), count(*), min(oid::regclass::text)),
    'ALTER TABLE … SET LOGGED'
 from pg_class where relpersistence = 'u' and relkind in ('r', 'm') having count(*) > 0))";

Findings findings(const Rows& rows) {
    Findings out;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        out.push_back({Finding::Weight::reported, {}, {}, rows.text(row, 0), rows.text(row, 1)});
    }
    return out;
}

std::vector<std::string> sentences(const Findings& found) {
    std::vector<std::string> out;
    for (const auto& finding : found) {
        out.push_back(finding.what);
    }
    return out;
}

} // namespace

Awaitable<Result<Findings>> PostgresDriver::shared_bypasses(Session::Ptr session,
                                                            Deadline deadline) {
    std::string sql = shared_sql;
    std::vector<std::string> none;
    const auto rows = co_await session->query(std::move(sql), std::move(none), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    co_return findings(*rows);
}

Awaitable<Result<Findings>> PostgresDriver::bypasses_in(std::string database, Deadline deadline) {
    auto connection = local_connection(database, Commits::as_configured);
    const auto opened = co_await Session::open(executor_, std::move(connection), deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto visit = *opened;
    std::string sql = database_sql;
    std::vector<std::string> none;
    const auto rows = co_await visit->query(std::move(sql), std::move(none), deadline);
    visit->close();
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    co_return findings(*rows);
}

Awaitable<Result<std::vector<std::string>>> PostgresDriver::databases(Session::Ptr session,
                                                                      Deadline deadline) {
    std::string list = "select datname from pg_database where datallowconn and datname <> "
                       "'template1' order by datname limit $1";
    std::vector<std::string> limit{std::to_string(most_databases)};
    const auto rows = co_await session->query(std::move(list), std::move(limit), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    std::vector<std::string> names;
    for (std::size_t row = 0; row < rows->size(); ++row) {
        names.push_back(rows->text(row, 0));
    }
    co_return names;
}

/// At most every 10 s, and then one database a call: observing stays quick however many there
/// are. Trouble (a database that lets nobody in) leaves the notes of that database empty.
Awaitable<void> PostgresDriver::look_for_bypasses(Session::Ptr session, Deadline deadline) {
    auto& todo = remembered_.databases_to_visit;
    if (todo.empty()) {
        if (Clock::now() < remembered_.bypasses_due) {
            co_return;
        }
        remembered_.bypasses_due = Clock::now() + look_every;
        const auto notes = co_await shared_bypasses(session, deadline);
        std::map<std::string, std::vector<std::string>> kept_notes;
        kept_notes[""] = notes ? sentences(*notes) : remembered_.notes[""];
        auto names = co_await databases(session, deadline);
        todo = names ? std::move(*names) : std::vector<std::string>{};
        for (const auto& name : todo) {
            kept_notes[name] = remembered_.notes[name];
        }
        remembered_.notes = std::move(kept_notes);
        co_return;
    }
    const auto database = todo.back();
    todo.pop_back();
    const auto notes = co_await bypasses_in(database, deadline);
    remembered_.notes[database] = notes ? sentences(*notes) : std::vector<std::string>{};
}

} // namespace lockstep
