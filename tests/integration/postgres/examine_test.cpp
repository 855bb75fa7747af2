#include <gtest/gtest.h>

#include "tests/integration/postgres/bed.h"

/// What `lockstep config check` finds on real programs and servers.
namespace lockstep {
namespace {

using bed::Bed;

Findings look(Bed& bed, const PostgresConfig& config) {
    PostgresDriver driver(bed.context().get_executor(), config);
    auto found = bed.run([&driver]() -> Awaitable<Findings> {
        const auto deadline = Deadline::in(std::chrono::seconds{30});
        co_return co_await driver.examine(deadline);
    }());
    driver.forget_server();
    return found;
}

std::string words_of(const Findings& found) {
    std::string text;
    for (const auto& finding : found) {
        text += (finding.weight == Finding::Weight::refused ? "refused " : "reported ") +
                finding.key + " " + finding.what + ": " + finding.mend + "\n";
    }
    return text;
}

TEST(PostgresExamine, FindsNothingWrongWithAServerAsItsAgentRunsIt) {
    Bed bed;
    EXPECT_EQ(words_of(look(bed, bed.a().config())), "") << "no server runs";
    bed.form_primary();
    EXPECT_EQ(words_of(look(bed, bed.a().config())), "");
}

TEST(PostgresExamine, FindsWhatTheProgramWouldRefuse) {
    Bed bed;
    auto config = bed.a().config();
    config.settings.emplace_back("max_conections", "10");
    auto text = words_of(look(bed, config));
    EXPECT_NE(text.find("refused settings.max_conections unrecognized"), std::string::npos) << text;
    config.settings.back() = {"work_mem", "banana"};
    text = words_of(look(bed, config));
    EXPECT_NE(text.find("refused settings.work_mem invalid value"), std::string::npos) << text;
}

TEST(PostgresExamine, FindsWhatBreaksR1OnARunningServerAndHowToMendIt) {
    Bed bed;
    bed.form_primary();
    bed.a().sql("alter role client set synchronous_commit = off");
    bed.a().sql("create unlogged table loose (id int)");
    bed.a().sql("alter system set fsync = off");
    bed.a().sql("select pg_reload_conf()");
    bed.a().observe_until([](const auto& now) { return !now.lowered.empty(); }, "fsync is off");
    const auto text = words_of(look(bed, bed.a().config()));
    for (const auto* const part :
         {"reported  RPO 0 not in force for role client", "RESET", "unlogged tables", "SET LOGGED",
          "refused  RPO 0 is not in "
          "force: fsync is \"off\""}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << " not in " << text;
    }
}

} // namespace
} // namespace lockstep
