#include <csignal>
#include <map>

#include <gtest/gtest.h>

#include "drivers/mysql/option_file.h"
#include "platform/clock.h"
#include "platform/files.h"
#include "tests/integration/snapshots/mysql_snapshot_bed.h"
#include "tests/support/eventually.h"

/// Restores to every kind of target, judged by the ledger.
namespace lockstep {
namespace {

namespace fs = std::filesystem;
using mysql_bed::Flavour;
using mysql_bed::LedgerSeen;
using mysql_bed::must;
using mysql_bed::Node;
using mysql_bed::Running;
using mysql_bed::SnapshotBed;
using mysql_bed::soon;

/// What was so at one row of the ledger.
struct Moment {
    std::int64_t row = 0;
    std::int64_t unix_ms = 0; // After the row was committed, and before the next.
    std::uint64_t place = 0;
    std::string gtid; // Of the row.
};

/// A pair whose standby was snapshot and promoted, with the whole log received: shared by the
/// tests, which only read what it left.
class Story {
public:
    static Story& of(Flavour flavour) {
        static std::map<Flavour, std::unique_ptr<Story>> stories;
        auto& story = stories[flavour];
        if (!story) {
            story.reset(new Story(flavour));
        }
        return *story;
    }

    SnapshotBed beds;
    fs::path spool, first, second;
    Snapshot first_taken, second_taken;
    std::vector<HistoryFork> forks;
    Moment early, middle, before_fork, after_fork, late;
    std::int64_t rows = 0;

