#include "drivers/common/small_files.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/files.h"

namespace lockstep {
namespace {

tl::unexpected<Error> refuse(const char* doing, const std::filesystem::path& path) {
    return fail(Errc::refused,
                fmt::format("{} {}: {}", doing, path.string(), std::strerror(errno)));
}

bool write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const auto written = ::write(fd, content.data(), content.size());
        if (written < 0) {
            return false;
        }
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

} // namespace

Result<bool> replace_file(const std::filesystem::path& path, std::string_view content,
                          mode_t mode) {
    if (const auto old = read_file(path); old && *old == content) {
        return false;
    }
    auto temporary = path;
    temporary += ".new";
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0) {
        return refuse("create", temporary);
    }
    const bool written = write_all(fd, content);
    if (::close(fd) != 0 || !written) {
        return refuse("write", temporary);
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
        return refuse("replace", path);
    }
    return true;
}

} // namespace lockstep
