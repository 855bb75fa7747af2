#include "drivers/postgres/copy.h"

#include <cerrno>
#include <cstring>
#include <set>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "platform/files.h"

namespace lockstep::postgres {

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

Result<void> copy_file(const fs::path& from, const fs::path& to, Deadline deadline) {
    const Descriptor source(from, O_RDONLY);
    const Descriptor target(to, O_WRONLY | O_CREAT | O_EXCL);
    if (source.get() < 0 || target.get() < 0) {
        return refuse("open", source.get() < 0 ? from : to);
    }
    while (true) {
        if (deadline.passed()) {
            return fail(Errc::timeout, "not all was copied by the deadline");
        }
        const auto copied = ::sendfile(target.get(), source.get(), nullptr, chunk_bytes);
        if (copied < 0) {
            return refuse("copy", from);
        }
        if (copied == 0) {
            break;
        }
    }
    return ::fsync(target.get()) == 0 ? Result<void>{} : refuse("fsync", to);
}

Result<std::uint64_t> bytes_of(const std::vector<Copying::File>& files) {
    std::uint64_t bytes = 0;
    for (const auto& file : files) {
        std::error_code error;
        bytes += fs::file_size(file.from, error);
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
        if (auto copied = copy_file(file.from, target, deadline); !copied) {
            return copied;
        }
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
    const auto needed = bytes_of(copying.files);
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

} // namespace lockstep::postgres
