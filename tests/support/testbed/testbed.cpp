#include "tests/support/testbed/testbed.h"

#include <cstdlib>
#include <fstream>
#include <thread>

#include <unistd.h>

namespace lockstep::testbed {

namespace fs = std::filesystem;

namespace {

constexpr auto user = "postgres"; // Owns the databases; agents run as it too (DECISIONS.md 9).
constexpr auto pair_name = "shop";

bool is_root() {
    return geteuid() == 0;
}

fs::path new_folder() {
    std::string pattern = "/tmp/lockstep-test-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) {
        throw Failure("cannot make a folder below /tmp");
    }
    return pattern;
}

std::vector<Network::Host> hosts_of(const Testbed& bed, const std::vector<std::string>& members) {
    std::vector<Network::Host> hosts;
    for (const auto* name : {Testbed::controller_host, Testbed::client_host}) {
        hosts.push_back({name, bed.address_of(name)});
    }
    for (const auto& member : members) {
        hosts.push_back({member, bed.address_of(member)});
    }
    return hosts;
}

std::string quoted(const fs::path& path) {
    return "\"" + path.string() + "\"";
}

} // namespace

fs::path tickets_of(const fs::path& folder) {
    return "/dev/shm" / folder.filename();
}

Testbed::Testbed(Plan plan) : plan_(std::move(plan)) {
    if (plan_.folder.empty()) {
        plan_.folder = new_folder();
    }
    tickets_ = tickets_of(plan_.folder);
    watchdog_ = std::make_unique<Watchdog>(std::vector<fs::path>{plan_.folder, tickets_});
    if (plan_.place == Place::namespaces) {
        network_ = std::make_unique<Network>(hosts_of(*this, plan_.members), *watchdog_);
        network_->enter(client_host);
    }
    make_folders();
    make_disks();
    write_configuration();
}

Testbed::~Testbed() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment.
    if (std::getenv("LOCKSTEP_KEEP") != nullptr) {
        watchdog_->dismiss();
    }
}

void Testbed::keep() {
    watchdog_->dismiss();
}

void Testbed::make_folders() {
    std::vector<fs::path> folders{plan_.folder, plan_.folder / "logs", tickets_,
                                  folder_of(controller_host)};
    for (const auto& member : plan_.members) {
        folders.push_back(folder_of(member));
        folders.push_back(run_dir_of(member));
    }
    if (plan_.repository) {
        folders.push_back(repository());
    }
    for (const auto& folder : folders) {
        fs::create_directories(folder);
        fs::permissions(folder, fs::perms(0755));
        if (is_root()) {
            must_run({{"chown", user, folder.string()}, {}, {}}, in(default_wait));
        }
    }
    // Programs are copied: the user postgres need not be able to read the build folder.
    fs::create_directories(plan_.folder / "bin");
    for (const auto* program : {"lockstepd", "lockstep"}) {
        fs::copy_file(plan_.programs / program, plan_.folder / "bin" / program);
    }
}

void Testbed::make_disks() {
    if (plan_.data_disk_bytes == 0) {
        return;
    }
    for (const auto& member : plan_.members) {
        const auto mounted = data_of(member).parent_path();
        disks_.try_emplace(member, mounted, plan_.data_disk_bytes);
        must_run({{"chown", user, mounted.string()}, {}, {}}, in(default_wait));
    }
}

// A file system's own folder is never empty, so the data lies in one below it.
fs::path Testbed::data_of(const std::string& member) const {
    return folder_of(member) / (plan_.data_disk_bytes == 0 ? "data" : "disk/data");
}

fs::path Testbed::run_dir_of(const std::string& member) const {
    return tickets_ / member;
}

fs::path Testbed::folder_of(const std::string& host) const {
    return plan_.folder / host;
}

fs::path Testbed::identity() const {
    return folder_of(controller_host) / "identity";
}

fs::path Testbed::configuration_of(const std::string& host) const {
    return folder_of(host) / (host == controller_host ? "controller.toml" : "agent.toml");
}

std::string Testbed::address_of(const std::string& host) const {
    const std::string net = plan_.place == Place::loopback ? "127.0.77." : "10.77.0.";
    if (host == controller_host) {
        return net + "1";
    }
    if (host == client_host) {
        return net + "100";
    }
    return net + std::to_string(11 + host.at(0) - 'a');
}

std::string Testbed::controller_api() const {
    return address_of(controller_host) + ":7443";
}

std::uint16_t Testbed::database_port() const {
    return plan_.place == Place::loopback ? 6432 : 5432;
}

std::string Testbed::controller_file() const {
    const auto address = address_of(controller_host);
    return "state_dir = " + quoted(folder_of(controller_host)) + "\n[listen]\nagents = \"" +
           address + ":7400\"\napi = \"" + controller_api() + "\"\n[dns]\nzone = \"" + zone() +
           "\"\nlisten = [\"" + address + ":" + std::to_string(name_server_port()) + "\"]\n";
}

