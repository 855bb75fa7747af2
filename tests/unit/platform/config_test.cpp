#include "platform/config.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace lockstep {
namespace {

ConfigFile parsed(std::string_view text) {
    auto file = ConfigFile::parse(text, "agent.toml");
    EXPECT_TRUE(file) << (file ? "" : file.error().message);
    return *file;
}

std::string mistakes_of(ConfigFile& file) {
    const auto done = file.finish();
    return done ? "" : done.error().message;
}

TEST(Config, ReadsEveryKindOfValue) {
    auto file = parsed("name = \"a\"\n"
                       "mode = \"wait\"\n"
                       "[postgresql]\n"
                       "port = 5433\n"
                       "sync = true\n"
                       "hba = [\"host all\", \"local all\"]\n");
    auto root = file.root();
    EXPECT_EQ(root.text("name"), "a");
    EXPECT_EQ(root.text("host", "here"), "here");
    EXPECT_EQ(root.word("mode", {"continue", "wait"}, "continue"), "wait");
    auto postgres = file.table("postgresql");
    EXPECT_TRUE(postgres.present());
    EXPECT_EQ(postgres.integer("port", 1, 65535, 5432), 5433);
    EXPECT_TRUE(postgres.flag("sync", false));
    EXPECT_EQ(postgres.texts("hba"), (std::vector<std::string>{"host all", "local all"}));
    EXPECT_FALSE(file.table("dns").present());
    EXPECT_EQ(mistakes_of(file), "");
}

TEST(Config, FallsBackWhereAKeyIsLeftOut) {
    auto file = parsed("");
    auto table = file.table("postgresql");
    EXPECT_EQ(table.text("host", "here"), "here");
    EXPECT_EQ(table.word("mode", {"continue", "wait"}, "continue"), "continue");
    EXPECT_EQ(table.integer("port", 1, 65535, 5432), 5432);
    EXPECT_TRUE(table.flag("sync", true));
    EXPECT_TRUE(table.texts("hba").empty());
    EXPECT_TRUE(table.settings().empty());
    EXPECT_EQ(mistakes_of(file), "");
}

TEST(Config, AnUnknownKeyIsToldWithItsPlaceAndWhatIsAllowed) {
    auto file = parsed("name = \"a\"\n\n[postgresql]\n  prot = 5432\n");
    EXPECT_EQ(file.root().text("name"), "a");
    auto table = file.table("postgresql");
    EXPECT_EQ(table.integer("port", 1, 65535, 5432), 5432);
    EXPECT_EQ(table.text("data_dir", "d"), "d");
    EXPECT_EQ(mistakes_of(file), "agent.toml:4:3: unknown key \"postgresql.prot\" (did you mean "
                                 "\"port\"?); allowed: port, data_dir");
}

TEST(Config, AnUnknownTableIsAMistake) {
    auto file = parsed("name = \"a\"\n[mysql]\nport = 1\n");
    EXPECT_EQ(file.root().text("name"), "a");
    static_cast<void>(file.table("postgresql"));
    EXPECT_EQ(mistakes_of(file),
              "agent.toml:2:2: unknown key \"mysql\"; allowed: name, postgresql");
}

TEST(Config, EveryMistakeIsToldInTheOrderOfTheFile) {
    auto file = parsed("[listen]\n"
                       "api = 7443\n"
                       "agents = \"\"\n"
                       "[dns]\n"
                       "listen = [\"127.0.0.1:53\", 5]\n"
                       "ttl = 100000\n"
                       "mode = \"wiat\"\n"
                       "fast = \"yes\"\n");
    auto dns = file.table("dns");
    static_cast<void>(dns.texts("listen"));
    static_cast<void>(dns.integer("ttl", 0, 86400, 2));
    static_cast<void>(dns.word("mode", {"continue", "wait"}, "continue"));
    static_cast<void>(dns.flag("fast", false));
    auto listen = file.table("listen");
    static_cast<void>(listen.text("api"));
    static_cast<void>(listen.text("agents"));
    EXPECT_EQ(mistakes_of(file),
              "agent.toml:2:7: \"listen.api\" is an integer; allowed: text that is not empty\n"
              "agent.toml:3:10: \"listen.agents\" is empty; allowed: text that is not empty\n"
              "agent.toml:5:27: \"dns.listen[]\" is an integer; allowed: text\n"
              "agent.toml:6:7: \"dns.ttl\" is 100000; allowed: an integer from 0 to 86400\n"
              "agent.toml:7:8: \"dns.mode\" is \"wiat\" (did you mean \"wait\"?); allowed: "
              "continue, wait\n"
              "agent.toml:8:8: \"dns.fast\" is text; allowed: true or false");
}

TEST(Config, ARequiredKeyThatIsMissingIsToldAtItsTable) {
    auto file = parsed("\n[postgresql]\n");
    static_cast<void>(file.root().text("name"));
    static_cast<void>(file.table("postgresql").integer("port", 1, 65535));
    static_cast<void>(file.table("postgresql").word("mode", {"x"}, ""));
    EXPECT_EQ(mistakes_of(file),
              "agent.toml:1:1: \"name\" is missing; allowed: text that is not empty\n"
              "agent.toml:2:1: \"postgresql.port\" is missing; allowed: an integer from 1 to "
              "65535\n"
              "agent.toml:2:1: \"postgresql.mode\" is missing; allowed: x");
}

TEST(Config, WhatStandsForATableIsOneMistakeNotOneForEachKey) {
    auto file = parsed("postgresql = 5\n");
    auto table = file.table("postgresql");
    EXPECT_FALSE(table.present());
    static_cast<void>(table.text("bin_dir"));
    static_cast<void>(table.table("inner").text("deeper"));
    EXPECT_EQ(mistakes_of(file), "agent.toml:1:14: \"postgresql\" is an integer; allowed: a "
                                 "table, [postgresql]");
}

TEST(Config, SettingsAreHandedOnAsText) {
    auto file = parsed("[postgresql.settings]\n"
                       "max_connections = 200\n"
                       "fsync = true\n"
                       "work_mem = \"4MB\"\n");
    auto settings = file.table("postgresql").table("settings").settings();
    using Pairs = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(settings,
              (Pairs{{"fsync", "true"}, {"max_connections", "200"}, {"work_mem", "4MB"}}));
    EXPECT_EQ(mistakes_of(file), "");
}

TEST(Config, ASettingWithAFractionHasToBeQuoted) {
    auto file = parsed("[settings]\nrandom_page_cost = 1.1\n");
    EXPECT_TRUE(file.table("settings").settings().empty());
    EXPECT_EQ(mistakes_of(file),
              "agent.toml:2:20: \"settings.random_page_cost\" is a number with a fraction; "
              "allowed: text (in quotes), an integer, true or false");
}

TEST(Config, ACallersMistakeIsToldAtTheValue) {
    auto file = parsed("[dns]\nzone = \"-\"\n");
    auto dns = file.table("dns");
    EXPECT_EQ(dns.text("zone"), "-");
    dns.mistake("zone", "is no host name; allowed: letters, digits, hyphens");
    EXPECT_EQ(mistakes_of(file),
              "agent.toml:2:8: \"dns.zone\" is no host name; allowed: letters, digits, hyphens");
}

TEST(Config, WhatIsNotTomlIsToldWithItsPlace) {
    const auto file = ConfigFile::parse("name = \"a\"\nport = = 5\n", "agent.toml");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, Errc::refused);
    EXPECT_EQ(file.error().message.find("agent.toml:2:8: this is not TOML: "), 0U)
        << file.error().message;
}

