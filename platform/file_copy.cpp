#include "platform/file_copy.h"

#include <cerrno>
#include <vector>

#include <fcntl.h>

#include "platform/descriptor.h"
#include "platform/files.h"
#include "platform/sha256.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t chunk_bytes = 1U << 20U;

tl::unexpected<Error> failed(const std::string& doing, const fs::path& file, int error) {
    const auto code = error == ENOENT ? Errc::unreachable : Errc::refused;
    return fail(code, doing + " " + file.string() + ": " + system_reason(error));
}

/// Reads all of `from`, and gives each part to `take`, which returns errno or 0.
template <class Take>
Result<std::string> read_through(const fs::path& from, const OnChunk& on_chunk, Take take) {
    const Descriptor in(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
    if (!in.valid()) {
        return failed("reading", from, errno);
    }
    // What was just written is in memory: that it can be read there says nothing of the storage.
    ::posix_fadvise(in.get(), 0, 0, POSIX_FADV_DONTNEED);
    ::posix_fadvise(in.get(), 0, 0,
                    POSIX_FADV_SEQUENTIAL); // Fetched while the last part is summed.
    Sha256 digest;
    std::vector<char> chunk(chunk_bytes);
    for (;;) {
        const auto got = ::read(in.get(), chunk.data(), chunk.size());
        if (got == 0) {
            return digest.hex();
        }
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            return failed("reading", from, errno);
        }
        const auto size = static_cast<std::size_t>(got);
        digest.add({chunk.data(), size});
        if (auto taken = take(chunk.data(), size); !taken) {
            return tl::unexpected(taken.error());
        }
        if (on_chunk && !on_chunk(size)) {
            return fail(Errc::conflict, "reading " + from.string() + " was given up");
        }
    }
}

Result<void> write_all(int fd, const fs::path& to, const char* data, std::size_t size) {
    while (size > 0) {
        const auto written = ::write(fd, data, size);
        if (written < 0 && errno != EINTR) {
            const int error = errno;
            const auto room = free_bytes(to.parent_path());
            return fail(Errc::refused,
                        "writing " + to.string() + ": " + system_reason(error) +
                            (room ? " (" + std::to_string(*room) + " bytes free)" : std::string()));
        }
        if (written > 0) {
            data += written;
            size -= static_cast<std::size_t>(written);
        }
    }
    return {};
}

Result<void> put_in_place(int fd, const fs::path& made, const fs::path& to) {
    if (::fsync(fd) != 0) {
        return failed("writing", made, errno);
    }
    if (::rename(made.c_str(), to.c_str()) != 0) {
        return failed("naming", to, errno);
    }
    return sync_folder(to.parent_path());
}

} // namespace

Result<std::string> sha256_of_file(const fs::path& file, const OnChunk& on_chunk) {
    return read_through(file, on_chunk, [](const char*, std::size_t) { return Result<void>{}; });
}

Result<std::string> copy_file_durably(const fs::path& from, const fs::path& to,
                                      const OnChunk& on_chunk) {
    // A name that nothing finished has: engines call pieces of their own partial.
    const auto making = to.parent_path() / ("." + to.filename().string() + ".making");
    const Descriptor out(
        ::open(making.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!out.valid()) {
        return failed("writing", making, errno);
    }
    auto digest = read_through(from, on_chunk, [&](const char* data, std::size_t size) {
        return write_all(out.get(), making, data, size);
    });
    Result<void> placed;
    if (digest) {
        placed = put_in_place(out.get(), making, to);
    }
    if (!digest || !placed) {
        ::unlink(making.c_str());
        return digest ? tl::unexpected(placed.error()) : digest;
    }
    return digest;
}

} // namespace lockstep
