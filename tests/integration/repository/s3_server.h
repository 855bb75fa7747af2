#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "platform/process.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/watchdog/watchdog.h"

namespace lockstep::snapshots {

/// A server that speaks S3 (s3rver of npm), in a network of its own, with rclone's way to it.
/// Objects are files below data(), each `NAME._S3rver_object`.
class S3Server {
public:
    S3Server();
    S3Server(const S3Server&) = delete;
    S3Server& operator=(const S3Server&) = delete;
    ~S3Server();

    void start();
    /// With SIGKILL.
    void kill();
    /// Its packets get lost from now on; or no more.
    void cut_off();
    void reconnect();

    /// A file with the remotes "s3", and "stranger", whose keys the server does not know.
    [[nodiscard]] std::filesystem::path rclone_config() const { return folder_ / "rclone.conf"; }
    /// rclone inside that network.
    [[nodiscard]] std::filesystem::path rclone() const { return folder_ / "rclone"; }
    [[nodiscard]] std::filesystem::path data() const { return folder_ / "data/bucket"; }
    [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }

private:
    void write_programs() const;
    void run_inside(const std::vector<std::string>& command) const;

    /// A network namespace, gone with its object.
    struct Network {
        Network();
        Network(const Network&) = delete;
        Network& operator=(const Network&) = delete;
        ~Network();
        std::string name;
    };

    TemporaryFolder folder_;
    Network network_;
    std::unique_ptr<testbed::Watchdog> watchdog_;
    ProcessId process_;
};

} // namespace lockstep::snapshots
