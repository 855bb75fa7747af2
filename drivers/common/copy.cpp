#include "drivers/common/copy.h"

#include <cerrno>
#include <cstring>
#include <set>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "platform/files.h"

namespace lockstep {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t chunk_bytes = 4U << 20U;

class Descriptor {
public:
    Descriptor(const fs::path& path, int flags)
        : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    [[nodiscard]] int get() const { return fd_; }

private:
    int fd_;
};

Result<void> refuse(const char* doing, const fs::path& path) {
    return fail(Errc::refused,
                fmt::format("{} {}: {}", doing, path.string(), std::strerror(errno)));
}

/// Whether the copying may go on.
Result<void> check_end(const Copying& copying, Deadline deadline) {
    if (deadline.passed()) {
        return fail(Errc::timeout, "not all was copied by the deadline");
    }
    return copying.given_up && *copying.given_up
               ? Result<void>(fail(Errc::conflict, "the copying was given up"))
               : Result<void>{};
}

/// `bytes` from `at` on, or up to the file's end, into the same place.
Result<void> copy_range(const Descriptor& source, const Descriptor& target, off_t at,
                        std::size_t bytes, const fs::path& from) {
    if (::lseek(target.get(), at, SEEK_SET) < 0) {
        return refuse("seek in the copy of", from);
    }
    while (bytes > 0) {
        const auto copied = ::sendfile(target.get(), source.get(), &at, bytes);
        if (copied < 0) {
            return refuse("copy", from);
        }
        if (copied == 0) {
            break;
        }
        bytes -= static_cast<std::size_t>(copied);
    }
    return {};
}

Result<void> copy_all(const Copying& copying, const Descriptor& source, const Descriptor& target,
                      const fs::path& from, Deadline deadline) {
    while (true) {
        if (auto goes_on = check_end(copying, deadline); !goes_on) {
            return goes_on;
        }
        const auto copied = ::sendfile(target.get(), source.get(), nullptr, chunk_bytes);
        if (copied < 0) {
            return refuse("copy", from);
        }
        if (copied == 0) {
            return {};
        }
    }
}

Result<void> copy_file(const Copying& copying, const Copying::File& file, const fs::path& to,
                       Deadline deadline) {
    const Descriptor source(file.from, O_RDONLY);
    const Descriptor target(to, O_WRONLY | O_CREAT | O_EXCL);
    if (source.get() < 0 || target.get() < 0) {
        return refuse("open", source.get() < 0 ? file.from : to);
    }
    Result<void> done;
    if (file.blocks.empty()) {
        done = copy_all(copying, source, target, file.from, deadline);
    }
    for (auto block = file.blocks.begin(); done && block != file.blocks.end(); ++block) {
        done = check_end(copying, deadline);
        if (done) {
            const auto at = static_cast<off_t>(*block * copying.block_bytes);
            done = copy_range(source, target, at, copying.block_bytes, file.from);
        }
    }
    if (done && ::sync_file_range(target.get(), 0, 0, SYNC_FILE_RANGE_WRITE) != 0) {
        done = refuse("write back", to);
    }
    return done;
}

/// After all are on their way to the disk: hundreds of small files then share a few commits of the
/// file system's journal instead of having one each.
Result<void> sync_all(const Copying& copying, const fs::path& folder, Deadline deadline) {
    for (const auto& file : copying.files) {
        if (auto goes_on = check_end(copying, deadline); !goes_on) {
            return goes_on;
        }
        const Descriptor copied(folder / file.to, O_RDONLY);
        if (copied.get() < 0 || ::fsync(copied.get()) != 0) {
            return refuse("fsync", folder / file.to);
        }
    }
    return {};
}

Result<std::uint64_t> bytes_of(const Copying& copying) {
    std::uint64_t bytes = 0;
    for (const auto& file : copying.files) {
        std::error_code error;
        bytes += file.blocks.empty() ? fs::file_size(file.from, error)
                                     : file.blocks.size() * copying.block_bytes;
        if (error) {
            return fail(Errc::refused, file.from.string() + ": " + error.message());
        }
    }
    return bytes;
}

Result<void> check_room(const fs::path& where, std::uint64_t needed) {
    const auto free = free_bytes(where);
    if (!free) {
        return tl::unexpected(free.error());
    }
    const auto wanted = needed + needed / 20;
    if (*free >= wanted) {
        return {};
    }
    return fail(Errc::refused,
                fmt::format("not enough room in {}: {} bytes are needed, {} are free; make room "
                            "there, it is tried again",
                            where.string(), wanted, *free));
}

Result<void> fill(const Copying& copying, const fs::path& folder, Deadline deadline) {
    std::set<fs::path> folders{folder};
    for (const auto& file : copying.files) {
        const auto target = folder / file.to;
        std::error_code error;
        fs::create_directories(target.parent_path(), error);
        folders.insert(target.parent_path());
        if (auto copied = copy_file(copying, file, target, deadline); !copied) {
            return copied;
        }
    }
    if (auto synced = sync_all(copying, folder, deadline); !synced) {
        return synced;
    }
    if (auto written = write_file_durably(folder / "README.txt", copying.readme); !written) {
        return written;
    }
    for (const auto& each : folders) {
        if (auto synced = sync_folder(each); !synced) {
            return synced;
        }
    }
    return {};
}

} // namespace

Result<std::uint64_t> copy_durably(const Copying& copying, Deadline deadline) {
    const auto needed = bytes_of(copying);
    std::error_code error;
    if (!needed || fs::exists(copying.to, error)) {
        return needed;
    }
    auto folder = copying.to;
    folder += ".partial";
    fs::remove_all(folder, error);
    fs::create_directories(folder, error);
    if (error) {
        return fail(Errc::refused, fmt::format("create {}: {}", folder.string(), error.message()));
    }
    auto done = check_room(folder, *needed);
    if (done) {
        done = fill(copying, folder, deadline);
    }
    if (done && ::rename(folder.c_str(), copying.to.c_str()) != 0) {
        done = refuse("rename", folder);
    }
    if (!done) {
        fs::remove_all(folder, error);
        return tl::unexpected(done.error());
    }
    if (auto synced = sync_folder(copying.to.parent_path()); !synced) {
        return tl::unexpected(synced.error());
    }
    return needed;
}

} // namespace lockstep
