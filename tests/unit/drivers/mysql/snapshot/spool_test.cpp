#include "drivers/mysql/snapshot/spool.h"

#include <fstream>

#include <gtest/gtest.h>

#include "drivers/common/scratch_folder.h"
#include "drivers/mysql/snapshot/log_place.h"
#include "drivers/mysql/snapshot/replay_plan.h"
#include "platform/files.h"
#include "tests/unit/drivers/mysql/log_maker.h"

namespace lockstep::mysql {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t noon = 1795636800;

/// 1 wrote up to 10, 2 from there on.
class Spool : public testing::Test {
protected:
    Spool() {
        const auto set = GtidSet::parse(Flavour::mariadb, "0-1-10").value();
        note_.system_id = "id";
        note_.descent.reigns = {{1, "1", "a1", GtidSet(Flavour::mariadb)}, {2, "2", "b2", set}};
        EXPECT_TRUE(write_spool_note(spool(), note_));
    }
    [[nodiscard]] fs::path spool() const { return scratch_.path(); }
    void write(const std::string& name, const std::string& content) {
        std::ofstream(spool() / name, std::ios::binary) << content;
    }
    [[nodiscard]] Oversight oversight() const { return overseer_.oversight(); }
    Result<std::vector<LogSegment>> finished() {
        return finished_in(Flavour::mariadb, spool(), oversight());
    }
    std::optional<LogSegment> unfinished() {
        return unfinished_in(Flavour::mariadb, spool(), read_).value();
    }
    /// A file with so many transactions of `server` after `before`, one a second.
    static std::string log_of(std::uint64_t before, std::uint64_t to, unsigned char server = 1) {
        LogMaker log(Flavour::mariadb);
        log.before(before == 0 ? std::vector<LogMaker::Last>{}
                               : std::vector<LogMaker::Last>{{0, server, before}});
        for (auto number = before + 1; number <= to; ++number) {
            log.at(noon + static_cast<std::uint32_t>(number));
            log.transaction(server, number);
        }
        return log.text();
    }
    Result<ReplayPlan> plan(std::uint64_t from, const RestoreTarget& target) {
        return plan_replay(Flavour::mariadb, spool() / "log", note_.descent, from, target);
    }

    ScratchFolder scratch_ = ScratchFolder::make().value();
    asio::io_context context_;
    Overseer overseer_{{}, context_.get_executor(), Deadline::in(std::chrono::seconds{60})};
    SpoolNote note_;
    ReadFiles read_;
};

const auto first_run = run_prefix(1000);
const auto second_run = run_prefix(2000);

TEST_F(Spool, NamesWhatIsFinishedByWhatIsInIt) {
    write(first_run + "binlog.000001", log_of(0, 4));
    write(first_run + "binlog.000002", log_of(4, 4));
    write(first_run + "binlog.000003", log_of(4, 7));
    const auto segments = finished().value();
    ASSERT_EQ(segments.size(), 1U);
    const auto& one = segments.front();
    EXPECT_TRUE(one.name.starts_with("00000000000000000000-00000000000000000004-")) << one.name;
    EXPECT_TRUE(one.name.ends_with(".binlog"));
    EXPECT_EQ(one.from, 0U);
    EXPECT_EQ(one.to, 4U);
    EXPECT_EQ(one.system_id, "id");
    EXPECT_EQ(one.first_unix_ms, (noon + 1) * 1000LL);
    EXPECT_EQ(one.last_unix_ms, (noon + 4) * 1000LL - 1);
    EXPECT_EQ(one.bytes, fs::file_size(spool() / one.name));
    EXPECT_EQ(one.history, to_history(descent_at(note_.descent, 4)));
    EXPECT_FALSE(fs::exists(spool() / (first_run + "binlog.000002"))) << "nothing is in it";
    EXPECT_EQ(finished().value(), segments) << "as long as nobody took it";
    EXPECT_EQ(unfinished()->to, 7U);
}

TEST_F(Spool, HoldsNothingBeforeItIsMade) {
    const auto not_yet = spool() / "not-yet";
    EXPECT_TRUE(finished_in(Flavour::mariadb, not_yet, oversight()).value().empty());
    EXPECT_FALSE(unfinished_in(Flavour::mariadb, not_yet, read_).value());
}

TEST_F(Spool, CountsOnWhatGrows) {
    const auto name = first_run + "binlog.000001";
    EXPECT_FALSE(unfinished());
    const auto whole = log_of(3, 9);
    write(name, whole.substr(0, 10)); // Its head has not come.
    EXPECT_FALSE(unfinished());
    write(name, log_of(3, 6));
    auto seen = unfinished();
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->from, 3U);
    EXPECT_EQ(seen->to, 6U);
    write(name, whole.substr(0, whole.size() - 5)); // The last is torn.
    seen = unfinished();
    EXPECT_EQ(seen->to, 8U);
    EXPECT_EQ(seen->first_unix_ms, (noon + 4) * 1000LL);
    EXPECT_EQ(seen->last_unix_ms, (noon + 8) * 1000LL - 1);
    write(name, whole);
    EXPECT_EQ(unfinished()->to, 9U);
    ReadFiles nothing;
    EXPECT_EQ(unfinished_in(Flavour::mariadb, spool(), nothing).value(), unfinished());
}

