#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "platform/process.h"
#include "snapshots/rclone_words.h"
#include "snapshots/remote_keys.h"
#include "snapshots/repository.h"

namespace lockstep::snapshots {

/// rclone, run for one prefix of a remote. Every run has a deadline of its own, blocks, and dies
/// with this process. Credentials are in the file named by `config` alone: never in arguments.
///
/// Errors of all: `unreachable` and `timeout` (the storage), `refused` (no permission, no room, no
/// such bucket or remote, no rclone), `corrupt`; each names the object where rclone does.
class Rclone {
public:
    struct Settings {
        std::string remote; // "offsite:bucket/lockstep": what is read and written lies below.
        std::filesystem::path config;
        std::filesystem::path program = "/usr/bin/rclone";
        std::chrono::seconds small = std::chrono::seconds(20);     // For what is small.
        std::chrono::seconds large = std::chrono::hours(24);       // For what is as large as data.
        std::chrono::seconds patience = std::chrono::seconds(300); // With a storage that is away.
        std::chrono::milliseconds pause = std::chrono::seconds(5); // Before it is tried again.
    };
    using OnBytes = Repository::OnBytes;

    explicit Rclone(Settings settings) : settings_(std::move(settings)) {}
    Rclone(const Rclone&) = delete;
    Rclone& operator=(const Rclone&) = delete;

    [[nodiscard]] std::string at(const std::string& key) const {
        return key.empty() ? settings_.remote : settings_.remote + "/" + key;
    }

    /// What lies directly below the remote's prefix. Errors: `unreachable` if it is not there.
    [[nodiscard]] Result<std::vector<std::string>> root_entries();
    /// All objects below `prefix`, by their names below it. None is a success.
    [[nodiscard]] Result<KeySizes> list(const std::string& prefix);
    /// The SHA-256 of all objects below `prefix`, by their names below it, from reading them back.
    /// A storage that is away is waited for.
    [[nodiscard]] Result<std::map<std::string, std::string>> read_back(const std::string& prefix,
                                                                       const OnBytes& on_bytes);
    /// Of one small object; empty: it is not there.
    [[nodiscard]] Result<std::string> sha256(const std::string& key);
    /// Makes the object, or replaces it.
    [[nodiscard]] Result<void> put(const std::filesystem::path& file, const std::string& key);
    /// Brings all files of `folder` but `except` below `prefix`. Goes on where an earlier call
    /// ended: what is there with the same checksum is not sent again. A storage that is away is
    /// waited for.
    [[nodiscard]] Result<void> upload(const std::filesystem::path& folder,
                                      const std::string& prefix, const std::string& except,
                                      const OnBytes& on_bytes);
    /// The other way round, `names` only (empty: all).
    [[nodiscard]] Result<void> download(const std::string& prefix,
                                        const std::vector<std::string>& names,
                                        const std::filesystem::path& folder,
                                        const OnBytes& on_bytes);
    /// Brings all descriptions (*.json) below `prefix` into `folder`. They hold their own
    /// checksums: one that is damaged comes along.
    [[nodiscard]] Result<void> fetch_descriptions(const std::string& prefix,
                                                  const std::filesystem::path& folder);
    /// None is a success.
    [[nodiscard]] Result<void> remove(const std::string& prefix,
                                      const std::vector<std::string>& names);

    /// From any thread: ends what runs, and all that is asked for later, with `unreachable`.
    void stop();

private:
    struct Ran {
        int exit_status = 0;
        std::vector<std::string> lines; // That are neither progress nor complaints.
        std::vector<RcloneComplaint> complaints;
    };
    struct Run;
    [[nodiscard]] Result<Ran> run(std::vector<std::string> arguments, std::chrono::seconds longest,
                                  const OnBytes& on_bytes);
    [[nodiscard]] Result<ToolResult> execute(Command command, std::chrono::seconds longest,
                                             std::function<void(std::string_view)> on_line);
    [[nodiscard]] Result<Ran> patiently(const std::string& what,
                                        const std::vector<std::string>& arguments,
                                        const OnBytes& on_bytes);
    [[nodiscard]] bool stopped_within(std::chrono::milliseconds pause);

    Settings settings_;
    std::mutex mutex_;
    std::condition_variable stop_;
    bool stopped_ = false;
    std::set<Run*> running_;
};

/// Whether credentials in this file are safe: it is this user's or root's, and nobody else reads
/// it. Errors: `refused`, saying what to do; `unreachable` if it is not there.
[[nodiscard]] Result<void> check_private(const std::filesystem::path& config);

} // namespace lockstep::snapshots
