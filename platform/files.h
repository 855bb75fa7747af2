#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "core/result.h"

namespace lockstep {

/// Replaces `path` so that after a crash it holds the old content or the new, never a part:
/// temporary name, fsync, rename, fsync of the folder. Errors: `refused`, naming the path and the
/// system's reason (no space, no permission).
[[nodiscard]] Result<void> write_file_durably(const std::filesystem::path& path,
                                              std::string_view content, mode_t mode = 0600);
/// Errors: `unreachable` if there is no such file, `refused` otherwise.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path,
                                            std::size_t largest_bytes = 16U << 20U);
/// Removes a file and makes that durable. No file is a success.
[[nodiscard]] Result<void> remove_file_durably(const std::filesystem::path& path);
[[nodiscard]] Result<void> sync_folder(const std::filesystem::path& folder);

/// An exclusive lock on a file, held as long as the object lives; the kernel drops it when the
/// process dies. Errors: `conflict` if another process holds it, naming the path.
class FileLock {
public:
    [[nodiscard]] static Result<FileLock> take(const std::filesystem::path& path);
    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&& other) noexcept;
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;
    ~FileLock();

private:
    explicit FileLock(int fd) : fd_(fd) {}
    int fd_ = -1;
};

/// Extended attribute `user.<name>` of a file or folder: base backups and rewinds don't copy it
/// (DECISIONS.md 7). Reading one that is not set yields an empty string.
[[nodiscard]] Result<std::string> read_mark(const std::filesystem::path& path,
                                            const std::string& name);
[[nodiscard]] Result<void> write_mark(const std::filesystem::path& path, const std::string& name,
                                      const std::string& value);

/// Whether there is no such folder, or nothing in it. Errors: `refused` with the system's reason.
[[nodiscard]] Result<bool> is_empty_or_absent(const std::filesystem::path& folder);
/// Makes the folder if there is none, for this user alone. Errors: `refused`, naming it.
[[nodiscard]] Result<void> make_private_folder(const std::filesystem::path& folder);

/// Bytes free for this user on the file system of `path`.
[[nodiscard]] Result<std::uint64_t> free_bytes(const std::filesystem::path& path);

} // namespace lockstep
