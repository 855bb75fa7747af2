#include <gtest/gtest.h>

#include "tests/sim/history.h"
#include "tests/sim/world.h"

/// What befalls a pair with semi-synchronous replication, and no pair of PostgreSQL.
namespace lockstep::sim {
namespace {

/// Both servers crash while the standby cannot hear that it is to be promoted: it comes up as the
/// standby that it was. MariaDB has thrown away by then what it had acknowledged and not replayed.
class CrashOfBoth {
public:
    explicit CrashOfBoth(Micros after) : after_(after) {}

    void strike(World& world) {
        world.machine.after(after_, [&world] {
            const auto& record = world.ledger.record();
            const auto standby = standby_of(record);
            if (!standby) {
                return;
            }
            world.network.cut(controller_host, *standby);
            world.database(record.primary).kill("killed by signal 9");
            world.database(*standby).kill("killed by signal 9");
            world.machine.after(
                second, [&world, standby] { world.network.mend(controller_host, *standby); });
        });
    }

private:
    Micros after_;
};

TEST(Semisync, VITESS_S7b_IsNotPromotedOnWhatANewStartThrewAway) {
    int refused = 0;
    int promoted = 0;
    for (std::uint64_t seed = 0; seed < 48; ++seed) { // MariaDB and MySQL, eight by eight.
        CrashOfBoth crash(1500 * millisecond + static_cast<Micros>(seed) * 711);
        HistoryOptions options;
        options.engine = Engine::semisync;
        options.keeps_trace = true;
        options.faults = [&crash](World& world) { crash.strike(world); };
        const auto outcome = run_history(seed, options);
        EXPECT_FALSE(outcome.violation) << "seed " << seed << ": " << outcome.violation->invariant
                                        << ": " << outcome.violation->what;
        EXPECT_EQ(outcome.lost, 0U) << "seed " << seed;
        bool was_refused = false;
        for (const auto& line : outcome.trace) {
            was_refused = was_refused || line.find("it was restarted before it") != line.npos;
        }
        refused += was_refused ? 1 : 0;
        promoted += !was_refused && outcome.epoch > Epoch{1} ? 1 : 0;
    }
    EXPECT_GT(refused, 3) << "by MariaDB";
    EXPECT_GT(promoted, 3) << "by MySQL, which keeps its relay logs";
}

} // namespace
} // namespace lockstep::sim
