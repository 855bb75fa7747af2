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

Result<void> sync_relay_logs(const fs::path& folder) {
    const auto entries = entries_of(folder);
    if (!entries) {
        return tl::unexpected(entries.error());
    }
    for (const auto& entry : *entries) {
        if (entry.filename().string().starts_with("relay.")) {
            if (auto synced = sync_file(entry); !synced) {
                return synced;
            }
        }
    }
    return sync_folder(folder);
}

} // namespace

/// From the first acknowledgement on, everything that came before it outlives a loss of power.
Awaitable<Result<void>> MysqlDriver::flush_received() {
    std::function<Result<void>()> work = [folder = config_.data_dir] {
        return sync_relay_logs(folder);
    };
    co_return co_await background_.run<Result<void>>(std::move(work));
}

} // namespace lockstep
