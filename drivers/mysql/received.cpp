#include "drivers/mysql/received.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/common/entries.h"
#include "drivers/mysql/binlog.h"
#include "drivers/mysql/marker.h"
#include "drivers/mysql/mysql_driver.h"
#include "platform/files.h"

/// What a standby received before it acknowledges is not flushed by the server (settings.cpp).
namespace lockstep {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::milliseconds look_again{5};
/// An applier that cannot read what comes next ends within this time.
constexpr std::chrono::seconds longest_until_ended{1};
constexpr int most_kept_under_one_name = 1000;

Result<void> sync_file(const fs::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        return {}; // Replayed, and removed by the server.
    }
    const bool done = fd >= 0 && ::fsync(fd) == 0;
    const int error = errno;
    if (fd >= 0) {
        ::close(fd);
    }
    return done ? Result<void>{}
                : fail(Errc::refused,
                       fmt::format("flush {}: {}", path.string(), std::strerror(error)));
}

/// Whether a file's name is that of a relay log, or of the list of them.
bool is_relay_log(const fs::path& path) {
    return path.filename().string().starts_with("relay.");
}

Result<void> sync_relay_logs(const fs::path& folder) {
    const auto entries = entries_of(folder);
    if (!entries) {
        return tl::unexpected(entries.error());
    }
    for (const auto& entry : *entries) {
        if (is_relay_log(entry)) {
            if (auto synced = sync_file(entry); !synced) {
                return synced;
            }
        }
    }
    return sync_folder(folder);
}

bool is_same_file(const fs::path& one, const fs::path& other) {
    struct stat first {};
    struct stat second {};
    return ::lstat(one.c_str(), &first) == 0 && ::lstat(other.c_str(), &second) == 0 &&
           first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

/// The server counts its relay logs from one again whenever it forgets them.
Result<void> keep_relay_log(const fs::path& log) {
    const auto name = log.parent_path() / ("lockstep_kept_" + log.filename().string());
    auto kept = name;
    for (int next = 2; next <= most_kept_under_one_name; ++next) {
        if (::link(log.c_str(), kept.c_str()) == 0) {
            return {};
        }
        const int error = errno;
        if (error != EEXIST) {
            return fail(Errc::refused, fmt::format("keep {} as {}: {}", log.string(), kept.string(),
                                                   std::strerror(error)));
        }
        if (is_same_file(log, kept)) {
            return {};
        }
        kept = fmt::format("{}.{}", name.string(), next);
    }
    return fail(Errc::refused, fmt::format("keep {}: there are {} others of its name, as {}.*",
                                           log.string(), most_kept_under_one_name, name.string()));
}

} // namespace

Result<void> mysql::keep_relay_logs(const fs::path& data_dir) {
    const auto entries = entries_of(data_dir);
    if (!entries) {
        return tl::unexpected(entries.error());
    }
    for (const auto& entry : *entries) {
        if (!is_relay_log(entry)) {
            continue;
        }
        if (auto kept = keep_relay_log(entry); !kept) {
            return kept;
        }
    }
    return sync_folder(data_dir);
}

/// 1201 and 1872: their list or place cannot be taken up at a start (MariaDB, MySQL); 1371: they
/// cannot be replaced; 1594 and 13121: the applier could not read on (MariaDB, MySQL). 1593 and
/// 13117 are for whatever ends it, so that the words decide.
bool mysql::cannot_read_relay_logs(std::string_view number, std::string_view words) {
    constexpr std::array<std::string_view, 5> always{"1201", "1371", "1594", "1872", "13121"};
    const bool may_be = number == "1593" || number == "13117";
    return std::ranges::find(always, number) != always.end() ||
           (may_be && words.find("relay log") != std::string_view::npos);
}

