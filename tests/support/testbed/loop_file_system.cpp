#include "tests/support/testbed/loop_file_system.h"

#include <cstring>

#include <fcntl.h>
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

} // namespace lockstep::testbed
