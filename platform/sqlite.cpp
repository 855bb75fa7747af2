#include "platform/sqlite.h"

#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/vfs.h>

#include "platform/descriptor.h"
#include "platform/files.h"

namespace lockstep {
namespace {

// Long enough for a predecessor that is just closing; nobody else may have the file open.
constexpr int busy_timeout_ms = 300;

struct FileSystem {
    std::uint64_t magic;
    const char* name;
};

// Locks and fsync of these do not keep what SQLite needs, or depend on another machine (R12).
// FUSE is among them because sshfs and GlusterFS look like this.
constexpr std::array network_file_systems = {
    FileSystem{0x6969, "NFS"},        FileSystem{0x517B, "SMB"},
    FileSystem{0xFF534D42, "CIFS"},   FileSystem{0xFE534D42, "SMB"},
    FileSystem{0x01021997, "9P"},     FileSystem{0x5346414F, "AFS"},
    FileSystem{0x73757245, "Coda"},   FileSystem{0x00C36400, "Ceph"},
    FileSystem{0x0BD00BD0, "Lustre"}, FileSystem{0x01161970, "GFS2"},
    FileSystem{0x7461636F, "OCFS2"},  FileSystem{0x65735546, "FUSE"},
    FileSystem{0x47504653, "GPFS"},   FileSystem{0x19830326, "BeeGFS"},
};

std::filesystem::path folder_of(const std::filesystem::path& file) {
    return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

Result<void> check_file_system(const std::filesystem::path& file) {
    const auto folder = folder_of(file);
    struct statfs about {};
    if (::statfs(folder.c_str(), &about) != 0) {
        return fail(Errc::refused, "open " + file.string() + ": " + system_reason(errno));
    }
    const auto magic = static_cast<std::uint64_t>(about.f_type) & 0xFFFFFFFFU;
    for (const auto& network : network_file_systems) {
        if (network.magic == magic) {
            return fail(Errc::refused, "open " + file.string() + ": it lies on " + network.name +
                                           ", which does not keep what is written when a machine "
                                           "fails; move it to a local disk");
        }
    }
    return {};
}

/// SQLite would make the file readable for everyone. An existing file is never opened here:
/// closing it would drop the locks that this process may hold on it (POSIX).
Result<void> create_private(const std::filesystem::path& file) {
    const Descriptor created(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (created.valid()) {
        return sync_folder(folder_of(file));
    }
    if (errno != EEXIST) {
        return fail(Errc::refused, "create " + file.string() + ": " + system_reason(errno));
    }
    return {};
}

Errc meaning_of(int code) {
    switch (code & 0xFF) {
    case SQLITE_CONSTRAINT: return Errc::conflict;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Errc::timeout;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Errc::corrupt;
    default: return Errc::refused;
    }
}

tl::unexpected<Error> failed(sqlite3* db, int code, const std::string& file) {
    std::string message = file + ": " + sqlite3_errmsg(db);
    if (const int system = sqlite3_system_errno(db); system != 0 && code != SQLITE_CONSTRAINT) {
        message += " (" + system_reason(system) + ")";
    }
    return fail(meaning_of(code), std::move(message));
}

/// A database with tables that is not in WAL mode was not made here: switching it would change it.
Result<void> check_is_ours(Sqlite& db, const std::string& file) {
    auto query = db.prepare("SELECT count(*), (SELECT journal_mode FROM pragma_journal_mode) "
                            "FROM sqlite_schema");
    if (!query) {
        return tl::unexpected(query.error());
    }
    if (auto row = query->step(); !row) {
        return tl::unexpected(row.error());
    }
    if (query->integer(0) > 0 && query->text(1) != "wal") {
        return fail(Errc::refused, file + " is a database of another program; it is left alone");
    }
    return {};
}

Result<void> prepare_connection(Sqlite& db, const std::string& file) {
    // The locking mode comes first: from the first access on, the file is this process's alone.
    if (auto locked = db.run("PRAGMA locking_mode=EXCLUSIVE"); !locked) {
        return locked;
    }
    if (auto ours = check_is_ours(db, file); !ours) {
        return ours;
    }
    for (const char* const statement :
         {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON",
          "PRAGMA trusted_schema=OFF", "BEGIN IMMEDIATE", "COMMIT"}) {
        if (auto done = db.run(statement); !done) {
            return done;
        }
    }
    return {};
}

void must(bool sound, const char* what) {
    if (!sound) {
        throw std::logic_error(what);
    }
}

} // namespace

SqliteStatement::SqliteStatement(sqlite3* db, sqlite3_stmt* statement, std::string file)
    : db_(db), statement_(statement), file_(std::move(file)) {}

SqliteStatement::SqliteStatement(SqliteStatement&& other) noexcept
    : db_(other.db_), statement_(std::exchange(other.statement_, nullptr)),
      file_(std::move(other.file_)) {}

SqliteStatement::~SqliteStatement() {
    sqlite3_finalize(statement_);
}

SqliteStatement& SqliteStatement::bind(int parameter, std::int64_t value) {
    must(sqlite3_bind_int64(statement_, parameter, value) == SQLITE_OK, "bind: no such parameter");
    return *this;
}

SqliteStatement& SqliteStatement::bind(int parameter, std::string_view value) {
    // A null pointer would bind NULL instead of an empty text.
    const char* const text = value.data() == nullptr ? "" : value.data();
    must(sqlite3_bind_text64(statement_, parameter, text, value.size(), SQLITE_TRANSIENT,
                             SQLITE_UTF8) == SQLITE_OK,
         "bind: no such parameter");
    return *this;
}

Result<bool> SqliteStatement::step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code == SQLITE_DONE) {
        sqlite3_reset(statement_); // Its locks go, and it may be bound again.
        return false;
    }
    auto error = failed(db_, sqlite3_extended_errcode(db_), file_);
    sqlite3_reset(statement_);
    return error;
}

std::int64_t SqliteStatement::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}

