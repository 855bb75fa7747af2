#include "tests/integration/repository/s3_server.h"

#include <csignal>
#include <fstream>
#include <stdexcept>

#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/eventually.h"
#include "tests/support/run_coroutine.h"

namespace lockstep::snapshots {

namespace fs = std::filesystem;

namespace {

constexpr auto server_program = "/var/cache/lockstep/s3rver/node_modules/s3rver/bin/s3rver.js";
constexpr auto port = "9000";

/// Returns whether it ended well.
bool run(std::vector<std::string> argv) {
    asio::io_context context(1);
    Command command;
    command.argv = std::move(argv);
    command.env = {"AWS_CA_BUNDLE="}; // As the product does: else this rclone reaches no S3.
    const auto deadline = Deadline::in(std::chrono::seconds(20));
    const auto ran = run_to_end(context, run_tool(std::move(command), deadline));
    return ran && ran->exit_status == 0;
}

void must_run(const std::vector<std::string>& argv) {
    if (!run(argv)) {
        throw std::runtime_error(argv.back() + ": failed");
    }
}

constexpr auto ip = "/usr/sbin/ip";

void write_program(const fs::path& file, const std::string& line) {
    std::ofstream(file) << "#!/bin/sh\nexec " << line << "\n";
    fs::permissions(file, fs::perms::owner_all);
}

} // namespace

S3Server::Network::Network() {
    static int made = 0;
    const auto next = "lockstep-s3-" + std::to_string(::getpid()) + "-" + std::to_string(++made);
    must_run({ip, "netns", "add", next});
    name = next;
}

S3Server::Network::~Network() {
    static_cast<void>(run({ip, "netns", "delete", name}));
}

S3Server::S3Server() {
    if (!fs::exists(server_program)) {
        throw std::runtime_error(std::string(server_program) +
                                 " is missing: run deploy/install-dependencies --with-s3");
    }
    watchdog_ = std::make_unique<testbed::Watchdog>(std::vector<fs::path>{folder_.path()});
    run_inside({ip, "link", "set", "lo", "up"});
    fs::create_directories(data());
    write_programs();
    start();
}

S3Server::~S3Server() {
    kill();
}

void S3Server::write_programs() const {
    const auto inside = "ip netns exec " + network_.name + " ";
    write_program(rclone(), inside + "rclone \"$@\"");
    write_program(folder_ / "server", inside + "node " + server_program + " --silent -d " +
                                          (folder_ / "data").string() + " -a 127.0.0.1 -p " + port +
                                          " --configure-bucket bucket");
    const auto remote = [](const std::string& name, const std::string& key) {
        return "[" + name + "]\ntype = s3\nprovider = Other\naccess_key_id = " + key +
               "\nsecret_access_key = S3RVER\nendpoint = http://127.0.0.1:" + port +
               "\nforce_path_style = true\n\n";
    };
    std::ofstream(rclone_config()) << remote("s3", "S3RVER") << remote("stranger", "NOBODY");
    fs::permissions(rclone_config(), fs::perms::owner_read | fs::perms::owner_write);
}

void S3Server::run_inside(const std::vector<std::string>& command) const {
    std::vector<std::string> argv{ip, "netns", "exec", network_.name};
    argv.insert(argv.end(), command.begin(), command.end());
    must_run(argv);
}

void S3Server::start() {
    Command command;
    command.argv = {(folder_ / "server").string()};
    command.folder = folder_.path();
    const auto started = launch_detached(command, folder_ / "server.log");
    if (!started) {
        throw std::runtime_error(started.error().message);
    }
    process_ = *started;
    const std::vector<std::string> look{rclone(),    "--config", rclone_config(),
                                        "--retries", "1",        "--low-level-retries",
                                        "1",         "lsf",      "s3:bucket"};
    if (!eventually([&look] { return run(look); })) {
        throw std::runtime_error("the S3 server does not answer: see " + folder_.path().string());
    }
}

void S3Server::kill() {
    if (process_.pid > 0) {
        ::kill(-process_.pid, SIGKILL); // It has a session of its own.
        ::waitpid(process_.pid, nullptr, 0);
        process_ = {};
    }
}

void S3Server::cut_off() {
    const std::string nft = "/usr/sbin/nft";
    run_inside({nft, "add table inet cut"});
    run_inside({nft, "add chain inet cut in { type filter hook input priority 0; }"});
    run_inside({nft, std::string("add rule inet cut in tcp dport ") + port + " drop"});
}

void S3Server::reconnect() {
    run_inside({"/usr/sbin/nft", "delete table inet cut"});
}

} // namespace lockstep::snapshots
