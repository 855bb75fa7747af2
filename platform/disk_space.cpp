#include "platform/disk_space.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "platform/descriptor.h"
#include "platform/files.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> failed(const std::string& what, const fs::path& path, int error) {
    return fail(Errc::refused, what + " " + path.string() + ": " + system_reason(error));
}

} // namespace

Result<DiskSpace> space_of(const fs::path& folder) {
    auto place = folder;
    struct stat entry {};
    if (::stat(place.c_str(), &entry) != 0 && errno == ENOENT) {
        place = folder.parent_path();
    }
    if (::stat(place.c_str(), &entry) != 0) {
        return failed("look at", place, errno);
    }
    struct statvfs space {};
    if (::statvfs(place.c_str(), &space) != 0) {
        return failed("free space of", place, errno);
    }
    return DiskSpace{place, entry.st_dev, std::uint64_t{space.f_bavail} * space.f_frsize,
                     std::uint64_t{space.f_blocks} * space.f_frsize};
}

std::uint64_t size_of(const fs::path& file) {
    struct stat entry {};
    return ::stat(file.c_str(), &entry) == 0 ? static_cast<std::uint64_t>(entry.st_size) : 0;
}

Result<void> allocate_file(const fs::path& file, std::uint64_t bytes) {
    const Descriptor opened(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!opened.valid()) {
        return failed("make", file, errno);
    }
    const int error = ::posix_fallocate(opened.get(), 0, static_cast<off_t>(bytes));
    if (error != 0) {
        static_cast<void>(remove_file_durably(file)); // The first failure is the one to tell.
        return failed("allocate", file, error);
    }
    return {};
}

} // namespace lockstep
