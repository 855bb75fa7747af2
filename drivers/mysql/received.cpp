#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "drivers/common/entries.h"
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