std::string SqliteStatement::text(int column) const {
    const auto* const text = sqlite3_column_text(statement_, column);
    const auto length = sqlite3_column_bytes(statement_, column);
    if (text == nullptr) {
        return {};
    }
    return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(length)};
}

Sqlite::Sqlite(sqlite3* db, std::string file) : db_(db), file_(std::move(file)) {}

Sqlite::Sqlite(Sqlite&& other) noexcept
    : db_(std::exchange(other.db_, nullptr)), file_(std::move(other.file_)) {}

Sqlite::~Sqlite() {
    sqlite3_close_v2(db_);
}

Result<Sqlite> Sqlite::open(const std::filesystem::path& path) {
    if (auto local = check_file_system(path); !local) {
        return tl::unexpected(local.error());
    }
    if (auto created = create_private(path); !created) {
        return tl::unexpected(created.error());
    }
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &handle,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, nullptr);
    Sqlite db(handle, path.string()); // Also a failed open leaves a handle to close.
    if (code != SQLITE_OK) {
        return failed(handle, code, db.file_);
    }
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, busy_timeout_ms);
    auto prepared = prepare_connection(db, db.file_);
    if (!prepared && prepared.error().code == Errc::timeout) {
        return fail(Errc::conflict, path.string() + " is in use by another process; only one may "
                                                    "have it open: stop the other one");
    }
    if (!prepared) {
        return tl::unexpected(prepared.error());
    }
    return db;
}

Result<SqliteStatement> Sqlite::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const int code =
        sqlite3_prepare_v2(db_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
    if (code != SQLITE_OK) {
        return failed(db_, code, file_);
    }
    return SqliteStatement(db_, statement, file_);
}

Result<void> Sqlite::run(std::string_view sql) {
    const std::string script(sql);
    const int code = sqlite3_exec(db_, script.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        return failed(db_, code, file_);
    }
    return {};
}

} // namespace lockstep
