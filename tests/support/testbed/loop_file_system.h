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

private:
    std::filesystem::path folder_;
    std::filesystem::path image_;
};

} // namespace lockstep::testbed
