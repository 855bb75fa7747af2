#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/testbed/cleanup.h"
#include "tests/support/testbed/daemon.h"
#include "tests/support/testbed/ledger.h"
#include "tests/support/testbed/loop_file_system.h"
#include "tests/support/testbed/network.h"
#include "tests/support/testbed/session.h"
#include "tests/support/watchdog/watchdog.h"

namespace lockstep::testbed {

using Json = nlohmann::json;

/// Where the hosts of an installation are: addresses of the loopback device (nothing needed, no
/// cables to cut), or network namespaces (root needed).
enum class Place { loopback, namespaces };

struct Plan {
    Place place = Place::namespaces;
    std::filesystem::path folder;   // Must not exist. Empty: a new one below /tmp.
    std::filesystem::path programs; // Where lockstepd and lockstep were built.
    Engine engine = Engine::postgresql;
    /// Of the other engines, as their agents' files call it; empty: the default.
    std::string durability;
    std::filesystem::path postgresql = "/usr/lib/postgresql/15/bin";
    std::vector<std::string> members{"a", "b"};
    std::vector<std::string> pair_options; // Of `lockstep pair create`, besides the usual ones.
    std::uint64_t data_disk_bytes = 0; // Each member's data on a file system of its own; 0: none.
    bool repository = false;           // A folder for snapshots, the same one for every agent.
};

/// A whole installation of Lockstep with real databases in one folder: certificates, a controller,
/// an agent a member, one pair called "shop". Every process runs as user postgres if this one is
/// root. Main thread only; in namespaces, the constructor moves it to the client's.
///
/// What is not as it should be throws Failure with the ends of the logs.
class Testbed {
public:
    explicit Testbed(Plan plan);
    Testbed(const Testbed&) = delete;
    Testbed& operator=(const Testbed&) = delete;
    ~Testbed();
    /// Everything goes on running when this object is gone.
    void keep();

    // The steps of making it, each usable alone -----------------------------------------------
    void init_authority();
    void start_controller();
    [[nodiscard]] std::string make_token(const std::string& member);
    [[nodiscard]] Outcome join(const std::string& member, const std::string& token);
    /// Returns when the controller hears it.
    void start_agent(const std::string& member);
    void create_pair(const std::string& primary, const std::string& standby);
    /// All of them, and waits until the pair is in sync. `tell` hears how far it is.
    void form(const std::function<void(const std::string&)>& tell = {});

    // Its processes ---------------------------------------------------------------------------
    [[nodiscard]] Daemon& controller() { return *controller_; }
    [[nodiscard]] Daemon& agent(const std::string& member) { return agents_.at(member); }
    /// The pid of the server, of which all its processes are children; 0 without one.
    [[nodiscard]] pid_t postmaster(const std::string& member) const;
    [[nodiscard]] Network& network() { return *network_; }
    /// How a program of Lockstep's is run on a host: namespace, user, environment.
    [[nodiscard]] Spawn on(const std::string& host, std::vector<std::string> argv) const;

    // Asking it -------------------------------------------------------------------------------
    [[nodiscard]] Outcome cli(std::vector<std::string> arguments, Milliseconds most = default_wait);
    /// With --json; throws Failure unless it exits with one of 0 and 6 (not all pairs in sync).
    [[nodiscard]] Json ask(std::vector<std::string> arguments, Milliseconds most = default_wait);
    [[nodiscard]] Json pair();
    [[nodiscard]] Json events(std::uint64_t after = 0);
    using Condition = std::function<bool(const Json& pair)>;
    /// Throws Failure naming `what` unless the pair comes to meet it.
    Json wait_for_pair(const std::string& what, const Condition& condition, Milliseconds most);
    Json wait_until_in_sync(Milliseconds most = Milliseconds{40000});
    [[nodiscard]] std::string state_of_things();

    // Its clients -----------------------------------------------------------------------------
    [[nodiscard]] std::string zone() const { return "db.example.test"; }
    [[nodiscard]] std::string name() const { return "shop." + zone(); }
    [[nodiscard]] std::vector<std::string> name_servers() const;
    [[nodiscard]] Session::Where superuser_of(const std::string& member) const;
    /// Who may read what the writers wrote.
    [[nodiscard]] Session::Where reader_of(const std::string& member) const;
    [[nodiscard]] Writers::Options writers() const;
    /// MySQL and MariaDB: they know a superuser only through the Unix socket, as the system's user.
    void say_as_superuser(const std::string& member, const std::string& statements);

    // Its places ------------------------------------------------------------------------------
    [[nodiscard]] const std::vector<std::string>& members() const { return plan_.members; }
    [[nodiscard]] const std::filesystem::path& folder() const { return plan_.folder; }
    [[nodiscard]] std::filesystem::path folder_of(const std::string& host) const;
    [[nodiscard]] std::filesystem::path data_of(const std::string& member) const;
    /// Where its agent keeps the ticket: gone after a boot.
    [[nodiscard]] std::filesystem::path run_dir_of(const std::string& member) const;
    /// Where its data lies. Plan::data_disk_bytes must have asked for it.
    [[nodiscard]] LoopFileSystem& disk_of(const std::string& member) { return disks_.at(member); }
    [[nodiscard]] std::filesystem::path configuration_of(const std::string& host) const;
    [[nodiscard]] std::filesystem::path identity() const;
    [[nodiscard]] std::filesystem::path repository() const { return plan_.folder / "repository"; }
    [[nodiscard]] std::string address_of(const std::string& host) const;
    [[nodiscard]] std::string controller_api() const;
    [[nodiscard]] std::uint16_t database_port() const;
    [[nodiscard]] std::uint16_t name_server_port() const { return 5300; }

    static constexpr Milliseconds default_wait{30000};
    static constexpr auto controller_host = "controller";
    static constexpr auto client_host = "client";

private:
    void make_folders();
    void make_disks();
    void write_configuration();
    [[nodiscard]] std::vector<std::string> as_user(std::vector<std::string> argv) const;
    [[nodiscard]] std::string controller_file() const;
    [[nodiscard]] std::string agent_file(const std::string& member) const;
    [[nodiscard]] std::string engine_table(const std::string& member) const;
    void make_ledger(const std::string& member);
    [[nodiscard]] std::string log_tails() const;

    Plan plan_;
    std::filesystem::path tickets_;               // On a tmpfs.
    std::map<std::string, LoopFileSystem> disks_; // Outlive the processes that work on them.
    std::unique_ptr<Watchdog> watchdog_;
    std::unique_ptr<Network> network_; // Empty on loopback.
    std::unique_ptr<Daemon> controller_;
    std::map<std::string, Daemon> agents_;
};

/// The folder for tickets of an installation in `folder`: on a tmpfs, gone after a boot.
[[nodiscard]] std::filesystem::path tickets_of(const std::filesystem::path& folder);

} // namespace lockstep::testbed