TEST_F(Spool, KeepsWhatAnEarlierRunHadUntilALaterOneHasIt) {
    write(first_run + "binlog.000007", log_of(0, 9));
    write(second_run + "binlog.000007", log_of(0, 3));
    EXPECT_EQ(unfinished()->to, 9U);
    ASSERT_TRUE(remove_overtaken(spool(), second_run));
    EXPECT_EQ(unfinished()->to, 9U);
    write(second_run + "binlog.000007", log_of(0, 10));
    ASSERT_TRUE(remove_overtaken(spool(), second_run));
    EXPECT_FALSE(fs::exists(spool() / (first_run + "binlog.000007")));
    EXPECT_EQ(unfinished()->to, 10U);
}

TEST_F(Spool, EndsWhereTheHistoryDoes) {
    // 1's 11 and 12 were never 2's.
    write(first_run + "binlog.000001", log_of(8, 12));
    EXPECT_EQ(unfinished()->to, 10U);
    write(first_run + "binlog.000002", log_of(12, 13));
    const auto held = finished();
    ASSERT_FALSE(held) << "it may be of a promotion that is not noted yet";
    EXPECT_NE(held.error().message.find("0-1-11, which is not of the history"), std::string::npos);
    write(second_run + "binlog.000003", log_of(10, 11, 2));
    const auto segments = finished().value();
    ASSERT_EQ(segments.size(), 1U);
    EXPECT_EQ(segments.front().to, 10U);
    EXPECT_EQ(unfinished()->to, 11U);
    EXPECT_EQ(unfinished()->history, to_history(note_.descent));
}

TEST_F(Spool, NamesADamagedFile) {
    const auto good = log_of(0, 9);
    write(first_run + "binlog.000002", log_of(9, 9));
    for (const std::size_t at :
         {std::size_t{1}, std::size_t{30}, good.size() / 2, good.size() - 1}) {
        auto bent = good;
        bent[at] = static_cast<char>(bent[at] ^ 4);
        write(first_run + "binlog.000001", bent);
        const auto said = finished();
        ASSERT_FALSE(said) << at;
        EXPECT_EQ(said.error().code, Errc::refused);
        EXPECT_NE(said.error().message.find("binlog.000001 is damaged"), std::string::npos)
            << said.error().message;
    }
    write(first_run + "binlog.000001", good.substr(0, good.size() - 7));
    EXPECT_NE(finished().error().message.find("cut off"), std::string::npos);
}

