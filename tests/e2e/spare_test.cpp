// A spare takes the place of a member that stays away.
#include <algorithm>

#include "tests/e2e/bed.h"
#include "tests/support/testbed/faults.h"

namespace lockstep::e2e {
namespace {

constexpr Milliseconds patient{45000};

class SparePair : public EndToEnd {
protected:
    [[nodiscard]] std::vector<std::string> members() const override { return {"a", "b", "c"}; }

    [[nodiscard]] std::vector<std::string> pair_options() const override {
        return {"--replace-after", "3"};
    }

    void form_with_spare() {
        bed().form();
        static_cast<void>(bed().ask({"member", "add", "shop", "c", "--spare"}));
        wait_for("have c follow as a spare",
                 [&](const Json& pair) { return is_ready(member_of(pair, "c")); });
    }
    /// A spare of PostgreSQL streams all the while; of the others only the standby may, while
    /// commits wait for it, so that a spare catches up when its turn comes.
    [[nodiscard]] bool is_ready(const Json& spare) const {
        return spare.at("kind") == "spare" && spare.at("server") == "standby" &&
               (engine() != Engine::postgresql || spare.at("stream").at("connected") == true);
    }
    Json wait_for(const std::string& what, const Testbed::Condition& condition) {
        return bed().wait_for_pair(what, condition, patient);
    }
    static bool is_in_sync(const Json& pair, const std::string& primary,
                           const std::string& standby) {
        return pair.at("phase") == "in sync" && pair.at("primary") == primary &&
               pair.at("standby") == standby;
    }
};

class Spares : public SparePair, public testing::WithParamInterface<Engine> {
protected:
    [[nodiscard]] Engine engine() const override { return GetParam(); }
};
INSTANTIATE_TEST_SUITE_P(postgresql, Spares, testing::Values(Engine::postgresql));
INSTANTIATE_TEST_SUITE_P(mysql, Spares, testing::Values(Engine::mysql));
INSTANTIATE_TEST_SUITE_P(mariadb, Spares, testing::Values(Engine::mariadb));

// About 45 s.
TEST_P(Spares, TakeThePlaceOfALostStandbyAndKeepItWhenItIsBack) {
    form_with_spare();
    const auto writers = begin_writing();
    lose_host(bed(), "b");
    wait_for("be in sync with c", [](const Json& pair) { return is_in_sync(pair, "a", "c"); });
    EXPECT_TRUE(has_event("note_away", "b's agent is not heard"));
    EXPECT_TRUE(has_event("replace", "c takes the place of b"));
    expect_writes(*writers);

    return_host(bed(), "b");
    const auto pair = wait_for("have b follow as a spare", [&](const Json& one) {
        const auto b = member_of(one, "b");
        return is_ready(b) && (engine() != Engine::postgresql || // Nobody ever waits for that name.
                               b.at("stream").at("name") == "ls_b_async");
    });
    EXPECT_TRUE(is_in_sync(pair, "a", "c"));
    EXPECT_EQ(member_of(pair, "b").at("in_sync"), false);

    lose_host(bed(), "a");
    wait_for("fail over to c", [](const Json& one) { return one.at("primary") == "c"; });
    expect_writes(*writers);
    expect_nothing_lost(*writers);
}

/// Each member's data on a disk of its own.
class SparesOnDisks : public SparePair {
protected:
    [[nodiscard]] std::uint64_t data_disk_bytes() const override { return 600U << 20U; }
};

// About 45 s.
TEST_F(SparesOnDisks, TakeThePlaceOfAMemberWhoseDiskIsBrokenThoughItsAgentTalks) {
    form_with_spare();
    const auto writers = begin_writing();
    bed().disk_of("b").break_down();
    wait_for("be in sync with c", [](const Json& pair) { return is_in_sync(pair, "a", "c"); });
    EXPECT_TRUE(has_event("replace", "c takes the place of b: b"));
    const auto b = member_of(bed().pair(), "b");
    EXPECT_EQ(b.at("connected"), true) << b;
    EXPECT_EQ(b.at("kind"), "spare") << b;
    expect_writes(*writers);
    expect_nothing_lost(*writers);
}

} // namespace
} // namespace lockstep::e2e