/// Somebody removed them: the server takes one off its list before it removes it.
std::string MysqlDriver::missing_relay_logs() const {
    const auto listed = mysql::log_files(config_.data_dir / "relay.index");
    std::string missing;
    for (const auto& file : listed ? *listed : std::vector<fs::path>{}) {
        std::error_code error;
        if (!fs::exists(file, error) && !error) {
            missing += (missing.empty() ? "" : ", ") + file.filename().string();
        }
    }
    return missing;
}

/// The applier stands, and some that are listed are gone. It may have replayed those long ago, and
/// can go on with what is there: so it is started as ever, and the engine itself says whether not.
Awaitable<Result<bool>> MysqlDriver::relay_logs_are_lost(Rows stream, Deadline deadline) {
    if (!is_mysql()) { // A start may throw away what is left.
        auto ready = forget_received_as(stream.text(0, word().upstream_user));
        if (ready) {
            ready = mysql::keep_relay_logs(config_.data_dir);
        }
        if (!ready) {
            co_return tl::unexpected(ready.error());
        }
    }
    std::string start(word().start_applier);
    const auto started = co_await command(std::move(start), deadline);
    if (!started) {
        const auto number =
            std::to_string(sessions_.control ? sessions_.control->error_number() : 0);
        if (mysql::cannot_read_relay_logs(number, started.error().message)) {
            co_return true;
        }
        co_return tl::unexpected(started.error());
    }
    const auto ended_by = deadline.earlier(longest_until_ended);
    while (true) {
        std::string show(word().show_stream);
        const auto now = co_await command(std::move(show), deadline);
        if (!now) {
            co_return tl::unexpected(now.error());
        }
        if (now->empty()) {
            co_return false;
        }
        if (now->text(0, word().applier_runs) != "Yes") {
            co_return mysql::cannot_read_relay_logs(now->text(0, "Last_SQL_Errno"),
                                                    now->text(0, "Last_SQL_Error"));
        }
        if (ended_by.passed()) {
            co_return false;
        }
        co_await pause_for(look_again);
    }
}

/// With relay logs that are gone the applier does not start, whatever it is told (error 1872;
/// MariaDB: 1201). All that is not replayed is received again; what of it was acknowledged is not
/// certain to be here before, so it is promoted neither as that account's (R2), whose name stays
/// where it is shown, nor as that of the next one. What is left of them is kept aside (R8).
Awaitable<Result<void>> MysqlDriver::give_up_relay_logs(Rows stream, std::string next,
                                                        Deadline deadline) {
    const auto& before = stream.text(0, word().upstream_user);
    auto done =
        mysql::mark_forgotten(config_.data_dir, before == next ? before : before + " " + next);
    if (done) {
        done = mysql::keep_relay_logs(config_.data_dir);
    }
    std::vector<std::string> sql;
    if (stream.text(0, word().receiver_runs) != "No") {
        sql.emplace_back(word().stop_receiver);
    }
    sql.emplace_back(is_mysql() ? "RESET REPLICA" : "RESET SLAVE");
    if (done) {
        done = co_await commands(std::move(sql), deadline);
    }
    co_return done ? done : within("give up relay logs of which some are gone", done.error());
}

Awaitable<Result<bool>> MysqlDriver::give_up_lost(Rows stream, std::string next,
                                                  Deadline deadline) {
    auto same = stream;
    const auto lost = co_await relay_logs_are_lost(std::move(same), deadline);
    if (!lost || !*lost) {
        co_return lost;
    }
    const auto given_up = co_await give_up_relay_logs(std::move(stream), std::move(next), deadline);
    if (!given_up) {
        co_return tl::unexpected(given_up.error());
    }
    co_return true;
}

/// From the first acknowledgement on, everything that came before it outlives a loss of power.
Awaitable<Result<void>> MysqlDriver::flush_received() {
    std::function<Result<void>()> work = [folder = config_.data_dir] {
        return sync_relay_logs(folder);
    };
    co_return co_await background_.run<Result<void>>(std::move(work));
}

} // namespace lockstep
