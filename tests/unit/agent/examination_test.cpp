#include "agent/examination.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "agent/engines.h"
#include "tests/support/temporary_folder.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr auto file_of_mistakes = R"(name = "a"
zone = "zone-a"
address = "10.77.0.11"
state_dir = "/var/lib/lockstep/agent"
run_dir = "/run/lockstep"
[mariadb]
bin_dir = "/usr/sbin"
data_dir = "/srv/it's"
durabilty = "flush"
[mariadb.settings]
sync_binlog = 0
max_connections = 200
log-bin = "elsewhere"
)";

TEST(AgentFile, TellsTheDriversMistakesBesideItsOwnEachInItsPlace) {
    const auto config = parse_agent_config(file_of_mistakes, "agent.toml", database_findings);
    ASSERT_FALSE(config);
    const auto found = findings_in(config.error().message, "agent.toml");
    std::vector<std::string> places;
    for (const auto& finding : found) {
        EXPECT_FALSE(finding.what.empty());
        places.push_back(finding.place);
    }
    const std::vector<std::string> wanted = {"agent.toml:6:1", "agent.toml:9:1", "agent.toml:11:15",
                                             "agent.toml:13:11"};
    EXPECT_EQ(places, wanted) << config.error().message;
    EXPECT_EQ(found.at(2).mend, "remove it");
}

TEST(AgentFile, OfPostgresqlToo) {
    std::string text = file_of_mistakes;
    for (const auto& [from, to] :
         std::vector<std::pair<std::string, std::string>>{{"[mariadb]", "[postgresql]"},
                                                          {"[mariadb.", "[postgresql."},
                                                          {"durabilty = \"flush\"\n", ""},
                                                          {"sync_binlog", "fsync"},
                                                          {"200", "3"},
                                                          {"log-bin", "restore_command"}}) {
        text.replace(text.find(from), from.size(), to);
    }
    const auto config = parse_agent_config(text, "agent.toml", database_findings);
    ASSERT_FALSE(config);
    EXPECT_EQ(findings_in(config.error().message, "agent.toml").size(), 3U)
        << config.error().message;
}

TEST(Examination, ReadsPlacesOfALineOnly) {
    const auto found =
        findings_in("f.toml:1:2: wrong; do this; or that\nread f.toml: no such file\n"
                    "f.toml:x: odd",
                    "f.toml");
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found.at(0).place, "f.toml:1:2");
    EXPECT_EQ(found.at(0).what, "wrong");
    EXPECT_EQ(found.at(0).mend, "do this; or that");
    EXPECT_EQ(found.at(1).place, "f.toml");
    EXPECT_EQ(found.at(1).what, "read f.toml: no such file");
    EXPECT_EQ(found.at(2).place, "f.toml");
    EXPECT_TRUE(findings_in("", "f.toml").empty());
}

TEST(Examination, SaysHowToMendAndWhatItLookedAt) {
    Examination made;
    made.file = "f.toml";
    made.engine = "mariadb";
    made.read_whole = true;
    EXPECT_FALSE(refuses(made));
    EXPECT_EQ(to_text(made), "f.toml: 0 refused, 0 reported; looked at: file, host, programs (no "
                             "server runs)\n");
    made.server_runs = true;
    made.findings = {{Finding::Weight::reported, "the server at x:1", "", "an account", "REVOKE"},
                     {Finding::Weight::refused, "f.toml:3:1", "mariadb.port", "a port", ""}};
    EXPECT_TRUE(refuses(made));
    const auto text = to_text(made);
    EXPECT_NE(text.find("reported  the server at x:1: an account\n          REVOKE\n"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("1 refused, 1 reported; looked at: file, host, programs, server\n"),
              std::string::npos)
        << text;
    const auto json = nlohmann::json::parse(to_json(made));
    EXPECT_EQ(json.at("refused"), 1);
    EXPECT_EQ(json.at("looked_at").size(), 4U);
    EXPECT_EQ(json.at("findings").at(1).at("key"), "mariadb.port");
    EXPECT_EQ(json.at("findings").at(0).at("weight"), "reported");
}

class Units : public testing::Test {
protected:
    void SetUp() override {
        fs::create_directories(units_ / "multi-user.target.wants");
        fs::create_symlink("/lib/x", units_ / "multi-user.target.wants" / "mariadb.service");
        config_.database.engine = "mariadb";
        config_.database.data_dir = "/var/lib/mysql";
    }
    TemporaryFolder units_;
    AgentConfig config_;
};

TEST_F(Units, ThatABootStartsAreRefusedOnTheirOwnData) {
    auto found = unit_findings(config_, units_.path());
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.at(0).weight, Finding::Weight::refused);
    EXPECT_NE(found.at(0).mend.find("mask mariadb"), std::string::npos);
    config_.database.data_dir = "/var/lib/lockstep/data";
    found = unit_findings(config_, units_.path());
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.at(0).weight, Finding::Weight::reported);
    config_.database.engine = "postgresql";
    EXPECT_TRUE(unit_findings(config_, units_.path()).empty());
}

TEST_F(Units, AreFineWhenMaskedOrTold) {
    fs::create_symlink("/dev/null", units_ / "mariadb.service");
    EXPECT_TRUE(unit_findings(config_, units_.path()).empty());
    fs::remove(units_ / "mariadb.service");
    EXPECT_FALSE(unit_findings(config_, units_.path()).empty());
    fs::create_directories(units_ / "mariadb.service.d" / "lockstep.conf");
    EXPECT_TRUE(unit_findings(config_, units_.path()).empty());
}

} // namespace
} // namespace lockstep
