#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace lockstep {

/// A statement in use: bind, step, read, in that order; columns and parameters count from 0 and
/// 1 as SQLite has them.
class SqliteStatement {
public:
    SqliteStatement& bind(int parameter, std::int64_t value);
    SqliteStatement& bind(int parameter, std::string_view value);
    /// True: a row is there. False: done. Errors: `conflict` (constraint), `refused` (full, I/O
    /// error, read-only: the message names the file), `timeout` (locked by another process).
    [[nodiscard]] Result<bool> step();
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::string text(int column) const;
    SqliteStatement(SqliteStatement&& other) noexcept;
    SqliteStatement& operator=(SqliteStatement&&) = delete;
    ~SqliteStatement();

private:
    friend class Sqlite;
    SqliteStatement(sqlite3* db, sqlite3_stmt* statement, std::string file);
    sqlite3* db_;
    sqlite3_stmt* statement_;
    std::string file_;
};

/// One database file, opened in WAL mode with synchronous=FULL and foreign keys on, exclusively
/// locked (locking_mode=EXCLUSIVE) for this process. Blocking: use it on a thread of its own.
/// Steps through all rows; `read` makes a value of each one.
template <class Read>
[[nodiscard]] auto read_rows(Result<SqliteStatement>& rows, Read read)
    -> Result<std::vector<typename decltype(read(*rows))::value_type>> {
    std::vector<typename decltype(read(*rows))::value_type> found;
    while (rows) {
        auto row = rows->step();
        if (!row) {
            return tl::unexpected(row.error());
        }
        if (!*row) {
            return found;
        }
        auto value = read(*rows);
        if (!value) {
            return tl::unexpected(value.error());
        }
        found.push_back(std::move(*value));
    }
    return tl::unexpected(rows.error());
}

class Sqlite {
public:
    /// Errors: `conflict` if another process has it open, `corrupt` if it is no database,
    /// `refused` otherwise (among them: on a network file system, by statfs).
    [[nodiscard]] static Result<Sqlite> open(const std::filesystem::path& path);
    [[nodiscard]] Result<SqliteStatement> prepare(std::string_view sql);
    [[nodiscard]] Result<void> run(std::string_view sql);
    /// BEGIN IMMEDIATE … COMMIT around `work`; rolled back if it fails.
    template <class Work> [[nodiscard]] Result<void> transaction(Work work) {
        if (auto begun = run("BEGIN IMMEDIATE"); !begun) {
            return begun;
        }
        if (Result<void> done = work(); !done) {
            static_cast<void>(run("ROLLBACK"));
            return done;
        }
        auto committed = run("COMMIT");
        if (!committed) {
            static_cast<void>(run("ROLLBACK"));
        }
        return committed;
    }
    Sqlite(Sqlite&& other) noexcept;
    Sqlite& operator=(Sqlite&&) = delete;
    ~Sqlite();

private:
    explicit Sqlite(sqlite3* db, std::string file);
    sqlite3* db_;
    std::string file_;
};

} // namespace lockstep
