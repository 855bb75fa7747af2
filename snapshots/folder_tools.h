#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "platform/file_copy.h"
#include "snapshots/repository.h"

/// What a repository in a folder is made with.
namespace lockstep::snapshots {

inline constexpr std::size_t largest_description = 64U << 20U;
inline constexpr auto description_name = "snapshot.json";
inline constexpr std::array fork_files = {"forks.json", "forks.copy.json"};

[[nodiscard]] Error trouble_at(const std::filesystem::path& path, const std::error_code& trouble);
[[nodiscard]] Result<void> make_folder(const std::filesystem::path& folder);
[[nodiscard]] Result<void> remove_tree(const std::filesystem::path& path);
/// What is in a folder, by name. No folder holds nothing.
[[nodiscard]] Result<std::vector<std::filesystem::path>>
entries_of(const std::filesystem::path& folder);
/// Names become those of files: what came from outside must stay below its folder.
[[nodiscard]] Result<void> check_name(const std::string& name);
[[nodiscard]] std::filesystem::path with(std::filesystem::path path, const char* suffix);
/// What is half made or half gone.
[[nodiscard]] bool is_half(const std::filesystem::path& path);

/// Counts what is read through, for people.
class Meter {
public:
    Meter(const Repository::OnBytes& on_bytes, std::uint64_t total)
        : on_bytes_(on_bytes), total_(total) {}
    [[nodiscard]] OnChunk chunk() {
        return [this](std::uint64_t bytes) {
            done_ += bytes;
            if (on_bytes_) {
                on_bytes_(done_, total_);
            }
            return true;
        };
    }

private:
    const Repository::OnBytes& on_bytes_;
    std::uint64_t done_ = 0;
    std::uint64_t total_ = 0;
};

} // namespace lockstep::snapshots
