#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
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

} // namespace

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

/// With relay logs that are gone the applier does not start, whatever it is told (error 1872;
/// MariaDB: 1201). All that is not replayed is received again; what of it was acknowledged is not
/// certain to be here before, so it is not promoted as that account's (R2), whose name stays where
/// it is shown. What is left of them is kept aside (R8).
Awaitable<Result<void>> MysqlDriver::give_up_relay_logs(Rows stream, Deadline deadline) {
    auto done = mysql::mark_forgotten(config_.data_dir, stream.text(0, word().upstream_user));
    if (done) {
        done = keep_relay_logs();
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

/// Under other names, which the server does not remove; needs no room. One that a promotion before
/// this one kept is the same.
Result<void> MysqlDriver::keep_relay_logs() const {
    const auto entries = entries_of(config_.data_dir);
    if (!entries) {
        return tl::unexpected(entries.error());
    }
    for (const auto& entry : *entries) {
        if (!is_relay_log(entry)) {
            continue;
        }
        const auto kept = entry.parent_path() / ("lockstep_kept_" + entry.filename().string());
        if (::link(entry.c_str(), kept.c_str()) != 0 && errno != EEXIST) {
            return fail(Errc::refused, fmt::format("keep {} as {}: {}", entry.string(),
                                                   kept.string(), std::strerror(errno)));
        }
    }
    return sync_folder(config_.data_dir);
}

/// From the first acknowledgement on, everything that came before it outlives a loss of power.
Awaitable<Result<void>> MysqlDriver::flush_received() {
    std::function<Result<void>()> work = [folder = config_.data_dir] {
        return sync_relay_logs(folder);
    };
    co_return co_await background_.run<Result<void>>(std::move(work));
}

} // namespace lockstep
