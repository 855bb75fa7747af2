#pragma once

#include <cstdint>
#include <filesystem>

namespace lockstep::testbed {

/// A small ext4 file system in a file, mounted until this object is gone: a disk that can be
/// filled. Root only. A killed harness leaves it to its Watchdog.
class LoopFileSystem {
public:
    /// Mounts on `folder`, which is made; its file lies beside it. Throws testbed::Failure.
    LoopFileSystem(std::filesystem::path folder, std::uint64_t bytes);
    LoopFileSystem(const LoopFileSystem&) = delete;
    LoopFileSystem& operator=(const LoopFileSystem&) = delete;
    ~LoopFileSystem();

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    /// Takes all the room there is, root's reserve included.
    void fill() const;
    /// Gives it back.
    void empty() const;
    /// Whoever writes or syncs waits until it is thawed: a disk that hangs.
    void freeze() const;
    void thaw() const;
    /// Whatever is asked of it from here on is an I/O error, and what was not synced is gone.
    void break_down() const;
    /// Mounts it anew, as after a power cut. Nobody may have a file in it open any more.
    void mend() const;

private:
    std::filesystem::path folder_;
    std::filesystem::path image_;
};

/// Lets a frozen file system go on; no error if it is not frozen.
void thaw_file_system(const std::filesystem::path& folder);

} // namespace lockstep::testbed