std::string Testbed::engine_table(const std::string& member) const {
    const std::string clients = plan_.place == Place::loopback ? "127.0.0.0/8" : "10.77.0.0/24";
    const bool is_postgres = plan_.engine == Engine::postgresql;
    const auto programs = is_postgres ? plan_.postgresql : programs_of(plan_.engine);
    const auto engine = name_of(plan_.engine);
    const auto common = "[" + engine + "]\nbin_dir = " + quoted(programs) +
                        "\ndata_dir = " + quoted(data_of(member)) +
                        "\nport = " + std::to_string(database_port()) + "\n";
    const auto durability =
        plan_.durability.empty() ? std::string{} : "durability = \"" + plan_.durability + "\"\n";
    return is_postgres ? common + "hba = [\"host all all " + clients +
                             " trust\"]\n[postgresql.settings]\nshared_buffers = \"32MB\"\n"
                       : common + durability + "[" + engine +
                             ".settings]\ninnodb_buffer_pool_size = \"64M\"\n" +
                             "tmpdir = " + quoted(folder_of(member)) + "\n";
}

std::string Testbed::agent_file(const std::string& member) const {
    return "name = \"" + member + "\"\nzone = \"zone-" + member + "\"\nhost = \"host-" + member +
           "\"\naddress = \"" + address_of(member) +
           "\"\nstate_dir = " + quoted(folder_of(member) / "state") +
           "\nrun_dir = " + quoted(run_dir_of(member)) + "\n" + engine_table(member) +
           "[dns]\nlisten = [\"" + address_of(member) + ":" + std::to_string(name_server_port()) +
           "\"]\n" +
           (plan_.repository
                ? "[snapshots]\nrepository = " + quoted(repository()) +
                      "\n[snapshots.proof]\nfolder = " + quoted(folder_of(member) / "proof") + "\n"
                : "");
}

void Testbed::write_configuration() {
    const auto log = [&](const std::string& host) {
        return plan_.folder / "logs" / (host + ".log");
    };
    std::ofstream(configuration_of(controller_host)) << controller_file();
    const std::string lockstepd = plan_.folder / "bin" / "lockstepd";
    const auto daemon = [&](const std::string& host, const std::string& kind) {
        return Daemon(host,
                      on(host, {lockstepd, kind, "--config", configuration_of(host).string()}),
                      log(host));
    };
    controller_ = std::make_unique<Daemon>(daemon(controller_host, "controller"));
    for (const auto& member : plan_.members) {
        std::ofstream(configuration_of(member)) << agent_file(member);
        agents_.emplace(member, daemon(member, "agent"));
    }
}

std::vector<std::string> Testbed::as_user(std::vector<std::string> argv) const {
    if (is_root()) {
        argv.insert(argv.begin(),
                    {"setpriv", "--reuid", user, "--regid", user, "--init-groups", "--"});
    }
    return argv;
}

Spawn Testbed::on(const std::string& host, std::vector<std::string> argv) const {
    argv = as_user(std::move(argv));
    if (network_) {
        const auto prefix = network_->on(host);
        argv.insert(argv.begin(), prefix.begin(), prefix.end());
    }
    const auto folder = folder_of(host);
    return {std::move(argv), {"HOME=" + folder.string()}, folder};
}

void Testbed::init_authority() {
    must_run(on(controller_host,
                {plan_.folder / "bin" / "lockstep", "ca", "init", "--dir", identity().string(),
                 "--address", address_of(controller_host), "--operator", "demo"}),
             in(default_wait));
}

void Testbed::start_controller() {
    controller_->start();
    const auto by = in(default_wait);
    while (cli({"agents"}).status != 0) {
        if (Clock::now() > by || !controller_->running()) {
            throw Failure("the controller did not come up\n" + log_tails());
        }
        std::this_thread::sleep_for(Milliseconds{50});
    }
}

std::string Testbed::make_token(const std::string& member) {
    return ask({"token", "create", member}).at("token").get<std::string>();
}

Outcome Testbed::join(const std::string& member, const std::string& token) {
    return run(on(member, {plan_.folder / "bin" / "lockstepd", "join", "--config",
                           configuration_of(member).string()}),
               in(default_wait), token + "\n");
}

void Testbed::create_pair(const std::string& primary, const std::string& standby) {
    std::vector<std::string> asked{
        "pair",      "create", pair_name,   "--engine", name_of(plan_.engine),
        "--primary", primary,  "--standby", standby,    "--no-wait"};
    asked.insert(asked.end(), plan_.pair_options.begin(), plan_.pair_options.end());
    static_cast<void>(ask(std::move(asked)));
}

} // namespace lockstep::testbed
