#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/e2e/bed.h"

/// What only an old primary had: its way back, and what an operator is shown. About 50 s in all.
namespace lockstep::e2e {
namespace {

namespace fs = std::filesystem;

/// The pid of a process whose command line has `word` and `other` in it and not `but`; 0: none.
pid_t process_with(const std::string& word, const std::string& other, const std::string& but) {
    for (const auto& entry : fs::directory_iterator("/proc")) {
        std::ifstream file(entry.path() / "cmdline");
        std::string line; // Stays empty when it vanishes just now.
        std::getline(file, line);
        if (line.find(word) != std::string::npos && line.find(other) != std::string::npos &&
            line.find(but) == std::string::npos) {
            return static_cast<pid_t>(std::stol("0" + entry.path().filename().string()));
        }
    }
    return 0;
}

class OldPrimary : public EndToEnd {
protected:
    void SetUp() override {
        EndToEnd::SetUp();
        bed().form();
    }

    /// Cuts a off, and commits something there that nobody is told is committed.
    void commit_on_a_alone() {
        bed().network().cut("a");
        expect_commit_waits("a", "create table only_on_a as select generate_series(1, 5000)");
    }
};

TEST_F(OldPrimary, R8_ComesBackByRewindAndShowsWhatItAloneHad) {
    const auto writers = begin_writing();
    expect_writes(*writers);
    commit_on_a_alone();
    expect_writes(*writers);
    ASSERT_EQ(primary(), "b");
    bed().network().heal("a");
    expect_in_sync_under("b");
    expect_event("rewound", "history of b", Milliseconds{20000});
    EXPECT_FALSE(has_event("cloned", "in ") && has_event("not rewound")) << bed().state_of_things();
    expect_nothing_lost(*writers);
    const auto gone = ask_once(bed().superuser_of("a"), "select to_regclass('only_on_a') is null",
                               in(Milliseconds{20000}));
    EXPECT_EQ(gone.at(0).at(0), "t");

    const auto kept = wait_for_divergence();
    EXPECT_EQ(kept.at("member"), "a");
    EXPECT_EQ(kept.at("rejoined"), "rewind");
    EXPECT_EQ(kept.at("log").at("trouble"), "");
    EXPECT_GE(kept.at("log").at("committed"), 1);
    EXPECT_GT(kept.at("overwritten_bytes"), 0);
    const fs::path folder = kept.at("folder").get<std::string>();
    EXPECT_TRUE(fs::exists(folder / "transactions.txt"));
    EXPECT_TRUE(fs::exists(folder / "overwritten" / "README.txt"));
    const auto shown = bed().cli({"divergence", "show", kept.at("id").get<std::string>()});
    EXPECT_EQ(shown.status, 0) << shown.errors;
    EXPECT_NE(shown.output.find("pg_waldump"), std::string::npos) << shown.output;
    EXPECT_NE(shown.output.find("committed 20"), std::string::npos) << shown.output;

    // The controller only remembers: it says so when the agent is away, and after its own restart.
    kill_member("a");
    bed().controller().end(SIGKILL, in(Milliseconds{20000}));
    bed().start_controller();
    const auto forgotten = bed().cli({"divergence", "list", "shop"});
    EXPECT_NE(forgotten.output.find("Agent a has told nothing"), std::string::npos)
        << forgotten.output;
    bed().start_agent("a");
    EXPECT_EQ(wait_for_divergence(), kept);
}

TEST_F(OldPrimary, IsClonedWhenItsAgentIsKilledInTheMiddleOfARewind) {
    commit_on_a_alone();
    bed().wait_for_pair(
        "fail over", [](const Json& pair) { return pair.at("primary") == "b"; },
        Milliseconds{45000});
    const auto data = bed().folder_of("a").string();
    bed().network().heal("a");
    const auto by = in(Milliseconds{40000});
    // Held where it is: it must not be done before its agent is gone.
    pid_t rewind = 0;
    while (rewind == 0 || kill(rewind, SIGSTOP) != 0) {
        ASSERT_LT(Clock::now(), by) << "no rewind was seen" << bed().state_of_things();
        std::this_thread::sleep_for(Milliseconds{1});
        rewind = process_with("pg_rewind", data, "--dry-run");
    }
    bed().agent("a").end(SIGKILL, in(Milliseconds{20000}));
    bed().start_agent("a");
    expect_in_sync_under("b");
    expect_event("cloned", "copied the data of b", Milliseconds{20000});
    const auto kept = wait_for_divergence();
    EXPECT_EQ(kept.at("rejoined"), "clone");
    EXPECT_EQ(bed().ask({"divergence", "list"}).at("divergences").size(), 1U);
}

} // namespace
} // namespace lockstep::e2e
