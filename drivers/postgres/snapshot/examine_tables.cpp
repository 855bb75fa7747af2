#include <spdlog/fmt/fmt.h>

#include "drivers/postgres/snapshot/postgres_snapshots.h"

/// Every table and index looked at by the engine's own amcheck.
namespace lockstep {

namespace {

/// A table, or a B-tree on one.
struct Relation {
    std::string oid;
    std::string name;
    bool index = false;
    std::uint64_t bytes = 0;
};

constexpr auto relations_sql =
    "select c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind = 'i', "
    "pg_relation_size(c.oid) from pg_class c join pg_namespace n on n.oid = c.relnamespace "
    "join pg_am a on a.oid = c.relam left join pg_index i on i.indexrelid = c.oid "
    "where c.relpersistence = 'p' and ((c.relkind in ('r', 'm', 't') and a.amname = 'heap') or "
    "(c.relkind = 'i' and a.amname = 'btree' and i.indisready and i.indisvalid)) order by c.oid";

Error finding(const std::string& database, const Relation& relation, const std::string& what) {
    return {Errc::refused,
            fmt::format("{} {} in the database {} is damaged: {}",
                        relation.index ? "the index" : "the table", relation.name, database, what)};
}

} // namespace

/// The extension is there for this transaction only, unless the user has it.
Awaitable<Result<std::string>> PostgresSnapshots::amcheck_in(Session::Ptr session,
                                                             Deadline deadline) {
    std::string look = "select quote_ident(nspname) from pg_extension e join pg_namespace n "
                       "on n.oid = extnamespace where extname = 'amcheck'";
    std::vector<std::string> none;
    const auto there = co_await ask(session, std::move(look), std::move(none), deadline);
    if (!there) {
        co_return tl::unexpected(there.error());
    }
    if (!there->empty()) {
        co_return there->text(0, 0);
    }
    for (const auto* const step :
         {"create schema lockstep_amcheck", "create extension amcheck schema lockstep_amcheck"}) {
        std::string sql = step;
        std::vector<std::string> nothing;
        const auto made = co_await ask(session, std::move(sql), std::move(nothing), deadline);
        if (!made) {
            co_return fail(made.error().code,
                           made.error().message +
                               "; amcheck is in Debian's package postgresql-MAJOR, elsewhere in "
                               "postgresql-contrib, and a standby must have it from its primary");
        }
    }
    co_return std::string("lockstep_amcheck");
}

Awaitable<Result<void>> PostgresSnapshots::examine_database(std::string database,
                                                            std::shared_ptr<Progress> progress,
                                                            OnProgress on_progress,
                                                            Deadline deadline) {
    auto name = database;
    const auto opened = co_await open(std::move(name), deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    for (const auto* const step :
         {"begin isolation level repeatable read", "set local statement_timeout = 0",
          "set local lock_timeout = 0", "set local search_path = pg_catalog"}) {
        std::string sql = step;
        std::vector<std::string> none;
        const auto begun = co_await ask(session, std::move(sql), std::move(none), deadline);
        if (!begun) {
            co_return tl::unexpected(begun.error());
        }
    }
    const auto schema = co_await amcheck_in(session, deadline);
    if (!schema) {
        co_return tl::unexpected(schema.error());
    }
    std::string list = relations_sql;
    std::vector<std::string> nothing;
    const auto rows = co_await ask(session, std::move(list), std::move(nothing), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    for (std::size_t row = 0; row < rows->size(); ++row) {
        const Relation relation{rows->text(row, 0), rows->text(row, 1), rows->is_true(row, 2),
                                std::stoull(rows->text(row, 3))};
        std::string sql =
            relation.index
                ? fmt::format("select null from {}.bt_index_check($1::oid::regclass, true)",
                              *schema)
                : fmt::format("select format('block %s, row %s: %s', blkno, offnum, msg) "
                              "from {}.verify_heapam($1::oid::regclass, check_toast := true) "
                              "limit 1",
                              *schema);
        std::vector<std::string> values{relation.oid};
        const auto found = co_await ask(session, std::move(sql), std::move(values), deadline);
        if (!found && found.error().code != Errc::refused) {
            co_return tl::unexpected(found.error());
        }
        if (!found) {
            co_return tl::unexpected(finding(database, relation, found.error().message));
        }
        if (!relation.index && !found->empty()) {
            co_return tl::unexpected(finding(database, relation, found->text(0, 0)));
        }
        progress->done_bytes += relation.bytes;
        if (on_progress) {
            on_progress(*progress);
        }
    }
    session->close(); // And so rolled back.
    co_return Result<void>{};
}

Awaitable<Result<void>> PostgresSnapshots::examine_tables(OnProgress on_progress,
                                                          Deadline deadline) {
    std::string database = "postgres";
    const auto opened = co_await open(std::move(database), deadline);
    if (!opened) {
        co_return within("examine tables", opened.error());
    }
    const auto session = *opened;
    std::string list = "select datname, sum(pg_database_size(oid)) over () from pg_database "
                       "where datallowconn order by datname";
    std::vector<std::string> none;
    const auto databases = co_await ask(session, std::move(list), std::move(none), deadline);
    if (!databases) {
        co_return within("examine tables", databases.error());
    }
    session->close();
    const auto progress = std::make_shared<Progress>();
    for (std::size_t row = 0; row < databases->size(); ++row) {
        progress->total_bytes = std::stoull(databases->text(row, 1));
        auto name = databases->text(row, 0);
        auto told = on_progress;
        const auto good =
            co_await examine_database(std::move(name), progress, std::move(told), deadline);
        if (!good) {
            co_return within("examine tables", good.error());
        }
    }
    co_return Result<void>{};
}

} // namespace lockstep
