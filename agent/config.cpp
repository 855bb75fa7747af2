#include "agent/config.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <unistd.h>

namespace lockstep {
namespace {

using Table = ConfigFile::Table;

std::string this_host() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) {
        return "localhost";
    }
    return name.data();
}

std::filesystem::path absolute_path(Table& table, std::string_view key) {
    std::filesystem::path path = table.text(key);
    if (!path.empty() && !path.is_absolute()) {
        table.mistake(key, "an absolute path is wanted");
    }
    return path.lexically_normal();
}

std::string ip_address(Table& table, std::string_view key) {
    auto text = table.text(key);
    const bool v6 = text.find(':') != std::string::npos;
    if (!text.empty() && !parse_host_port(v6 ? "[" + text + "]:1" : text + ":1")) {
        table.mistake(key, "an IP address is wanted, no name");
    }
    return text;
}

MemberId member_name(Table& table) {
    auto name = table.text("name");
    if (auto parsed = parse_member_id(name); !name.empty() && !parsed) {
        table.mistake("name", parsed.error().message);
    }
    return name;
}

/// What the tables of the engines differ in.
struct EngineTable {
    std::string_view name;
    std::uint16_t port;
    bool has_hba;
    bool has_durability;
};
constexpr std::array engine_tables = {
    EngineTable{"postgresql", 5432, true, false},
    EngineTable{"mysql", 3306, false, true},
    EngineTable{"mariadb", 3306, false, true},
};

/// The one engine whose table is there. The tables of others are mistakes.
const EngineTable& choose_engine(Table& root) {
    const EngineTable* chosen = nullptr;
    for (const auto& engine : engine_tables) {
        if (!root.table(engine.name).present()) {
            continue;
        }
        if (chosen != nullptr) {
            root.mistake(engine.name, "stands beside [" + std::string(chosen->name) +
                                          "]: an agent is for one database, and has one of them");
            continue;
        }
        chosen = &engine;
    }
    return chosen == nullptr ? engine_tables.front() : *chosen;
}

Durability read_durability(Table& table) {
    const auto word = table.word("durability", {"flush", "receive"}, "flush");
    return word == "receive" ? Durability::receive : Durability::flush;
}

DatabaseConfig read_database(Table& root) {
    const auto& engine = choose_engine(root);
    auto table = root.table(engine.name);
    DatabaseConfig database;
    database.engine = engine.name;
    database.bin_dir = absolute_path(table, "bin_dir");
    database.data_dir = absolute_path(table, "data_dir");
    database.port = static_cast<std::uint16_t>(table.integer("port", 1, 65535, engine.port));
    if (engine.has_hba) {
        database.hba = table.texts("hba");
    }
    if (engine.has_durability) {
        database.durability = read_durability(table);
    }
    auto settings = table.table("settings");
    if (settings.present()) {
        database.settings = settings.settings();
    }
    return database;
}

std::vector<HostPort> read_dns(Table table) {
    std::vector<HostPort> addresses;
    if (!table.present()) {
        return addresses;
    }
    const auto listen = table.texts("listen");
    if (listen.empty()) {
        table.mistake("listen", "at least one \"ADDRESS:PORT\" is wanted");
    }
    for (const auto& text : listen) {
        if (auto at = parse_host_port(text)) {
            addresses.push_back(*at);
        } else {
            table.mistake("listen", at.error().message);
        }
    }
    return addresses;
}

Milliseconds read_agent_lost_after(Table table) {
    const auto otherwise = Timings{}.agent_lost_after.count();
    if (!table.present()) {
        return Milliseconds{otherwise};
    }
    return Milliseconds{table.integer("agent_lost_after_ms", 2000, 300000, otherwise)};
}

std::uint64_t read_ballast(Table table) {
    if (!table.present()) {
        return AgentConfig{}.ballast_bytes;
    }
    return static_cast<std::uint64_t>(table.integer("ballast_megabytes", 0, 65536, 64)) << 20U;
}

/// No more than a name of the file that holds the credentials: whoever writes them here has every
/// user of the host read them in rclone's arguments.
bool names_remote(std::string_view remote) {
    const auto colon = remote.find(':');
    return colon != 0 && colon != std::string_view::npos &&
           std::all_of(remote.begin(), remote.begin() + static_cast<std::ptrdiff_t>(colon),
                       [](char c) {
                           const auto letter = static_cast<unsigned char>(c);
                           return std::isalnum(letter) != 0 || c == '_' || c == '-' || c == '.';
                       });
}

RepositoryConfig read_repository(Table& table, const std::filesystem::path& state_dir) {
    constexpr std::string_view by_rclone = "rclone:";
    RepositoryConfig repository;
    const auto text = table.text("repository");
    if (!text.starts_with(by_rclone)) {
        repository.folder = absolute_path(table, "repository");
        return repository;
    }
    repository.remote = text.substr(by_rclone.size());
    while (repository.remote.ends_with('/')) {
        repository.remote.pop_back();
    }
    if (!names_remote(repository.remote)) {
        table.mistake("repository",
                      "\"rclone:REMOTE:PATH\" is wanted, where REMOTE is the name of a "
                      "remote in the file named by rclone_config");
    }
    repository.rclone_config = absolute_path(table, "rclone_config");
    const auto scratch = table.text("scratch_dir", (state_dir / "scratch").string());
    repository.scratch_dir = std::filesystem::path(scratch).lexically_normal();
    if (!repository.scratch_dir.is_absolute() && !state_dir.empty()) {
        table.mistake("scratch_dir", "an absolute path is wanted");
    }
    return repository;
}

