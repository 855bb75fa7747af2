#include <csignal>
#include <thread>

#include "tests/e2e/bed.h"
#include "tests/support/testbed/faults.h"

namespace lockstep::e2e {
namespace {

// Those that cannot be carried out: life_test.cpp has the others. About 12 s each, most of it to
// form the pair.
class Switchover : public EndToEnd {
protected:
    void SetUp() override {
        EndToEnd::SetUp();
        bed().form();
    }

    /// The server process that writes checkpoints: stopped, it keeps a primary preparing.
    [[nodiscard]] pid_t checkpointer_of(const std::string& member) {
        const auto rows = ask_once(bed().superuser_of(member),
                                   "select pid from pg_stat_activity "
                                   "where backend_type = 'checkpointer'",
                                   in(Milliseconds{20000}));
        return static_cast<pid_t>(std::stol(rows.at(0).at(0)));
    }
};

TEST_F(Switchover, ToAStandbyThatIsFrozenIsGivenUpAndThePrimaryGoesOn) {
    const auto writers = begin_writing();
    const auto before = bed().postmaster("a");
    freeze_database(bed(), "b");
    const auto outcome = bed().cli({"switchover", "shop"}, Milliseconds{30000});
    EXPECT_EQ(outcome.status, 1) << outcome.output << outcome.errors;
    thaw_database(bed(), "b");
    expect_writes(*writers);
    EXPECT_EQ(primary(), "a");
    EXPECT_EQ(bed().postmaster("a"), before);
    expect_nothing_lost(*writers);
}

TEST_F(Switchover, IsRefusedWhileNoStandbyIsInSync) {
    kill_member("b");
    bed().wait_for_pair(
        "go on alone", [](const Json& pair) { return pair.at("phase") == "solo"; },
        Milliseconds{45000});
    const auto before = bed().pair().at("revision");
    for (const bool dry : {true, false}) {
        const auto refused = dry ? bed().cli({"switchover", "shop", "--dry-run"})
                                 : bed().cli({"switchover", "shop"});
        EXPECT_EQ(refused.status, 1);
        EXPECT_NE(refused.errors.find("not in sync"), std::string::npos) << refused.errors;
    }
    EXPECT_EQ(bed().pair().at("revision"), before);
}

TEST_F(Switchover, BecomesAFailoverWhenThePrimaryIsKilledInTheMiddle) {
    const auto writers = begin_writing();
    const auto checkpointer = checkpointer_of("a");
    ASSERT_EQ(kill(checkpointer, SIGSTOP), 0);
    const auto asked = bed().cli({"switchover", "shop", "--no-wait"});
    ASSERT_EQ(asked.status, 0) << asked.errors;
    bed().wait_for_pair(
        "be switching over",
        [](const Json& pair) {
            return pair.at("because").get<std::string>().find("checkpoint") != std::string::npos;
        },
        Milliseconds{20000});
    expect_writes(*writers); // It serves meanwhile.
    kill_postmaster(bed(), "a");
    expect_writes(*writers);
    EXPECT_EQ(primary(), "b");
    expect_nothing_lost(*writers);
}

} // namespace
} // namespace lockstep::e2e