TEST(Config, AFileIsNamedInItsMistakesAndWhenItIsMissing) {
    const TemporaryFolder folder;
    const auto path = folder / "controller.toml";
    EXPECT_NE(ConfigFile::open(path).error().message.find(path.string()), std::string::npos);
    std::ofstream(path) << "nmae = 1\n";
    auto file = ConfigFile::open(path);
    ASSERT_TRUE(file);
    EXPECT_EQ(file->finish().error().message.find(path.string() + ":1:1: unknown key"), 0U);
}

TEST(HostPort, ReadsBothFamilies) {
    const auto four = parse_host_port("10.77.0.1:7400").value();
    EXPECT_EQ(four.address, "10.77.0.1");
    EXPECT_EQ(four.port, 7400);
    const auto six = parse_host_port("[fd00::1]:53").value();
    EXPECT_EQ(six.address, "fd00::1");
    EXPECT_EQ(six.port, 53);
}

TEST(HostPort, RefusesAllElseAndSaysWhatIsAllowed) {
    for (const auto* const text :
         {"", "10.0.0.1", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:+5", "10.0.0.1:5x",
          "localhost:5", "fd00::1:53", "[10.0.0.1]:5", "[]:5", ":5", "10.0.0:5"}) {
        const auto result = parse_host_port(text);
        ASSERT_FALSE(result) << text;
        EXPECT_EQ(result.error().code, Errc::refused);
        EXPECT_NE(result.error().message.find("allowed: ADDRESS:PORT"), std::string::npos);
    }
}

} // namespace
} // namespace lockstep