/// Files of a restore: a's up to 12 (two of them phantoms), b's from 8 on.
class Replays : public Spool {
protected:
    Replays() {
        fs::create_directories(spool() / "log");
        write("log/of-a", log_of(0, 12));
        LogMaker log(Flavour::mariadb);
        log.before({{0, 1, 8}});
        for (std::uint64_t number = 9; number <= 14; ++number) {
            log.at(noon + static_cast<std::uint32_t>(number));
            log.transaction(number <= 10 ? 1 : 2, number);
        }
        write("log/of-b", log.text());
    }
    std::uint64_t end(const RestoreTarget& target, std::uint64_t from = 3) {
        const auto planned = plan(from, target);
        EXPECT_TRUE(planned) << planned.error().message;
        return planned ? planned->end : 0;
    }
};

TEST_F(Replays, FollowTheHistoryAcrossFiles) {
    const auto all = plan(3, {}).value();
    EXPECT_EQ(all.end, 14U);
    EXPECT_EQ(all.last_gtid, "0-2-14");
    EXPECT_EQ(all.last_unix_ms, (noon + 14) * 1000LL);
    ASSERT_EQ(all.slices.size(), 2U);
    EXPECT_EQ(all.slices[0].file.filename(), "of-a");
    EXPECT_EQ(all.slices[1].file.filename(), "of-b");
    ASSERT_TRUE(lay_out_relay_logs(all, spool()));
    EXPECT_EQ(read_file(spool() / "relay.index").value(), "./relay.000001\n./relay.000002\n");
    const auto first = read_file(spool() / "relay.000001").value();
    EXPECT_TRUE(first.starts_with("\xfe"
                                  "bin"));
    const auto head = log_of(0, 0).size() - 4 - 19 - 4; // Without the list of what was before.
    EXPECT_EQ(first.size(), head + all.slices[0].end - all.slices[0].begin);
}

TEST_F(Replays, EndAtEachKindOfTarget) {
    RestoreTarget target;
    target.position = Position{{}, 7};
    EXPECT_EQ(end(target), 7U);
    target.position->offset_bytes = 3;
    EXPECT_EQ(end(target), 3U);
    target = {};
    target.transaction = "0-2-12";
    EXPECT_EQ(end(target), 12U);
    target.exclusive = true;
    EXPECT_EQ(end(target), 11U);
    target = {};
    target.consistent = true;
    EXPECT_EQ(end(target), 3U);
    target = {};
    target.unix_ms = (noon + 6) * 1000LL + 998; // Of that second nothing is sure yet.
    EXPECT_EQ(end(target), 5U);
    target.unix_ms = (noon + 6) * 1000LL + 999;
    EXPECT_EQ(end(target), 6U);
    target.unix_ms = (noon + 14) * 1000LL - 1;
    EXPECT_EQ(end(target), 13U);
}

TEST_F(Replays, SayHowFarTheLogGoes) {
    std::vector<RestoreTarget> beyond(4);
    beyond[0].position = Position{{}, 15};
    beyond[1].transaction = "0-1-11"; // A phantom.
    beyond[2].transaction = "0-1-2";  // In the snapshot already.
    beyond[3].unix_ms = (noon + 15) * 1000LL;
    for (const auto& target : beyond) {
        const auto planned = plan(3, target);
        ASSERT_FALSE(planned) << in_words(target);
        EXPECT_EQ(planned.error().code, Errc::refused);
        EXPECT_NE(planned.error().message.find("was not reached: the log goes to transaction 14"),
                  std::string::npos)
            << planned.error().message;
    }
    RestoreTarget named;
    named.name = "x";
    EXPECT_EQ(plan(3, named).error().code, Errc::unsupported);
}

TEST_F(Replays, StopAtAGap) {
    fs::remove(spool() / "log" / "of-a");
    EXPECT_EQ(end({}, 3), 3U) << "4 to 8 are missing";
    EXPECT_EQ(end({}, 8), 14U);
}

} // namespace
} // namespace lockstep::mysql
