#include "controller/stream_rules.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

const PeerIdentity agent_a{"a", "agent", "key-a"};

wire::Hello hello_a() {
    wire::Hello hello;
    hello.member = "a";
    hello.instance = "second";
    hello.machine_id = "machine-1";
    hello.host = "host-1";
    return hello;
}

HeldStream held_by(const std::string& machine, const std::string& host, Milliseconds silent) {
    return {"first", machine, host, silent, {}};
}

TEST(Greeting, IsAcceptedFromTheHolderOfTheCertificate) {
    EXPECT_TRUE(check_greeting(agent_a, hello_a()));
}

TEST(Greeting, IsRefusedUnderAnothersName) {
    auto hello = hello_a();
    hello.member = "b";
    const auto checked = check_greeting(agent_a, hello);
    ASSERT_FALSE(checked);
    EXPECT_NE(checked.error().message.find("set name = \"a\""), std::string::npos);
}

TEST(Greeting, IsRefusedFromAnOperatorsOrAControllersCertificate) {
    EXPECT_FALSE(check_greeting({"a", "operator", "key"}, hello_a()));
    EXPECT_FALSE(check_greeting({"a", "controller", "key"}, hello_a()));
}

TEST(Greeting, IsRefusedInAnotherProtocol) {
    auto hello = hello_a();
    hello.protocol = wire::protocol_version + 1;
    const auto checked = check_greeting(agent_a, hello);
    ASSERT_FALSE(checked);
    EXPECT_NE(checked.error().message.find("install the same version"), std::string::npos);
}

TEST(Greeting, IsRefusedUnderAnImpossibleName) {
    auto hello = hello_a();
    hello.member = "../etc";
    EXPECT_FALSE(check_greeting({"../etc", "agent", "key"}, hello));
}

TEST(Key, MustBeTheRecordedOne) {
    RecordedMember recorded;
    recorded.pair = "shop";
    recorded.key = "key-a";
    EXPECT_TRUE(check_key(agent_a, std::nullopt));
    EXPECT_TRUE(check_key(agent_a, recorded));
    recorded.key = "another";
    EXPECT_FALSE(check_key(agent_a, recorded));
}

TEST(Engine, MustBeThePairs) {
    auto hello = hello_a();
    hello.engine = "two";
    EXPECT_TRUE(check_engine(hello, std::nullopt));
    RecordedMember recorded;
    recorded.engine = "two";
    EXPECT_TRUE(check_engine(hello, recorded));
    recorded.engine = "one";
    const auto refused = check_engine(hello, recorded);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("the table [one]"), std::string::npos);
}

TEST(SecondStream, IsWelcomeWhereThereIsNoFirst) {
    EXPECT_TRUE(check_second(hello_a(), std::nullopt, 1500ms));
}

TEST(SecondStream, OfARestartedAgentReplacesTheFirstAtOnce) {
    EXPECT_TRUE(check_second(hello_a(), held_by("machine-1", "host-1", 0ms), 1500ms));
}

TEST(SecondStream, OfAnotherMachineIsRefusedWhileTheFirstLives) {
    const auto refused = check_second(hello_a(), held_by("machine-2", "host-1", 1499ms), 1500ms);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_FALSE(check_second(hello_a(), held_by("machine-1", "host-2", 0ms), 1500ms));
}

TEST(SecondStream, NamesBothHostsWhenRefused) {
    const auto refused = check_second(hello_a(), held_by("machine-2", "host-2", 0ms), 1500ms);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("host-1"), std::string::npos);
    EXPECT_NE(refused.error().message.find("host-2"), std::string::npos);
}

TEST(SecondStream, OfAnotherMachineReplacesAStaleFirst) {
    EXPECT_TRUE(check_second(hello_a(), held_by("machine-2", "host-2", 1500ms), 1500ms));
}

TEST(SecondStream, OfTheSameStartReplacesTheFirst) {
    auto held = held_by("machine-2", "host-2", 0ms);
    held.instance = "second";
    EXPECT_TRUE(check_second(hello_a(), held, 1500ms));
}

TEST(SecondStream, OfAReplacedStartProvesTwoLivingAgentsOnOneMachine) {
    auto held = held_by("machine-1", "host-1", 0ms);
    held.replaced = {"second"};
    EXPECT_FALSE(check_second(hello_a(), held, 1500ms));
    held.silent = 1500ms;
    EXPECT_TRUE(check_second(hello_a(), held, 1500ms));
}

} // namespace
} // namespace lockstep
