#include "platform/disk_proof.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "platform/clock.h"

namespace lockstep {
namespace {

tl::unexpected<Error> failed(const std::string& what, const std::filesystem::path& path) {
    const auto reason = std::error_code(errno, std::generic_category()).message();
    return fail(Errc::refused, what + " " + path.string() + ": " + reason);
}

Result<void> write_and_sync(int fd, const std::filesystem::path& path) {
    const auto text = std::to_string(boot_time().count()) + "\n";
    if (::pwrite(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
        return failed("write", path);
    }
    if (::fdatasync(fd) != 0) {
        return failed("fsync", path);
    }
    return {};
}

} // namespace

Result<DiskProof> prove_disk(const std::filesystem::path& path) {
    DiskProof proof;
    proof.started = boot_time();
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return failed("open", path);
    }
    const auto written = write_and_sync(fd, path);
    ::close(fd);
    if (!written) {
        return tl::unexpected(written.error());
    }
    return proof;
}

} // namespace lockstep
