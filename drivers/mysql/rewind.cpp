#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "drivers/common/entries.h"
#include "drivers/mysql/flavour.h"
#include "drivers/mysql/marker.h"
#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/schema.h"
#include "platform/files.h"

/// A crashed primary's way back without copying all of its data: what no standby acknowledged is
/// only prepared in the engine, and recovery takes back what the binary log does not have
/// (docs/decisions/0017-disks-of-mysql-and-mariadb.md).
namespace lockstep {

namespace fs = std::filesystem;

namespace {

/// Why the log's tail cannot be taken back; empty: it can be tried.
std::string hindrance_in(const mysql::OwnLog& log, const mysql::GtidSet& alone,
                         const std::optional<mysql::LogStart>& start) {
    if (alone.empty()) {
        return "it has nothing that the upstream lacks, but lacks what the upstream no longer "
               "keeps";
    }
    if (log.closed) {
        return "its server was shut down cleanly: what it committed then stays committed";
    }
    if (!start || start->file + 1 != log.files.size()) {
        return "what it wrote alone does not begin in its last log file";
    }
    return {};
}

/// From there on the engine's recovery finds nothing, and rolls back what it had prepared.
Result<void> cut(const fs::path& file, std::uint64_t at) {
    const int fd = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail(Errc::refused, "open " + file.string());
    }
    const bool done = ::ftruncate(fd, static_cast<off_t>(at)) == 0 && ::fsync(fd) == 0;
    ::close(fd);
    return done ? Result<void>{} : fail(Errc::refused, "cut " + file.string());
}

} // namespace

Awaitable<Result<RewindPlan>> MysqlDriver::prepare_rewind(Member upstream, fs::path,
                                                          Deadline deadline) {
    const auto doing =
        fmt::format("prepare to rewind {} to {}", config_.data_dir.string(), upstream.id);
    const auto log = co_await read_log();
    const auto told = co_await ask_upstream(upstream, deadline);
    if (!log || !told) {
        co_return within(doing, log ? told.error() : log.error());
    }
    auto alone = mysql::alone_in(log->held, *told);
    const auto start = co_await start_of(*log, alone);
    if (!start) {
        co_return within(doing, start.error());
    }
    // Nothing is overwritten but the log's tail, which R8's copy has.
    co_return RewindPlan{hindrance_in(*log, alone, *start), 0};
}

/// MariaDB's recovery itself finds where the transactions begin that are only prepared in the
/// engine, and cuts the log there. MySQL's has to be told by a shorter log.
Awaitable<Result<void>> MysqlDriver::cut_tail(mysql::OwnLog log, mysql::GtidSet alone) {
    if (config_.flavour == mysql::Flavour::mariadb) {
        co_return Result<void>{};
    }
    auto file = log.files.back();
    const auto start = co_await start_of(std::move(log), std::move(alone));
    if (!start || !*start) {
        co_return start ? fail(Errc::conflict, "the log no longer has what it had")
                        : tl::unexpected(start.error());
    }
    co_return cut(file, (*start)->offset_bytes);
}

/// What the engine itself says that it has after its recovery.
Awaitable<Result<void>> MysqlDriver::check_recovered(Session::Ptr session, mysql::Upstream told,
                                                     Deadline deadline) {
    const bool mysql_server = config_.flavour == mysql::Flavour::mysql;
    std::string sql =
        mysql_server ? "SELECT @@GLOBAL.gtid_executed" : "SELECT @@GLOBAL.gtid_binlog_state";
    const auto rows = co_await session->query(std::move(sql), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    const auto held = mysql::GtidSet::parse(config_.flavour, rows->text(0, 0));
    if (!held) {
        co_return tl::unexpected(held.error());
    }
    if (const auto left = mysql::alone_in(*held, told); !left.empty()) {
        co_return fail(Errc::refused,
                       "the engine had committed what the upstream lacks: " + left.brief());
    }
    if (mysql_server) {
        co_return Result<void>{};
    }
    std::string position = "SET GLOBAL gtid_slave_pos = @@GLOBAL.gtid_binlog_pos";
    const auto set = co_await session->query(std::move(position), deadline);
    co_return set ? Result<void>{} : tl::unexpected(set.error());
}

/// The engine's own recovery, in which nobody reaches it.
Awaitable<Result<void>> MysqlDriver::recover_alone(mysql::Upstream told, Deadline deadline) {
    AloneWork work = [this, told, deadline](Session::Ptr session) {
        return check_recovered(std::move(session), told, deadline);
    };
    auto alone = alone_in(config_.data_dir);
    alone.logs = true;
    if (config_.flavour == mysql::Flavour::mariadb) {
        alone.more.emplace_back("init_rpl_role", "SLAVE");
    }
    auto user = mysql::own_account();
    const auto ran =
        co_await run_alone(std::move(alone), std::move(user), std::move(work), deadline);
    co_return ran ? Result<void>{} : tl::unexpected(ran.error());
}

Awaitable<Result<void>> MysqlDriver::rewind(Member upstream, OnProgress, Deadline deadline) {
    const auto doing = fmt::format("rewind {} to {}", config_.data_dir.string(), upstream.id);
    if (running_server()) {
        co_return fail(Errc::refused, doing + ": a server runs in it");
    }
    const auto log = co_await read_log();
    auto told = co_await ask_upstream(upstream, deadline);
    if (!log || !told) {
        co_return within(doing, log ? told.error() : log.error());
    }
    auto alone = mysql::alone_in(log->held, *told);
    auto done = write_file_durably(config_.data_dir / incomplete_marker,
                                   "Lockstep is rewinding this data; until it is done it is of no "
                                   "worth.\n");
    if (done) {
        done = co_await cut_tail(*log, std::move(alone));
    }
    if (done) {
        done = co_await recover_alone(*told, deadline);
    }
    if (done) {
        done = co_await check_log(std::move(*told));
    }
    if (done) {
        done = mysql::unmark_promotion(config_.data_dir);
    }
    if (done) {
        done = remove_file_durably(config_.data_dir / incomplete_marker);
    }
    co_return done ? done : within(doing, done.error());
}

/// The same by what is on disk now, as judge() will see it.
Awaitable<Result<void>> MysqlDriver::check_log(mysql::Upstream told) {
    const auto log = co_await read_log();
    if (!log) {
        co_return tl::unexpected(log.error());
    }
    const auto left = mysql::alone_in(log->held, told);
    co_return left.empty()
        ? Result<void>{}
        : fail(Errc::refused, "its log still has what the upstream lacks: " + left.brief());
}

} // namespace lockstep
