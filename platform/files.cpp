#include "platform/files.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include "platform/descriptor.h"

namespace lockstep {
namespace {

using std::filesystem::path;

tl::unexpected<Error> failed(const std::string& doing, const path& file, int error) {
    const auto code = error == ENOENT || error == ENOTDIR ? Errc::unreachable : Errc::refused;
    return fail(code, doing + " " + file.string() + ": " + system_reason(error));
}

/// For writing: a folder that is missing is nothing that a retry could help.
tl::unexpected<Error> not_written(const std::string& doing, const path& file, int error) {
    return fail(Errc::refused, doing + " " + file.string() + ": " + system_reason(error));
}

path folder_of(const path& file) {
    return file.has_parent_path() ? file.parent_path() : path(".");
}

int write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const auto written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno != EINTR) {
            return errno;
        }
        content.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    return 0;
}

/// Creates `file` anew with all of `content` on stable storage. Returns errno, or 0.
int write_new(const path& file, std::string_view content, mode_t mode) {
    // A leftover of a crash may have another owner's mode or be a link: it never is reused.
    if (::unlink(file.c_str()) != 0 && errno != ENOENT) {
        return errno;
    }
    Descriptor out(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!out.valid() || ::fchmod(out.get(), mode) != 0) {
        return errno;
    }
    if (const int error = write_all(out.get(), content); error != 0) {
        return error;
    }
    return ::fsync(out.get()) == 0 ? 0 : errno;
}

/// A folder can be locked too, but not opened for writing.
int open_to_lock(const path& file) {
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 || errno != EISDIR) {
        return fd;
    }
    return ::open(file.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

} // namespace

Result<void> write_file_durably(const path& file, std::string_view content, mode_t mode) {
    const path fresh = file.string() + ".new";
    if (const int error = write_new(fresh, content, mode); error != 0) {
        ::unlink(fresh.c_str());
        return not_written("write", file, error);
    }
    if (::rename(fresh.c_str(), file.c_str()) != 0) {
        const int error = errno;
        ::unlink(fresh.c_str());
        return not_written("replace", file, error);
    }
    return sync_folder(folder_of(file));
}

Result<std::string> read_file(const path& file, std::size_t largest_bytes) {
    const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!in.valid()) {
        return failed("read", file, errno);
    }
    std::string content;
    std::array<char, 16384> part{};
    for (;;) {
        const auto got = ::read(in.get(), part.data(), part.size());
        if (got < 0 && errno != EINTR) {
            return failed("read", file, errno);
        }
        if (got == 0) {
            return content;
        }
        content.append(part.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
        if (content.size() > largest_bytes) {
            return fail(Errc::refused, "read " + file.string() + ": larger than " +
                                           std::to_string(largest_bytes) + " bytes");
        }
    }
}

Result<void> remove_file_durably(const path& file) {
    if (::unlink(file.c_str()) != 0) {
        if (errno == ENOENT) {
            return {};
        }
        return not_written("remove", file, errno);
    }
    return sync_folder(folder_of(file));
}

Result<void> sync_folder(const path& folder) {
    const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened.valid() || ::fsync(opened.get()) != 0) {
        return not_written("sync folder", folder, errno);
    }
    return {};
}

Result<FileLock> FileLock::take(const path& file) {
    Descriptor opened(open_to_lock(file));
    if (!opened.valid()) {
        return not_written("lock", file, errno);
    }
    if (::flock(opened.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            return fail(Errc::conflict, "lock " + file.string() + ": another process holds it");
        }
        return not_written("lock", file, errno);
    }
    return FileLock(opened.release());
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

FileLock::~FileLock() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

Result<bool> is_empty_or_absent(const path& folder) {
    std::error_code trouble;
    const auto status = std::filesystem::status(folder, trouble);
    if (status.type() == std::filesystem::file_type::not_found) {
        return true;
    }
    const bool empty = !trouble && std::filesystem::is_directory(status) &&
                       std::filesystem::is_empty(folder, trouble);
    if (trouble) {
        return fail(Errc::refused, trouble.message());
    }
    return empty;
}

Result<void> make_private_folder(const path& folder) {
    std::error_code trouble;
    std::filesystem::create_directories(folder, trouble);
    if (trouble) {
        return fail(Errc::refused, folder.string() + " cannot be made: " + trouble.message());
    }
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, trouble);
    if (trouble) {
        return fail(Errc::refused, folder.string() + " is not this user's: " + trouble.message());
    }
    return {};
}

Result<std::string> read_mark(const path& file, const std::string& name) {
    const std::string attribute = "user." + name;
    std::array<char, 4096> value{};
    const auto length = ::getxattr(file.c_str(), attribute.c_str(), value.data(), value.size());
    if (length < 0 && errno == ENODATA) {
        return std::string();
    }
    if (length < 0) {
        return failed("read mark " + attribute + " of", file, errno);
    }
    return std::string(value.data(), static_cast<std::size_t>(length));
}

Result<void> write_mark(const path& file, const std::string& name, const std::string& value) {
    const std::string attribute = "user." + name;
    if (::setxattr(file.c_str(), attribute.c_str(), value.data(), value.size(), 0) != 0) {
        const int error = errno;
        const bool unfit = error == ENOTSUP;
        return fail(Errc::refused,
                    "mark " + file.string() + " with " + attribute + ": " +
                        (unfit ? "its file system keeps no extended attributes; use ext4, xfs or "
                                 "btrfs"
                               : system_reason(error)));
    }
    // The mark is metadata of the file: on stable storage only once the file is synced.
    const Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened.valid() || ::fsync(opened.get()) != 0) {
        return not_written("sync mark of", file, errno);
    }
    return {};
}

Result<std::uint64_t> free_bytes(const path& file) {
    struct statvfs space {};
    if (::statvfs(file.c_str(), &space) != 0) {
        return failed("free space of", file, errno);
    }
    return std::uint64_t{space.f_bavail} * space.f_frsize;
}

} // namespace lockstep
