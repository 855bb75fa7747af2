#include "agent/examine.h"

#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "agent/engines.h"
#include "agent/repositories.h"
#include "platform/process.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds longest_look{30};
constexpr const char* units = "/etc/systemd/system";

/// Or, of one that is not made yet, the nearest folder above it.
fs::path nearest_there(fs::path path) {
    std::error_code trouble;
    while (path.has_relative_path() && !fs::exists(path, trouble)) {
        path = path.parent_path();
    }
    return path;
}

bool is_on_tmpfs(const fs::path& folder) {
    struct statfs seen {};
    return ::statfs(folder.c_str(), &seen) == 0 &&
           (seen.f_type == TMPFS_MAGIC || seen.f_type == RAMFS_MAGIC);
}

/// A ticket carries the boot that it was written in, so a disk is no danger; but it is not clean.
void look_at_run_dir(const AgentConfig& config, Findings& out) {
    if (!is_on_tmpfs(nearest_there(config.run_dir))) {
        out.push_back({Finding::Weight::reported, config.run_dir.string(), "run_dir",
                       "it is not on a tmpfs, so that tickets lie there until the next start",
                       "choose a folder below /run or /dev/shm"});
    }
}

void look_at_folder(const fs::path& folder, const std::string& key, Findings& out) {
    const auto there = nearest_there(folder);
    if (::access(there.c_str(), W_OK | X_OK) != 0) {
        out.push_back({Finding::Weight::refused, there.string(), key,
                       "this user cannot write there",
                       "give it to the agent's user, or run this as that user"});
    }
}

void look_at_identity(const AgentConfig& config, Findings& out) {
    if (auto identity = load_identity(config.state_dir); !identity) {
        const auto message = identity.error().message;
        const auto end = message.find("; ");
        out.push_back({Finding::Weight::reported, identity_folder(config.state_dir).string(), "",
                       message.substr(0, end),
                       end == std::string::npos ? "" : message.substr(end + 2)});
    }
}

void look_at_user(const AgentConfig& config, Findings& out) {
    if (::geteuid() == 0) {
        out.push_back({Finding::Weight::reported, config.database.engine, "",
                       "looked at by root, who is let into no server and may write everywhere",
                       "run this as the agent's user: runuser -u USER -- lockstepd check …"});
    }
}

Findings look_at_host(const AgentConfig& config) {
    Findings found;
    look_at_user(config, found);
    look_at_identity(config, found);
    look_at_folder(config.state_dir, "state_dir", found);
    look_at_folder(config.run_dir, "run_dir", found);
    look_at_folder(config.database.data_dir, "data_dir", found);
    look_at_run_dir(config, found);
    for (auto& finding : unit_findings(config, units)) {
        found.push_back(std::move(finding));
    }
    return found;
}

/// Where a key of the engine's table stands: the file is asked once more, with this one mistake.
std::string place_of(const Finding& finding, const fs::path& file) {
    const auto look = [&finding](const AgentConfig&) { return Findings{finding}; };
    const auto mistake = load_agent_config(file, look);
    const auto found = mistake ? Findings{} : findings_in(mistake.error().message, file);
    return found.empty() ? file.string() : found.front().place;
}

void place_in_file(const AgentConfig& config, const fs::path& file, Finding& finding) {
    if (!finding.place.empty()) {
        return;
    }
    finding.place = place_of(finding, file);
    finding.key = config.database.engine + (finding.key.empty() ? "" : ".") + finding.key;
}

} // namespace

Awaitable<Examination> examine(fs::path file) {
    Examination made;
    made.file = file;
    const auto config = load_agent_config(file, database_findings);
    if (!config) {
        made.findings = findings_in(config.error().message, file);
        co_return made;
    }
    made.engine = config->database.engine;
    made.read_whole = true;
    made.findings = look_at_host(*config);
    for (auto& finding : repository_findings(*config)) {
        made.findings.push_back(std::move(finding));
    }
    for (auto& finding : program_findings(*config)) {
        made.findings.push_back(std::move(finding));
    }
    made.server_runs = server_runs(*config);
    const auto deadline = Deadline::in(longest_look);
    auto asked = *config;
    auto found = co_await examine_database(std::move(asked), deadline);
    made.findings.insert(made.findings.end(), found.begin(), found.end());
    for (auto& finding : made.findings) {
        place_in_file(*config, file, finding);
    }
    co_return made;
}

} // namespace lockstep
