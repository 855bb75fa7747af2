#include <csignal>

#include "tests/e2e/bed.h"

/// Stop belongs to the agent: a stop of its unit, or of its host, ends the database, too.
namespace lockstep::e2e {
namespace {

class Stop : public EndToEnd {
protected:
    void SetUp() override {
        EndToEnd::SetUp();
        bed().form();
    }
};

TEST_F(Stop, OfTheAgentsUnitEndsThePrimaryUnderLoadAndLosesNothing) {
    const auto writers = begin_writing();
    const pid_t server = bed().postmaster("a");
    EXPECT_EQ(bed().agent("a").end(SIGPWR, in(Milliseconds{75000})), 0) // As the unit says.
        << bed().agent("a").log_tail();
    EXPECT_NE(kill(server, 0), 0) << "the database goes on";
    expect_writes(*writers);
    EXPECT_EQ(primary(), "b");
    expect_nothing_lost(*writers);
}

} // namespace
} // namespace lockstep::e2e
