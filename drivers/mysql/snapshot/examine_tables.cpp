#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/snapshot/mysql_snapshots.h"

/// Every table looked at by the engine's own CHECK TABLE.
namespace lockstep {

namespace {

constexpr auto tables_sql =
    "SELECT table_schema, table_name, COALESCE(data_length + index_length, 0) FROM "
    "information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema NOT IN "
    "('information_schema', 'performance_schema') ORDER BY 1, 2";

/// What CHECK TABLE found; empty: nothing.
std::string finding_in(const mysql::Rows& rows) {
    for (std::size_t row = 0; row < rows.size(); ++row) {
        const auto& kind = rows.text(row, "Msg_type");
        const auto& text = rows.text(row, "Msg_text");
        const bool fine = kind == "note" || kind == "info" || kind == "Note" ||
                          (kind == "status" && (text == "OK" || text == "Table is already up to "
                                                                        "date")) ||
                          text.find("doesn't support check") != std::string::npos;
        if (!fine) {
            return text;
        }
    }
    return {};
}

} // namespace

Awaitable<Result<void>> MysqlSnapshots::examine_tables(OnProgress on_progress, Deadline deadline) {
    const auto opened = co_await open(deadline);
    if (!opened) {
        co_return within("examine tables", opened.error());
    }
    const auto examined = co_await examine(*opened, std::move(on_progress), deadline);
    (*opened)->close();
    co_return examined;
}

Awaitable<Result<void>> MysqlSnapshots::examine(Session::Ptr session, OnProgress on_progress,
                                                Deadline deadline) {
    std::string list = tables_sql;
    const auto tables = co_await session->query(std::move(list), deadline);
    if (!tables) {
        co_return within("examine tables", tables.error());
    }
    Progress progress;
    for (std::size_t row = 0; row < tables->size(); ++row) {
        progress.total_bytes += tables->number(row, 2);
    }
    for (std::size_t row = 0; row < tables->size(); ++row) {
        const auto name =
            mysql::quote_name(tables->text(row, 0)) + "." + mysql::quote_name(tables->text(row, 1));
        const auto checked = co_await session->query("CHECK TABLE " + name, deadline);
        if (!checked) {
            co_return within("examine the table " + name, checked.error());
        }
        if (const auto found = finding_in(*checked); !found.empty()) {
            co_return fail(Errc::refused, fmt::format("the table {} is damaged: {}", name, found));
        }
        progress.done_bytes += tables->number(row, 2);
        if (on_progress) {
            on_progress(progress);
        }
    }
    co_return Result<void>{};
}

} // namespace lockstep
