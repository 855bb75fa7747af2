#include "platform/files.h"

#include "core/policy.h"
#include "platform/clock.h"
#include "platform/disk_proof.h"
#include "platform/disk_space.h"
#include "tests/sim/host.h"

/// Small files and marks, in memory. A write is durable when it returns; how long it takes is
/// simulated where it is asked for (disk_worker.cpp).
namespace lockstep {

using std::filesystem::path;

Result<void> write_file_durably(const path& file, std::string_view content, mode_t) {
    sim::Hosts::of(file).files[file.string()] = std::string(content);
    return {};
}

Result<std::string> read_file(const path& file, std::size_t) {
    const auto& files = sim::Hosts::of(file).files;
    const auto found = files.find(file.string());
    if (found == files.end()) {
        return fail(Errc::unreachable, file.string() + ": no such file");
    }
    return found->second;
}

Result<void> remove_file_durably(const path& file) {
    sim::Hosts::of(file).files.erase(file.string());
    sim::Hosts::of(file).sizes.erase(file.string());
    return {};
}

Result<void> sync_folder(const path&) {
    return {};
}

Result<bool> is_empty_or_absent(const path& folder) {
    const auto* server = sim::Hosts::of(folder).server;
    return server == nullptr || server->folder_is_empty();
}

Result<void> make_private_folder(const path&) {
    return {};
}

Result<std::string> read_mark(const path& file, const std::string& name) {
    const auto& marks = sim::Hosts::of(file).marks;
    const auto found = marks.find(name);
    return found == marks.end() ? std::string() : found->second;
}

Result<void> write_mark(const path& file, const std::string& name, const std::string& value) {
    sim::Hosts::of(file).marks[name] = value;
    return {};
}

Result<std::uint64_t> free_bytes(const path&) {
    return std::uint64_t{1} << 40U;
}

Result<DiskSpace> space_of(const path& folder) {
    DiskSpace space;
    space.path = folder;
    space.device = 1;
    space.free_bytes = free_bytes(folder).value_or(0);
    space.total_bytes = 2 * space.free_bytes;
    return space;
}

std::uint64_t size_of(const path& file) {
    const auto& sizes = sim::Hosts::of(file).sizes;
    const auto found = sizes.find(file.string());
    return found == sizes.end() ? 0 : found->second;
}

Result<void> allocate_file(const path& file, std::uint64_t bytes) {
    sim::Hosts::of(file).sizes[file.string()] = bytes;
    return {};
}

Result<DiskProof> prove_disk(const path& file) {
    // This runs when the simulated disk is done; what counts is when it was begun.
    const auto ago = sim::Machine::current().now() - sim::Hosts::of(file).write_began;
    DiskProof proof;
    proof.started = boot_time() - Milliseconds{ago / sim::millisecond + 1};
    return proof;
}

} // namespace lockstep
