#include "tests/integration/snapshots/running.h"

#include <fstream>

#include <unistd.h>

#include "platform/files.h"
#include "platform/process.h"

namespace lockstep::bed {

pid_t tool_process(const std::string& name) {
    for (const auto& child : children_of(::getpid())) {
        const auto command =
            read_file("/proc/" + std::to_string(child.pid) + "/cmdline").value_or("");
        if (command.find("/" + name + '\0') != std::string::npos) {
            return child.pid;
        }
    }
    return 0;
}

void flip_a_bit(const std::filesystem::path& file, std::uint64_t at) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(at));
    const auto byte = static_cast<char>(stream.get() ^ 4);
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(byte);
}

} // namespace lockstep::bed