    SnapshotEngine::Source source(const fs::path& snapshot, const History& history) {
        return {snapshot, log, forks, history};
    }
    [[nodiscard]] const History& old_history() const { return forks.front().history; }
    [[nodiscard]] const History& new_history() const { return forks.back().history; }
    fs::path log; // What a restore is given of the spool: only log.

private:
    explicit Story(Flavour flavour)
        : beds(flavour), spool(beds.folder("spool")), first(beds.folder("first")),
          second(beds.folder("2nd")), log(beds.folder("fetched")) {
        auto& bed = beds.bed();
        bed.form_primary();
        beds.make_ledger(bed.a());
        bed.add_standby();
        bed.a().sql("CREATE EVENT shop.nightly ON SCHEDULE EVERY 1 DAY DO SELECT 1");
        Running<Result<void>> receiving(bed, beds.b().receive(spool, {}));
        add(bed.a());
        beds.catch_up();
        first_taken = must(bed.run(beds.b().take(first, {}, soon())));
        early = add(bed.a());
        add(bed.a());
        beds.catch_up();
        bed.b().sql("FLUSH BINARY LOGS");
        middle = add(bed.a());
        beds.catch_up();
        second_taken = must(bed.run(beds.b().take(second, {}, soon())));
        before_fork = add(bed.a());
        beds.catch_up();
        bed.a().kill();
        must(bed.run(bed.b().driver().promote(soon())));
        if (flavour == Flavour::mysql) { // A transaction in one event, which its GTID alone tells.
            bed.b().sql("SET GLOBAL binlog_transaction_compression = ON");
        }
        after_fork = add(bed.b());
        late = add(bed.b());
        rows = add(bed.b()).row;
        beds.received_up_to(beds.b(), spool, beds.place_of(bed.b()));
        fetch();
        forks = must(bed.run(beds.b().forks(soon())));
        receiving.cancel();
        static_cast<void>(receiving.end());
        bed.b().stop();
    }
    void fetch() {
        fs::create_directories(log);
        for (const auto& segment : beds.finished(beds.b(), spool)) {
            fs::copy(spool / segment.name, log);
        }
        const auto rest = must(beds.bed().run(beds.b().unfinished(spool, soon())));
        if (rest) {
            fs::copy(spool / rest->name, log);
        }
    }
    /// The next row comes when the time that the log tells of this one is over: MariaDB's tells
    /// seconds, MySQL's is asked for milliseconds.
    Moment add(Node& on) {
        Moment moment;
        moment.row = beds.add_row(on);
        moment.gtid = beds.last_gtid(on);
        moment.place = beds.place_of(on);
        constexpr std::int64_t second_ms = 1000;
        moment.unix_ms = beds.flavour() == Flavour::mysql
                             ? unix_ms() + 1
                             : unix_ms() / second_ms * second_ms + second_ms - 1;
        EXPECT_TRUE(eventually([&] { return unix_ms() > moment.unix_ms + 1; }));
        return moment;
    }
};

void expect_up_to(std::int64_t row, const LedgerSeen& seen) {
    EXPECT_TRUE(seen.is_whole()) << seen.rows << " rows, the last " << seen.last;
    EXPECT_EQ(seen.last, row);
}

RestoreTarget at_time(std::int64_t unix_ms) {
    RestoreTarget target;
    target.unix_ms = unix_ms;
    return target;
}

RestoreTarget at_transaction(const std::string& gtid, bool exclusive) {
    RestoreTarget target;
    target.transaction = gtid;
    target.exclusive = exclusive;
    return target;
}

class MysqlRestore : public testing::TestWithParam<Flavour> {};

TEST_P(MysqlRestore, RDS_R14_MakesAStoppedPrimaryOfItsOwnHistory) {
    auto& story = Story::of(GetParam());
    auto& beds = story.beds;
    auto& target = beds.target();
    const auto source = story.source(story.first, story.new_history());
    std::uint64_t told = 0;
    const auto restored = must(beds.bed().run(beds.restorer().restore(
        source, {}, [&told](Progress progress) { told = progress.done_bytes; }, soon())));
    EXPECT_GT(told, 0U);
    EXPECT_EQ(restored.end.history, story.new_history());
    EXPECT_EQ(restored.system_id, story.first_taken.system_id);
    EXPECT_GT(restored.end_unix_ms, story.late.unix_ms);
    const auto folder = must(beds.bed().run(target.driver().inspect(soon())));
    EXPECT_EQ(folder.kind, DataFolder::Kind::database);
    EXPECT_FALSE(folder.standby);
    EXPECT_TRUE(folder.clean_shutdown);
    EXPECT_EQ(folder.system_id, restored.system_id);
    EXPECT_TRUE(folder.history.text.starts_with(story.new_history().text + " "));
    EXPECT_FALSE(target.try_start()) << "without a ticket it starts";
    const auto at = must(beds.bed().run(target.driver().stopped_at(soon())));
    ASSERT_TRUE(at);
    beds.start_target();
    EXPECT_EQ(target.observe().position.history, folder.history);
    const auto forks = must(beds.bed().run(beds.restorer().forks(soon())));
    EXPECT_EQ(forks.back().parent, story.new_history());
    EXPECT_EQ(forks.back().fork, restored.end.offset_bytes);
    expect_up_to(story.rows, beds.look(target));
    EXPECT_EQ(target.sql("SELECT status FROM information_schema.events WHERE event_name = "
                         "'nightly'"),
              "ENABLED");
    must(beds.bed().run(beds.restorer().examine_tables({}, soon())));
    // Into what is there already nothing is restored, and under a running server neither.
    const auto busy = beds.bed().run(beds.restorer().restore(source, {}, {}, soon()));
    ASSERT_FALSE(busy);
    EXPECT_NE(busy.error().message.find("a server runs in"), std::string::npos);
    target.stop();
    EXPECT_TRUE(eventually([&] { return processes_in(target.config().data_dir).empty(); }));
    const auto refused = beds.bed().run(beds.restorer().restore(source, {}, {}, soon()));
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("is not empty"), std::string::npos)
        << refused.error().message;
    EXPECT_EQ(must(beds.bed().run(target.driver().inspect(soon()))).kind,
              DataFolder::Kind::database);
    beds.empty_target();
}

TEST_P(MysqlRestore, RDS_R2_R8_R11_ToATimeOnEitherHistory) {
    auto& story = Story::of(GetParam());
    auto& beds = story.beds;
    // R8: across the newer snapshot, from the older one.
    const auto across = story.source(story.first, story.new_history());
    expect_up_to(story.late.row, beds.restored(across, at_time(story.late.unix_ms)));
    const auto old = story.source(story.first, story.old_history());
    expect_up_to(story.middle.row, beds.restored(old, at_time(story.middle.unix_ms)));
    // The old history ends where it was left, whatever the new one holds.
    expect_up_to(story.before_fork.row, beds.restored(old, {}));
    const auto newer = story.source(story.second, story.new_history());
    expect_up_to(story.after_fork.row, beds.restored(newer, at_time(story.after_fork.unix_ms)));
}

TEST_P(MysqlRestore, RDS_R4_R5_R7_ToAGtidAPositionAndTheSnapshotsEnd) {
    auto& story = Story::of(GetParam());
    auto& beds = story.beds;
    const auto source = story.source(story.first, story.new_history());
    expect_up_to(story.middle.row, beds.restored(source, at_transaction(story.middle.gtid, false)));
    expect_up_to(story.middle.row - 1,
                 beds.restored(source, at_transaction(story.middle.gtid, true)));
    RestoreTarget target;
    target.position = Position{story.new_history(), story.after_fork.place};
    expect_up_to(story.after_fork.row, beds.restored(source, target));
    RestoreTarget consistent;
    consistent.consistent = true;
    expect_up_to(1, beds.restored(source, consistent));
}

TEST_P(MysqlRestore, RDS_R9_ATargetPastTheEndIsToldWithWhatThereIs) {
    auto& story = Story::of(GetParam());
    auto& beds = story.beds;
    const auto source = story.source(story.second, story.new_history());
    for (const auto& beyond : {at_time(unix_ms() + 60'000), at_transaction("0-9-999999", false)}) {
        const auto missed = beds.bed().run(beds.restorer().restore(source, beyond, {}, soon()));
        ASSERT_FALSE(missed);
        EXPECT_EQ(missed.error().code, Errc::refused);
        EXPECT_NE(missed.error().message.find("was not reached: the log goes to transaction"),
                  std::string::npos)
            << missed.error().message;
        EXPECT_FALSE(fs::exists(beds.target().config().data_dir));
    }
}

TEST_P(MysqlRestore, RDS_R15_AnInterruptedOneCannotBeStartedAndIsDoneAgain) {
    auto& story = Story::of(GetParam());
    auto& beds = story.beds;
    auto& target = beds.target();
    const auto source = story.source(story.first, story.new_history());
    const auto& data = target.config().data_dir;
    const auto expect_worthless = [&] {
        EXPECT_EQ(must(beds.bed().run(target.driver().inspect(soon()))).kind,
                  DataFolder::Kind::empty);
        EXPECT_FALSE(target.try_start());
    };
    {
        Running<Result<SnapshotEngine::Restored>> unpacking(
            beds.bed(), beds.restorer().restore(source, {}, {}, soon()));
        while (!fs::exists(data) && !unpacking.is_over()) {
            unpacking.step();
        }
        unpacking.cancel();
        EXPECT_FALSE(unpacking.end());
        expect_worthless();
    }
    {
        Running<Result<SnapshotEngine::Restored>> recovering(
            beds.bed(), beds.restorer().restore(source, {}, {}, soon()));
        pid_t server = 0;
        const auto* const program = GetParam() == Flavour::mariadb ? "mariadbd" : "mysqld";
        while (server == 0 && !recovering.is_over()) {
            recovering.step();
            server = bed::tool_process(program);
        }
        ASSERT_NE(server, 0);
        ::kill(server, SIGKILL);
        EXPECT_FALSE(recovering.end());
        expect_worthless();
    }
    expect_up_to(story.rows, beds.restored(source, {}));
}

INSTANTIATE_TEST_SUITE_P(mariadb, MysqlRestore, testing::Values(Flavour::mariadb));
INSTANTIATE_TEST_SUITE_P(mysql, MysqlRestore, testing::Values(Flavour::mysql));

} // namespace
} // namespace lockstep
