#include "agent/config.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

const std::string good = R"(name = "a"
zone = "zone-a"
host = "host-a"
address = "10.77.0.11"
state_dir = "/var/lib/lockstep/agent"
run_dir = "/run/lockstep"
[postgresql]
bin_dir = "/usr/lib/postgresql/15/bin"
data_dir = "/var/lib/lockstep/data"
port = 5433
hba = ["host all all 10.77.0.0/24 scram-sha-256"]
[postgresql.settings]
max_connections = 200
log_connections = true
[dns]
listen = ["10.77.0.11:53"]
[disk]
ballast_megabytes = 128
)";

std::string with(const std::string& from, const std::string& to) {
    auto text = good;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

void expect_mistake(const std::string& text, const std::string& place, const std::string& part) {
    const auto config = parse_agent_config(text, "agent.toml");
    ASSERT_FALSE(config.has_value()) << text;
    EXPECT_NE(config.error().message.find("agent.toml:" + place), std::string::npos)
        << config.error().message;
    EXPECT_NE(config.error().message.find(part), std::string::npos) << config.error().message;
}

TEST(AgentConfig, ReadsAWholeFile) {
    const auto config = parse_agent_config(good, "agent.toml");
    ASSERT_TRUE(config.has_value()) << config.error().message;
    EXPECT_EQ(config->name, "a");
    EXPECT_EQ(config->host, "host-a");
    EXPECT_EQ(config->database.engine, "postgresql");
    EXPECT_EQ(config->database.port, 5433);
    EXPECT_EQ(config->database.hba.size(), 1U);
    ASSERT_EQ(config->database.settings.size(), 2U);
    EXPECT_EQ(config->dns.at(0).port, 53);
    EXPECT_EQ(config->ballast_bytes, 128U << 20U);
}

TEST(AgentConfig, AnAgentIsLostAfter30SecondsUnlessTheFileSaysOtherwise) {
    EXPECT_EQ(parse_agent_config(good, "agent.toml")->agent_lost_after, Milliseconds{30000});
    const auto longer = good + "[guardian]\nagent_lost_after_ms = 60000\n";
    EXPECT_EQ(parse_agent_config(longer, "agent.toml")->agent_lost_after, Milliseconds{60000});
    expect_mistake(good + "[guardian]\nagent_lost_after_ms = 1999\n", "20:23", "2000");
}

TEST(AgentConfig, NeedsNoHostNoDnsAndNoSettings) {
    auto text = with("host = \"host-a\"\n", "");
    text.erase(text.find("[postgresql.settings]"));
    const auto config = parse_agent_config(text, "agent.toml");
    ASSERT_TRUE(config.has_value()) << config.error().message;
    EXPECT_FALSE(config->host.empty());
    EXPECT_TRUE(config->dns.empty());
    EXPECT_EQ(config->ballast_bytes, 64U << 20U);
}

/// The same file for another engine.
std::string of_engine(const std::string& engine, const std::string& more = "") {
    auto text = good.substr(0, good.find("[postgresql]"));
    return text + "[" + engine +
           "]\nbin_dir = \"/usr/bin\"\ndata_dir = \"/var/lib/lockstep/data\"\n" + more;
}

TEST(AgentConfig, IsForOneEngine) {
    for (const std::string engine : {"mysql", "mariadb"}) {
        const auto config = parse_agent_config(of_engine(engine), "agent.toml");
        ASSERT_TRUE(config.has_value()) << config.error().message;
        EXPECT_EQ(config->database.engine, engine);
        EXPECT_EQ(config->database.port, 3306);
        EXPECT_EQ(config->database.durability, Durability::flush);
        EXPECT_TRUE(config->database.settings.empty());
    }
    const auto more = "port = 3307\ndurability = \"receive\"\n[mariadb.settings]\n"
                      "max_connections = 200\n";
    const auto config = parse_agent_config(of_engine("mariadb", more), "agent.toml");
    ASSERT_TRUE(config.has_value()) << config.error().message;
    EXPECT_EQ(config->database.port, 3307);
    EXPECT_EQ(config->database.durability, Durability::receive);
    EXPECT_EQ(config->database.settings.size(), 1U);
}

TEST(AgentConfig, WantsOneEngineOnly) {
    expect_mistake(good + "[mariadb]\n", "19:1", "stands beside [postgresql]");
    expect_mistake(of_engine("mysql", "[mariadb]\n"), "10:1", "stands beside [mysql]");
    expect_mistake(good.substr(0, good.find("[postgresql]")), "1:1", "postgresql.bin_dir");
    expect_mistake(of_engine("oracle"), "7:", "oracle");
}

TEST(AgentConfig, KnowsWhatEachEngineHas) {
    expect_mistake(of_engine("mariadb", "hba = []\n"), "10:1", "hba");
    expect_mistake(of_engine("mariadb", "durability = \"never\"\n"), "10:", "flush");
    expect_mistake(with("port = 5433", "durability = \"flush\""), "10:1", "durability");
}

TEST(AgentConfig, NamesAnUnknownKeyAndItsPlace) {
    expect_mistake(with("zone =", "colour = 1\nzone ="), "2:1", "colour");
    expect_mistake(with("bin_dir", "bin_dri"), "8:1", "bin_dri");
}

TEST(AgentConfig, NamesAWrongType) {
    expect_mistake(with("port = 5433", "port = \"5433\""), "10:", "port");
    expect_mistake(with("port = 5433", "port = 70000"), "10:", "65535");
}

TEST(AgentConfig, WantsAMemberName) {
    expect_mistake(with("name = \"a\"", "name = \"A-1\""), "1:", "lower case");
    expect_mistake(with("name = \"a\"\n", ""), "1:1", "name");
}

TEST(AgentConfig, WantsAddressesNotNames) {
    expect_mistake(with("address = \"10.77.0.11\"", "address = \"db-a\""), "4:", "IP address");
    expect_mistake(with("\"10.77.0.11:53\"", "\"db-a:53\""), "16:", "IP address");
}

TEST(AgentConfig, WantsAbsolutePaths) {
    expect_mistake(with("\"/run/lockstep\"", "\"run\""), "6:", "absolute");
}

TEST(AgentConfig, KeepsItsStateOutOfTheDataFolder) {
    expect_mistake(with("\"/var/lib/lockstep/agent\"", "\"/var/lib/lockstep/data/agent\""),
                   "5:", "data_dir");
    const auto beside = parse_agent_config(
        with("\"/var/lib/lockstep/agent\"", "\"/var/lib/lockstep/data-agent\""), "agent.toml");
    EXPECT_TRUE(beside.has_value());
}

TEST(AgentConfig, TellsAllMistakesAtOnce) {
    auto text = with("port = 5433", "port = true");
    text += "nowhere = 1\n";
    const auto config = parse_agent_config(text, "agent.toml");
    ASSERT_FALSE(config.has_value());
    EXPECT_NE(config.error().message.find("port"), std::string::npos);
    EXPECT_NE(config.error().message.find("nowhere"), std::string::npos);
}

TEST(AgentConfig, AnAbsolutePathIsAFolderForSnapshots) {
    const auto config =
        parse_agent_config(good + "[snapshots]\nrepository = \"/mnt/backup/\"\n", "agent.toml");
    ASSERT_TRUE(config.has_value()) << config.error().message;
    EXPECT_EQ(config->repository.folder, "/mnt/backup/");
    EXPECT_TRUE(config->repository.remote.empty());
    expect_mistake(good + "[snapshots]\nrepository = \"backup\"\n", "20:14", "absolute");
    expect_mistake(good + "[snapshots]\nrepository = \"/var/lib/lockstep/data/x\"\n", "19",
                   "must not lie in");
}

TEST(AgentConfig, ARemoteForSnapshotsIsNamedAndItsCredentialsAreElsewhere) {
    const auto with_remote = [](const std::string& remote) {
        return good + "[snapshots]\nrepository = \"rclone:" + remote +
               "\"\nrclone_config = \"/etc/lockstep/rclone.conf\"\n";
    };
    const auto config = parse_agent_config(with_remote("off-site.1:bucket/a b/"), "agent.toml");
    ASSERT_TRUE(config.has_value()) << config.error().message;
    EXPECT_TRUE(config->repository.folder.empty());
    EXPECT_EQ(config->repository.remote, "off-site.1:bucket/a b");
    EXPECT_EQ(config->repository.rclone_config, "/etc/lockstep/rclone.conf");
    EXPECT_EQ(config->repository.scratch_dir, "/var/lib/lockstep/agent/scratch");
    for (const std::string bad : {"", "bucket", ":s3,access_key_id=x:bucket",
                                  "offsite,secret_access_key=x:bucket", "off site:bucket"}) {
        expect_mistake(with_remote(bad), "20:14", "rclone:REMOTE:PATH");
    }
    expect_mistake(good + "[snapshots]\nrepository = \"rclone:offsite:bucket\"\n", "19",
                   "rclone_config");
    expect_mistake(with_remote("offsite:bucket") + "scratch_dir = \"/var/lib/lockstep/data/s\"\n",
                   "19", "must not lie in");
    expect_mistake(with_remote("offsite:bucket") + "scratch_dir = \"s\"\n", "22:15", "absolute");
}

TEST(AgentConfig, ProvesInAFolderOfItsOwn) {
    const auto snapshots = good + "[snapshots]\nrepository = \"/mnt/backup\"\n";
    EXPECT_TRUE(parse_agent_config(snapshots, "agent.toml")->proof.folder.empty());
    const auto proof = snapshots + "[snapshots.proof]\n";
    const auto config = parse_agent_config(proof + "folder = \"/srv/proof\"\n", "agent.toml");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->proof.folder, "/srv/proof");
    EXPECT_TRUE(config->proof.script.empty());
    EXPECT_TRUE(config->proof.database.empty());
    for (const auto* const taken : {"/var/lib/lockstep/data", "/var/lib/lockstep/data/proof",
                                    "/var/lib/lockstep", "/mnt/backup/proof", "/"}) {
        expect_mistake(proof + "folder = \"" + taken + "\"\n", "", "each other");
    }
    expect_mistake(proof + "folder = \"/" + std::string(71, 'p') + "\"\n", "", "too long");
    expect_mistake(proof + "folder = \"proof\"\n", "", "absolute");
}

} // namespace
} // namespace lockstep
