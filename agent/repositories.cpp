#include "agent/repositories.h"

#include <sys/stat.h>
#include <unistd.h>

#include "core/mebibytes.h"
#include "platform/files.h"
#include "platform/folder_size.h"
#include "snapshots/folder_repository.h"
#include "snapshots/rclone_repository.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr const char* key = "snapshots.repository";

/// The repositories that this agent has seen: what is empty later is not mounted.
fs::path memory_of(const AgentConfig& config) {
    return config.state_dir / "repositories-seen";
}

snapshots::Rclone::Settings settings_of(const RepositoryConfig& repository) {
    snapshots::Rclone::Settings settings;
    settings.remote = repository.remote;
    settings.config = repository.rclone_config;
    return settings;
}

Finding finding(Finding::Weight weight, const std::string& place, std::string what,
                std::string mend) {
    return {weight, place, key, std::move(what), std::move(mend)};
}

/// What a snapshot takes is known only when it is packed: never more than the data.
void look_at_room(const fs::path& folder, const AgentConfig& config, Findings& out) {
    const auto room = free_bytes(folder);
    const auto data = bytes_below(config.database.data_dir);
    if (room && *room < data) {
        out.push_back(finding(Finding::Weight::reported, folder.string(),
                              mebibytes(*room) + " are free there, and the data takes " +
                                  mebibytes(data) + ": a snapshot may find no room",
                              "give it more room"));
    }
}

void look_at_folder(const fs::path& folder, const AgentConfig& config, Findings& out) {
    struct stat there {};
    struct stat data {};
    if (::stat(folder.c_str(), &there) != 0 || !S_ISDIR(there.st_mode)) {
        out.push_back(finding(Finding::Weight::refused, folder.string(), "there is no such folder",
                              "mount it, or make it"));
        return;
    }
    if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0) {
        out.push_back(finding(Finding::Weight::refused, folder.string(),
                              "this user cannot read and write there",
                              "give it to the agent's user, or run this as that user"));
    }
    if (::stat(config.database.data_dir.c_str(), &data) == 0 && data.st_dev == there.st_dev) {
        out.push_back(finding(Finding::Weight::reported, folder.string(),
                              "it is on the file system of the data: what takes that one takes "
                              "its snapshots, too",
                              "use a storage that does not die with this host"));
    }
    look_at_room(folder, config, out);
}

void look_at_remote(const AgentConfig& config, Findings& out) {
    const auto& repository = config.repository;
    if (auto safe = snapshots::check_private(repository.rclone_config); !safe) {
        out.push_back(finding(Finding::Weight::refused, repository.rclone_config.string(),
                              safe.error().message, ""));
        return;
    }
    snapshots::Rclone rclone(settings_of(repository));
    if (const auto entries = rclone.root_entries(); !entries) {
        out.push_back(
            finding(Finding::Weight::refused, repository.remote, entries.error().message, ""));
    }
    auto scratch = repository.scratch_dir;
    std::error_code trouble;
    while (scratch.has_relative_path() && !fs::exists(scratch, trouble)) {
        scratch = scratch.parent_path();
    }
    if (::access(scratch.c_str(), W_OK | X_OK) != 0) {
        out.push_back({Finding::Weight::refused, scratch.string(), "snapshots.scratch_dir",
                       "this user cannot write there",
                       "give it to the agent's user, or run this as that user"});
    }
    look_at_room(scratch, config, out);
}

} // namespace

MakeRepository make_repositories(const AgentConfig& config) {
    const auto memory = memory_of(config);
    if (!config.repository.folder.empty()) {
        return [root = config.repository.folder, memory](const PairName& pair) {
            return snapshots::make_folder_repository(root, pair, memory);
        };
    }
    if (!config.repository.remote.empty()) {
        return [repository = config.repository, memory](const PairName& pair) {
            return snapshots::make_rclone_repository(settings_of(repository),
                                                     repository.scratch_dir, pair, memory);
        };
    }
    return {};
}

Findings repository_findings(const AgentConfig& config) {
    Findings found;
    if (!config.repository.folder.empty()) {
        look_at_folder(config.repository.folder, config, found);
    } else if (!config.repository.remote.empty()) {
        look_at_remote(config, found);
    }
    return found;
}

} // namespace lockstep
