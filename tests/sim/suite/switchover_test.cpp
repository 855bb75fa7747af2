#include <gtest/gtest.h>

#include "tests/sim/history.h"
#include "tests/sim/world.h"

/// A switchover whose standby freezes at the worst time: the door is shut, and the clean stop would
/// wait for it for ever (F22).
namespace lockstep::sim {
namespace {

Awaitable<void> switch_over(Operations& operations, MemberId) {
    SwitchoverRequest request;
    std::string pair = pair_name;
    Operations::Asked by{"operator", false};
    static_cast<void>(
        co_await operations.switch_over(std::move(pair), std::move(request), std::move(by)));
}

class FrozenStandby {
public:
    /// `after` the door was shut, for `span`.
    FrozenStandby(Micros after, Micros span) : after_(after), span_(span) {}

    void strike(World& world) {
        world.ask(switch_over, {});
        watch(world);
    }
    int before_stop = 0; // Frozen when the door was shut and no stop was asked for …
    int in_stop = 0;     // … or while the server stopped.

private:
    void watch(World& world) {
        const auto& record = world.ledger.record();
        const auto& primary = world.database(record.primary);
        const auto standby = standby_of(record);
        const bool is_shut = record.intent.kind == IntentKind::switch_over &&
                             primary.is_primary() && primary.server().door == Door::shut;
        if (standby && is_shut) {
            world.machine.after(after_, [this, &world, from = record.primary, to = *standby] {
                freeze(world, from, to);
            });
            return;
        }
        world.machine.after(100, [this, &world] { watch(world); });
    }
    void freeze(World& world, const std::string& from, const std::string& to) {
        if (!world.database(from).is_primary() || world.ledger.record().primary != from) {
            return; // All was over by then.
        }
        ++(world.database(from).server().stopping ? in_stop : before_stop);
        world.database(to).freeze();
        world.machine.after(span_, [&world, to] { world.database(to).thaw(); });
    }

    Micros after_;
    Micros span_;
};

TEST(Switchover, REDTEAM_F22_EndsWellWhenTheStandbyFreezesBehindTheShutDoor) {
    int before_stop = 0;
    int in_stop = 0;
    int kept = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        const auto some = static_cast<Micros>(seed);
        FrozenStandby frozen(some % 12 * millisecond, (200 + some * 97 % 9000) * millisecond);
        HistoryOptions options;
        options.faults = [&frozen](World& world) { frozen.strike(world); };
        const auto outcome = run_history(seed, options);
        EXPECT_FALSE(outcome.violation) << "seed " << seed << ": " << outcome.violation->invariant
                                        << ": " << outcome.violation->what;
        before_stop += frozen.before_stop;
        in_stop += frozen.in_stop;
        kept += outcome.epoch == Epoch{1} ? 1 : 0;
    }
    EXPECT_GT(before_stop, 5);
    EXPECT_GT(in_stop, 5);
    EXPECT_GT(kept, 5) << "the old primary is given back";
}

} // namespace
} // namespace lockstep::sim
