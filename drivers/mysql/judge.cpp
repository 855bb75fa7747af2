#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/mysql_driver.h"

/// Whether this member's data has anything that its upstream's history lacks: by the GTIDs in its
/// own binary log, read without starting anything, and the upstream's own word.
namespace lockstep {

namespace {

constexpr std::chrono::seconds longest_answer{30};

Divergence diverged_at(const mysql::OwnLog& log, const mysql::GtidSet& alone,
                       const std::optional<mysql::LogStart>& start) {
    Divergence verdict;
    verdict.diverged = true;
    verdict.why = "it has transactions that the upstream's history lacks: " + alone.brief();
    if (!start || !start->whole) {
        verdict.fork = "before the oldest log file";
        return verdict;
    }
    verdict.fork_offset_bytes = log.held.minus(alone).count();
    verdict.fork = fmt::format("before {} ({}, byte {})", start->gtid,
                               log.files[start->file].filename().string(), start->offset_bytes);
    return verdict;
}

Divergence same_history(const mysql::OwnLog& log, const mysql::Upstream& upstream) {
    Divergence verdict;
    verdict.fork = "after " + log.held.brief();
    verdict.fork_offset_bytes = log.held.count();
    const auto missing = mysql::no_longer_kept(log.held, upstream);
    verdict.diverged = !missing.empty();
    verdict.why = missing.empty() ? "all that it has is in the upstream's history"
                                  : "the upstream no longer keeps the log that this data needs "
                                    "next: it lacks " +
                                        missing.brief();
    return verdict;
}

} // namespace

Awaitable<Result<mysql::GtidSet>> MysqlDriver::purged_of(Session::Ptr session, Deadline deadline) {
    std::string sql = "SELECT @@GLOBAL.gtid_purged";
    if (config_.flavour == mysql::Flavour::mariadb) {
        std::string list = "SHOW BINARY LOGS";
        const auto files = co_await session->query(std::move(list), deadline);
        if (!files || files->empty()) {
            co_return files ? fail(Errc::refused, "it has no binary log")
                            : tl::unexpected(files.error());
        }
        sql = fmt::format("SELECT BINLOG_GTID_POS({}, 4)", mysql::quote(files->text(0, 0)));
    }
    const auto rows = co_await session->query(std::move(sql), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    co_return mysql::GtidSet::parse(config_.flavour, rows->empty() ? "" : rows->text(0, 0));
}

Awaitable<Result<mysql::Upstream>> MysqlDriver::ask_upstream(Member upstream, Deadline deadline) {
    auto connection = peer_connection(upstream);
    const auto opened =
        co_await Session::open(executor_, std::move(connection), longest_answer, deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    mysql::Upstream told;
    const auto system_id = co_await read_system_id(session, deadline);
    const auto descent = co_await read_descent(session, deadline);
    if (!system_id || !descent) {
        co_return tl::unexpected(system_id ? descent.error() : system_id.error());
    }
    if (!descent->known()) {
        co_return fail(Errc::refused, upstream.id + " has no history yet");
    }
    told.system_id = *system_id;
    told.descent = *descent;
    std::string sql = config_.flavour == mysql::Flavour::mysql
                          ? "SELECT @@GLOBAL.gtid_executed"
                          : "SELECT @@GLOBAL.gtid_binlog_state";
    const auto rows = co_await session->query(std::move(sql), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    const auto held = mysql::GtidSet::parse(config_.flavour, rows->text(0, 0));
    const auto purged = co_await purged_of(session, deadline);
    if (!held || !purged) {
        co_return tl::unexpected(held ? purged.error() : held.error());
    }
    told.held = *held;
    told.purged = *purged;
    session->close();
    co_return told;
}

Awaitable<Result<mysql::OwnLog>> MysqlDriver::read_log() {
    const auto note = mysql::read_note(config_.data_dir);
    if (!note) {
        co_return tl::unexpected(note.error());
    }
    const auto before = mysql::GtidSet::parse(config_.flavour, note->before_log);
    if (!before) {
        co_return tl::unexpected(before.error());
    }
    std::function<Result<mysql::OwnLog>()> work = [config = config_, before = *before] {
        return mysql::read_own_log(config, before);
    };
    co_return co_await background_.run<Result<mysql::OwnLog>>(std::move(work));
}

Awaitable<Result<std::optional<mysql::LogStart>>> MysqlDriver::start_of(mysql::OwnLog log,
                                                                        mysql::GtidSet alone) {
    using Answer = Result<std::optional<mysql::LogStart>>;
    std::function<Answer()> work = [flavour = config_.flavour, log = std::move(log),
                                    alone = std::move(alone)] {
        return mysql::find_start(flavour, log, alone);
    };
    co_return co_await background_.run<Answer>(std::move(work));
}

Awaitable<Result<Divergence>> MysqlDriver::judge(Member upstream, Deadline deadline) {
    const auto doing = fmt::format("judge {} against {}", config_.data_dir.string(), upstream.id);
    const auto log = co_await read_log();
    if (!log) {
        co_return within(doing, log.error());
    }
    const auto note = mysql::read_note(config_.data_dir);
    const auto told = co_await ask_upstream(upstream, deadline);
    if (!note || !told) {
        co_return within(doing, note ? told.error() : note.error());
    }
    if (told->system_id != note->system_id) {
        co_return fail(Errc::refused,
                       fmt::format("{}: they are different databases: its system id is {}, the "
                                   "upstream's is {}",
                                   doing, note->system_id, told->system_id));
    }
    auto alone = mysql::alone_in(log->held, *told);
    if (alone.empty()) {
        co_return same_history(*log, *told);
    }
    const auto start = co_await start_of(*log, alone);
    if (!start) {
        co_return within(doing, start.error());
    }
    co_return diverged_at(*log, alone, *start);
}

} // namespace lockstep
