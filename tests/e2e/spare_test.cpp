// A spare takes the place of a member that stays away.
#include <algorithm>

#include "tests/e2e/bed.h"
#include "tests/support/testbed/faults.h"

namespace lockstep::e2e {
namespace {

constexpr Milliseconds patient{45000};

class Spares : public EndToEnd {
protected:
    [[nodiscard]] std::vector<std::string> members() const override { return {"a", "b", "c"}; }

    void form_with_spare() {
        bed().init_authority();
        bed().start_controller();
        for (const auto& member : members()) {
            ASSERT_EQ(bed().join(member, bed().make_token(member)).status, 0);
            bed().start_agent(member);
        }
        static_cast<void>(bed().ask({"pair", "create", "shop", "--primary", "a", "--standby", "b",
                                     "--replace-after", "3", "--no-wait"}));
        static_cast<void>(bed().ask({"member", "add", "shop", "c", "--spare"}));
        bed().wait_until_in_sync();
        make_ledger_table(bed().superuser_of("a"), in(patient));
        wait_for("have c follow as a spare", [](const Json& pair) {
            const auto c = member_of(pair, "c");
            return c.at("kind") == "spare" && c.at("server") == "standby" &&
                   c.at("stream").at("connected") == true;
        });
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

// About 45 s.
TEST_F(Spares, TakeThePlaceOfALostStandbyAndKeepItWhenItIsBack) {
    form_with_spare();
    const auto writers = begin_writing();
    lose_host(bed(), "b");
    wait_for("be in sync with c", [](const Json& pair) { return is_in_sync(pair, "a", "c"); });
    EXPECT_TRUE(has_event("note_away", "b's agent is not heard"));
    EXPECT_TRUE(has_event("replace", "c takes the place of b"));
    expect_writes(*writers);

    return_host(bed(), "b");
    const auto pair = wait_for("have b follow as a spare", [](const Json& one) {
        const auto b = member_of(one, "b");
        return b.at("kind") == "spare" && b.at("stream").at("connected") == true &&
               b.at("stream").at("name") == "ls_b_async"; // Which nobody ever waits for.
    });
    EXPECT_TRUE(is_in_sync(pair, "a", "c"));
    EXPECT_EQ(member_of(pair, "b").at("in_sync"), false);

    lose_host(bed(), "a");
    wait_for("fail over to c", [](const Json& one) { return one.at("primary") == "c"; });
    expect_writes(*writers);
    expect_nothing_lost(*writers);
}

/// Each member's data on a disk of its own.
class SparesOnDisks : public Spares {
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
