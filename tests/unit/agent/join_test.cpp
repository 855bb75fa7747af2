#include "agent/join.h"

#include <gtest/gtest.h>

#include "agent/identity.h"
#include "platform/base64url.h"
#include "tests/support/run_coroutine.h"
#include "tests/support/temporary_folder.h"

namespace lockstep {
namespace {

const std::string good = R"({"v":1,"member":"a","secret":"5ec2e7","ca":"cafe",
"controller":"127.0.0.1:1"})";

AgentConfig config_in(const TemporaryFolder& folder) {
    AgentConfig config;
    config.name = "a";
    config.state_dir = folder / "state";
    return config;
}

TEST(JoinToken, IsReadWithBlanksAround) {
    const auto token = parse_token("  " + to_base64url(good) + "\n");
    ASSERT_TRUE(token.has_value()) << token.error().message;
    EXPECT_EQ(token->member, "a");
    EXPECT_EQ(token->controller.port, 1);
}

TEST(JoinToken, IsRefusedWithoutBeingShown) {
    const std::string broken[] = {"",
                                  "§",
                                  to_base64url("{}"),
                                  to_base64url("[1]"),
                                  to_base64url(good.substr(0, 40)),
                                  to_base64url(R"({"v":2,"member":"a"})")};
    for (const auto& text : broken) {
        const auto token = parse_token(text);
        ASSERT_FALSE(token.has_value()) << text;
        EXPECT_NE(token.error().message.find("token"), std::string::npos);
        EXPECT_EQ(token.error().message.find("5ec2e7"), std::string::npos);
    }
}

TEST(Join, RefusesATokenForAnotherMember) {
    const TemporaryFolder folder;
    auto config = config_in(folder);
    config.name = "b";
    asio::io_context context;
    const auto joined = run_to_end(
        context, join(config, *parse_token(to_base64url(good)), Deadline::in(Milliseconds{2000})));
    ASSERT_FALSE(joined.has_value());
    EXPECT_NE(joined.error().message.find("\"a\""), std::string::npos) << joined.error().message;
    EXPECT_FALSE(std::filesystem::exists(config.state_dir));
}

TEST(Join, RefusesAHostThatJoinedAlready) {
    const TemporaryFolder folder;
    const auto config = config_in(folder);
    std::filesystem::create_directories(identity_folder(config.state_dir));
    asio::io_context context;
    const auto joined = run_to_end(
        context, join(config, *parse_token(to_base64url(good)), Deadline::in(Milliseconds{2000})));
    ASSERT_FALSE(joined.has_value());
    EXPECT_NE(joined.error().message.find("already"), std::string::npos);
}

TEST(Join, LeavesNoIdentityWhenNobodyAnswers) {
    const TemporaryFolder folder;
    const auto config = config_in(folder);
    asio::io_context context;
    const auto joined = run_to_end(
        context, join(config, *parse_token(to_base64url(good)), Deadline::in(Milliseconds{2000})));
    ASSERT_FALSE(joined.has_value());
    EXPECT_NE(joined.error().message.find("127.0.0.1:1"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(identity_folder(config.state_dir)));
}

TEST(AgentIdentity, TellsHowToJoin) {
    const TemporaryFolder folder;
    const auto identity = load_identity(folder.path());
    ASSERT_FALSE(identity.has_value());
    EXPECT_NE(identity.error().message.find("lockstepd join"), std::string::npos);
}

} // namespace
} // namespace lockstep