ProofConfig read_proof(Table table) {
    ProofConfig proof;
    if (!table.present()) {
        return proof;
    }
    proof.folder = absolute_path(table, "folder");
    if (const auto script = table.text("script", ""); !script.empty()) {
        proof.script = absolute_path(table, "script");
    }
    proof.database = table.text("database", "");
    return proof;
}

std::string with_slash(const std::filesystem::path& folder) {
    auto text = folder.string();
    return text.ends_with('/') ? text : text + "/";
}

bool overlap(const std::filesystem::path& one, const std::filesystem::path& other) {
    const auto first = with_slash(one);
    const auto second = with_slash(other);
    return !one.empty() && !other.empty() &&
           (first.starts_with(second) || second.starts_with(first));
}

/// What is restored for a proof is deleted afterwards, and its processes are ended.
void check_proof(Table& root, const AgentConfig& config) {
    constexpr std::size_t longest = 70; // A Unix socket's path has 107 bytes at most.
    if (config.proof.folder.string().size() > longest) {
        root.mistake("snapshots", "proof.folder is too long a path: a socket lies in it, 70 "
                                  "characters are allowed");
    }
    for (const auto& other : {config.database.data_dir, config.state_dir, config.run_dir,
                              config.repository.folder, config.repository.scratch_dir}) {
        if (overlap(config.proof.folder, other)) {
            root.mistake("snapshots", "proof.folder and " + other.string() +
                                          " must not lie in each other: name a folder of its own");
        }
    }
}

/// A wiped or copied data folder must not take the agent's own state with it.
void check_places(Table& root, const AgentConfig& config) {
    const auto data = config.database.data_dir.string() + "/";
    const auto mistake = "it must not lie in " + config.database.engine + ".data_dir";
    if (!config.state_dir.empty() && (config.state_dir.string() + "/").starts_with(data)) {
        root.mistake("state_dir", mistake);
    }
    for (const auto& folder : {config.repository.folder, config.repository.scratch_dir}) {
        if (!folder.empty() && (folder.string() + "/").starts_with(data)) {
            root.mistake("snapshots", folder.string() + " must not lie in " +
                                          config.database.engine +
                                          ".data_dir: what takes the data takes their copies, too");
        }
    }
    if (!config.run_dir.empty() && (config.run_dir.string() + "/").starts_with(data)) {
        root.mistake("run_dir", mistake);
    }
}

/// The driver's word on the engine's table, beside the file's other mistakes.
void note_findings(Table& root, const AgentConfig& config, const LookAtDatabase& look) {
    auto table = root.table(config.database.engine);
    auto settings = table.table("settings");
    constexpr std::string_view below = "settings.";
    for (const auto& finding : look(config)) {
        if (finding.key.starts_with(below)) {
            settings.mistake(finding.key.substr(below.size()), in_a_line(finding));
        } else if (finding.key.empty()) {
            root.mistake(config.database.engine, in_a_line(finding));
        } else {
            table.mistake(finding.key, in_a_line(finding));
        }
    }
}

Result<AgentConfig> read(ConfigFile file, const LookAtDatabase& look) {
    AgentConfig config;
    auto root = file.root();
    config.name = member_name(root);
    config.zone = root.text("zone");
    config.host = root.text("host", this_host());
    config.address = ip_address(root, "address");
    config.state_dir = absolute_path(root, "state_dir");
    config.run_dir = absolute_path(root, "run_dir");
    config.database = read_database(root);
    config.dns = read_dns(file.table("dns"));
    config.agent_lost_after = read_agent_lost_after(file.table("guardian"));
    config.ballast_bytes = read_ballast(file.table("disk"));
    auto divergence = file.table("divergence");
    config.divergence_keep_days =
        static_cast<std::uint32_t>(divergence.integer("keep_days", 1, 3650, 30));
    auto rebuild = file.table("rebuild");
    config.rebuild_most_megabytes =
        static_cast<std::uint32_t>(rebuild.integer("max_rate_megabytes", 0, 1024, 0));
    auto snapshots = file.table("snapshots");
    if (snapshots.present()) {
        config.repository = read_repository(snapshots, config.state_dir);
        config.proof = read_proof(snapshots.table("proof"));
    }
    check_places(root, config);
    check_proof(root, config);
    if (look && root.table(config.database.engine).present()) {
        note_findings(root, config, look);
    }
    if (auto finished = file.finish(); !finished) {
        return tl::unexpected(finished.error());
    }
    return config;
}

} // namespace

Result<AgentConfig> load_agent_config(const std::filesystem::path& path,
                                      const LookAtDatabase& look) {
    auto file = ConfigFile::open(path);
    if (!file) {
        return tl::unexpected(file.error());
    }
    return read(std::move(*file), look);
}

Result<AgentConfig> parse_agent_config(std::string_view text, const std::string& name,
                                       const LookAtDatabase& look) {
    auto file = ConfigFile::parse(text, name);
    if (!file) {
        return tl::unexpected(file.error());
    }
    return read(std::move(*file), look);
}

} // namespace lockstep
