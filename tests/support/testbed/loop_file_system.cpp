#include "tests/support/testbed/loop_file_system.h"

#include <cerrno>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/support/testbed/children.h"

namespace lockstep::testbed {

namespace fs = std::filesystem;

namespace {

constexpr Milliseconds tool_time{20000};
constexpr std::uint64_t least_piece = 4096; // A block: less has no room of its own.

void tool(std::vector<std::string> argv) {
    must_run({std::move(argv), {}, {}}, in(tool_time));
}

// fs/ext4/ext4.h: EXT4_IOC_SHUTDOWN, without a last write of the journal.
constexpr unsigned long ext4_shutdown = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t without_journal = 2;

int control(const fs::path& folder, unsigned long request, const void* argument) {
    const int opened = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int result = opened < 0 ? -1 : ioctl(opened, request, argument);
    close(opened);
    return result;
}

fs::path filler_in(const fs::path& folder) {
    return folder / "filler";
}

} // namespace

LoopFileSystem::LoopFileSystem(fs::path folder, std::uint64_t bytes)
    : folder_(std::move(folder)), image_(folder_.string() + ".image") {
    fs::create_directories(folder_);
    tool({"truncate", "--size", std::to_string(bytes), image_.string()});
    tool({"mkfs.ext4", "-q", "-m", "0", image_.string()});
    tool({"mount", "-o", "loop", image_.string(), folder_.string()});
}

LoopFileSystem::~LoopFileSystem() {
    thaw_file_system(folder_); // Processes that wait for it could not end.
    umount2(folder_.c_str(), MNT_DETACH);
}

void LoopFileSystem::fill() const {
    const int file = open(filler_in(folder_).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) {
        throw Failure("fill " + folder_.string() + ": " + strerrordesc_np(errno));
    }
    off_t size = lseek(file, 0, SEEK_END);
    for (std::uint64_t piece = std::uint64_t{1} << 30; piece >= least_piece; piece /= 2) {
        while (posix_fallocate(file, size, static_cast<off_t>(piece)) == 0) {
            size += static_cast<off_t>(piece);
        }
    }
    close(file);
}

void LoopFileSystem::empty() const {
    fs::remove(filler_in(folder_));
}

void LoopFileSystem::freeze() const {
    if (control(folder_, FIFREEZE, nullptr) != 0) {
        throw Failure("cannot freeze " + folder_.string());
    }
}

void LoopFileSystem::thaw() const {
    thaw_file_system(folder_);
}

void LoopFileSystem::break_down() const {
    if (control(folder_, ext4_shutdown, &without_journal) != 0) {
        throw Failure("cannot break down " + folder_.string());
    }
}

void LoopFileSystem::mend() const {
    constexpr Milliseconds between_tries{50};
    for (const auto by = in(tool_time); umount2(folder_.c_str(), 0) != 0;) {
        if (errno != EBUSY || Clock::now() > by) {
            throw Failure("cannot unmount " + folder_.string() + ": " + strerrordesc_np(errno));
        }
        std::this_thread::sleep_for(between_tries);
    }
    tool({"mount", "-o", "loop", image_.string(), folder_.string()});
}

void thaw_file_system(const fs::path& folder) {
    static_cast<void>(control(folder, FITHAW, nullptr)); // Fails when it is not frozen.
}

} // namespace lockstep::testbed
