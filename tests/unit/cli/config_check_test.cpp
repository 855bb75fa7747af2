#include <gtest/gtest.h>

#include "tests/support/cli_run.h"

namespace lockstep::cli {
namespace {

TEST(ConfigCheck, HandsOverToTheDaemonsProgramAndAsksNoController) {
    CliRun cli;
    EXPECT_EQ(cli.run({"config", "check"}), 1);
    const std::vector<std::string> usual = {"check", "--config", "/etc/lockstep/agent.toml"};
    EXPECT_EQ(cli.became, usual);
    cli.run({"--json", "config", "check", "--config", "a.toml"});
    const std::vector<std::string> named = {"check", "--config", "a.toml", "--json"};
    EXPECT_EQ(cli.became, named);
    EXPECT_TRUE(contains(cli.err.str(), "no daemon here"));
    EXPECT_TRUE(cli.api->requests.empty());
}

} // namespace
} // namespace lockstep::cli
