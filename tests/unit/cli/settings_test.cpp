#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include <sys/stat.h>
#include <unistd.h>

#include "cli/api.h"
#include "tests/support/cli_run.h"

namespace lockstep::cli {
namespace {

namespace fs = std::filesystem;

/// A folder of the test's own, gone after it.
class Settings_ : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "lockstep-cli-XXXXXX").string();
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { fs::remove_all(folder_); }

    void write(const fs::path& name, const std::string& text) const {
        fs::create_directories((folder_ / name).parent_path());
        std::ofstream(folder_ / name) << text;
    }

    [[nodiscard]] Answer<Settings> find(const GivenSettings& given = {}) const {
        const auto variable = [this](const std::string& name) {
            const auto found = variables_.find(name);
            return found == variables_.end() ? std::nullopt
                                             : std::optional<std::string>(found->second);
        };
        return find_settings(given, variable, folder_ / "etc.toml");
    }

    fs::path folder_;
    std::map<std::string, std::string> variables_;
};

TEST_F(Settings_, TheNearestSayCounts) {
    write("etc.toml", "controller = \"10.0.0.1:1\"\nidentity = \"/etc-identity\"\n");
    EXPECT_EQ(find()->controller.address, "10.0.0.1");

    variables_["HOME"] = folder_ / "home";
    write("home/.config/lockstep/cli.toml", "controller = \"10.0.0.2:2\"\n");
    EXPECT_EQ(find()->controller.address, "10.0.0.2");
    EXPECT_EQ(find()->identity, "/etc-identity") << "each key for itself";

    variables_["XDG_CONFIG_HOME"] = folder_ / "xdg";
    write("xdg/lockstep/cli.toml", "controller = \"10.0.0.3:3\"\n");
    EXPECT_EQ(find()->controller.address, "10.0.0.3");

    variables_["LOCKSTEP_CONTROLLER"] = "10.0.0.4:4";
    EXPECT_EQ(find()->controller.address, "10.0.0.4");

    EXPECT_EQ(find({"10.0.0.5:5", "/given"})->controller.address, "10.0.0.5");
    EXPECT_EQ(find({"10.0.0.5:5", "/given"})->identity, "/given");
}

TEST_F(Settings_, WhatIsMissingIsNamedWithEveryWayToGiveIt) {
    const auto nothing = find();
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error().status, ExitStatus::usage);
    EXPECT_TRUE(contains(nothing.error().message, "--controller")) << nothing.error().message;
    EXPECT_TRUE(contains(nothing.error().message, "LOCKSTEP_CONTROLLER"));
    const auto no_identity = find({"10.0.0.1:1", ""});
    ASSERT_FALSE(no_identity);
    EXPECT_TRUE(contains(no_identity.error().message, "--identity")) << no_identity.error().message;
}

TEST_F(Settings_, AMistakeInAFileIsToldWithLineAndColumn) {
    const std::map<std::string, std::string> mistakes = {
        {"controler = \"10.0.0.1:1\"\n", "etc.toml:1:"},
        {"# first\ncontroller = 7443\n", "etc.toml:2:"},
        {"identity = \"/i\"\ncontroller = \"db.example.test:7443\"\n", "etc.toml:2:"},
        {"controller = \n", "etc.toml:1:"}};
    for (const auto& [text, place] : mistakes) {
        write("etc.toml", text);
        const auto settings = find();
        ASSERT_FALSE(settings) << text;
        EXPECT_EQ(settings.error().status, ExitStatus::usage);
        EXPECT_TRUE(contains(settings.error().message, place)) << settings.error().message;
    }
}

TEST_F(Settings_, AHostNameIsNoAddress) {
    const auto settings = find({"db.example.test:7443", "/i"});
    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().status, ExitStatus::usage);
}

TEST_F(Settings_, AMissingIdentityFileIsNamedWithTheCommandThatMakesIt) {
    Settings settings{{"127.0.0.1", 1}, folder_};
    write("ca.pem", "x");
    const auto api = connect(settings);
    ASSERT_FALSE(api);
    EXPECT_EQ(api.error().status, ExitStatus::usage);
    EXPECT_TRUE(contains(api.error().message, "operator.pem is missing")) << api.error().message;
    EXPECT_TRUE(contains(api.error().message, "lockstep ca init"));
}

using CaInit = Settings_;

TEST_F(CaInit, MakesSixFilesWithKeysForTheOwnerOnly) {
    CliRun cli;
    const auto identity = folder_ / "identity";
    EXPECT_EQ(
        cli.run({"ca", "init", "--dir", identity, "--address", "10.77.0.1", "--operator", "grace"}),
        0)
        << cli.err.str();
    for (const auto* name : {"ca", "controller", "operator"}) {
        struct stat status {};
        ASSERT_EQ(stat((identity / (std::string(name) + ".key")).c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777U, 0600U) << name;
        EXPECT_TRUE(fs::exists(identity / (std::string(name) + ".pem")));
    }
    EXPECT_TRUE(contains(cli.out.str(), "lockstep token create MEMBER")) << cli.out.str();
    EXPECT_TRUE(cli.api->requests.empty()) << "works offline";
}

TEST_F(CaInit, NeverOverwrites) {
    for (const auto* name : {"ca.pem", "ca.key", "operator.key"}) {
        CliRun cli;
        const auto identity = folder_ / name;
        write(fs::path(name) / name, "mine");
        EXPECT_EQ(cli.run({"ca", "init", "--dir", identity, "--address", "10.77.0.1"}), 1);
        EXPECT_TRUE(contains(cli.err.str(), std::string(name) + " exists")) << cli.err.str();
        const auto files = std::distance(fs::directory_iterator(identity), {});
        EXPECT_EQ(files, 1) << "nothing was made";
    }
}

TEST_F(CaInit, WantsAddressesThatAreOnes) {
    CliRun cli;
    EXPECT_EQ(cli.run({"ca", "init", "--dir", folder_ / "i", "--address", "host.example"}), 2);
    EXPECT_FALSE(fs::exists(folder_ / "i"));
}

TEST_F(CaInit, WhereNothingCanBeWrittenSaysWhy) {
    CliRun cli;
    write("file", "x");
    EXPECT_EQ(cli.run({"ca", "init", "--dir", folder_ / "file" / "i", "--address", "10.77.0.1"}),
              1);
    EXPECT_TRUE(contains(cli.err.str(), "cannot make")) << cli.err.str();
}

} // namespace
} // namespace lockstep::cli
