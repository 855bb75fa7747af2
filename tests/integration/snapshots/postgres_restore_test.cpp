#include <csignal>

#include <gtest/gtest.h>

#include "drivers/postgres/ticket.h"
#include "platform/certificates.h"
#include "platform/files.h"
#include "tests/integration/snapshots/postgres_snapshot_bed.h"
#include "tests/support/eventually.h"

/// Restores to every kind of target, judged by the ledger.
namespace lockstep {
namespace {

namespace fs = std::filesystem;
using bed::must;
using bed::Node;
using bed::Running;
using bed::SnapshotBed;
using bed::soon;

/// What was so at one row of the ledger.
struct Moment {
    std::int64_t row = 0;
    std::int64_t unix_ms = 0; // After the row was committed, and before the next.
    std::uint64_t place = 0;
    std::string xid; // Of the row.
};

/// A pair whose standby was snapshot and promoted, with the whole log received: shared by the
/// tests, which only read what it left.
class Story {
public:
    static Story& get() {
        static Story story;
        return story;
    }

    SnapshotBed beds;
    fs::path spool, first, second;
    Snapshot first_taken, second_taken;
    std::vector<HistoryFork> forks;
    Moment early, middle, before_fork, after_fork, late;
    std::int64_t rows = 0;

    SnapshotEngine::Source source(const fs::path& snapshot, const History& history) {
        return {snapshot, spool, forks, history};
    }
    [[nodiscard]] const History& old_history() const { return forks.front().history; }
    [[nodiscard]] const History& new_history() const { return forks.back().history; }

private:
    Story() : spool(beds.folder("spool")), first(beds.folder("first")), second(beds.folder("2nd")) {
        auto& bed = beds.bed();
        bed.form_primary();
        bed.a().sql("alter system set max_connections = 70");
        bed.a().sql("alter system set work_mem = '7MB'");
        beds.make_ledger(bed.a());
        bed.add_standby();
        Running<Result<void>> receiving(bed, beds.b().receive(spool, {}));
        add(bed.a());
        first_taken = must(bed.run(beds.b().take(first, {}, soon())));
        early = add(bed.a());
        bed.a().sql("select pg_create_restore_point('before the mistake')");
        add(bed.a());
        bed.a().sql("select pg_switch_wal()");
        middle = add(bed.a());
        second_taken = must(bed.run(beds.b().take(second, {}, soon())));
        before_fork = add(bed.a());
        bed.b().observe_until(
            [&](const auto&) { return beds.look(bed.b()).last == before_fork.row; },
            "b has all of a");
        bed.a().kill();
        must(bed.run(bed.b().driver().promote(soon())));
        after_fork = add(bed.b());
        late = add(bed.b());
        rows = add(bed.b()).row;
        const auto end = place_of(bed.b());
        EXPECT_TRUE(eventually([&] {
            const auto last = must(bed.run(beds.b().unfinished(spool, soon())));
            return last && last->to >= end;
        }));
        forks = must(bed.run(beds.b().forks(soon())));
        receiving.cancel();
        static_cast<void>(receiving.end());
        bed.b().stop();
    }

    static std::uint64_t place_of(Node& on) {
        return must(postgres::parse_lsn(on.sql("select pg_current_wal_flush_lsn()")));
    }
    /// The next row comes at least a millisecond later: times are told in them.
    Moment add(Node& on) {
        Moment moment;
        moment.row = beds.add_row(on);
        moment.xid = on.sql("select xmin from ledger order by seq desc limit 1");
        moment.place = place_of(on);
        const auto committed = unix_ms();
        EXPECT_TRUE(eventually([&] { return unix_ms() > committed + 2; }));
        moment.unix_ms = committed + 1;
        return moment;
    }
};

RestoreTarget at_time(std::int64_t unix_ms) {
    RestoreTarget target;
    target.unix_ms = unix_ms;
    return target;
}

RestoreTarget at_transaction(const std::string& xid, bool exclusive) {
    RestoreTarget target;
    target.transaction = xid;
    target.exclusive = exclusive;
    return target;
}

/// The ledger up to that row, every row of it, and none after it.
void expect_up_to(std::int64_t row, const bed::LedgerSeen& seen) {
    EXPECT_TRUE(seen.is_whole()) << seen.rows << " rows, " << seen.damaged << " damaged";
    EXPECT_EQ(seen.last, row);
}

TEST(PostgresRestore, RDS_R1_K4_ToTheEndOfAllLogAcrossTheFailover) {
    auto& story = Story::get();
    auto& beds = story.beds;
    auto& target = beds.target();
    Progress last;
    const auto restored = must(beds.bed().run(beds.restorer().restore(
        story.source(story.first, story.new_history()), {},
        [&last](Progress progress) { last = progress; }, soon())));
    EXPECT_GT(last.done_bytes, 0U);
    EXPECT_EQ(restored.end.history, story.new_history());
    EXPECT_EQ(restored.system_id, story.first_taken.system_id);
    EXPECT_GE(restored.end_unix_ms, story.late.unix_ms);
    // A stopped primary's folder, of nobody's yet, that starts by a ticket alone.
    const auto inside = must(beds.bed().run(target.driver().inspect(soon())));
    EXPECT_EQ(inside.kind, DataFolder::Kind::database) << inside.what;
    EXPECT_TRUE(inside.clean_shutdown);
    EXPECT_FALSE(inside.standby);
    EXPECT_NE(inside.history, story.new_history());
    EXPECT_FALSE(target.try_start());
    const auto& data = target.config().data_dir;
    const auto automatic = must(read_file(data / "postgresql.auto.conf"));
    EXPECT_EQ(automatic.find("primary_conninfo"), std::string::npos) << automatic;
    for (const auto* const gone : {"recovery.signal", "standby.signal", "backup_label",
                                   "lockstep_restoring", "lockstep_incomplete"}) {
        EXPECT_FALSE(fs::exists(data / gone)) << gone;
    }
    const auto conf = must(read_file(data / "postgresql.conf"));
    EXPECT_EQ(conf.find("/b.conf"), std::string::npos);
    // RDS_R14: what somebody set on the source is in force.
    target.start(beds.bed().primary_ticket(target));
    expect_up_to(story.rows, beds.look(target));
    EXPECT_EQ(target.sql("show work_mem"), "7MB");
    EXPECT_EQ(target.sql("show max_connections"), "70");
    must(beds.bed().run(beds.restorer().examine_tables({}, soon())));
    EXPECT_EQ(target.sql("select count(*) from pg_extension where extname = 'amcheck'"), "0");
    // RDS_R13
    const auto running = beds.bed().run(
        beds.restorer().restore(story.source(story.first, story.new_history()), {}, {}, soon()));
    ASSERT_FALSE(running);
    EXPECT_NE(running.error().message.find("a server runs in"), std::string::npos);
    expect_up_to(story.rows, beds.look(target));
    target.stop();
    const auto full = beds.bed().run(
        beds.restorer().restore(story.source(story.first, story.new_history()), {}, {}, soon()));
    ASSERT_FALSE(full);
    EXPECT_NE(full.error().message.find("is not empty"), std::string::npos);
    EXPECT_EQ(must(beds.bed().run(target.driver().inspect(soon()))).kind,
              DataFolder::Kind::database);
    beds.empty_target();
}

TEST(PostgresRestore, RDS_R2_R8_R11_ToATimeOnEitherHistory) {
    auto& story = Story::get();
    auto& beds = story.beds;
    // R8: across the newer snapshot, from the older one.
    const auto across = story.source(story.first, story.new_history());
    expect_up_to(story.late.row, beds.restored(across, at_time(story.late.unix_ms)));
    const auto old = story.source(story.first, story.old_history());
    expect_up_to(story.middle.row, beds.restored(old, at_time(story.middle.unix_ms)));
    expect_up_to(story.early.row, beds.restored(old, at_time(story.early.unix_ms)));
    // The old history ends where it was left, whatever the new one holds.
    expect_up_to(story.before_fork.row, beds.restored(old, {}));
    const auto newer = story.source(story.second, story.new_history());
    expect_up_to(story.after_fork.row, beds.restored(newer, at_time(story.after_fork.unix_ms)));
}

TEST(PostgresRestore, RDS_R3_R4_R5_ToATransactionWithAndWithoutItAndToAPosition) {
    auto& story = Story::get();
    auto& beds = story.beds;
    const auto source = story.source(story.first, story.new_history());
    expect_up_to(story.middle.row, beds.restored(source, at_transaction(story.middle.xid, false)));
    expect_up_to(story.middle.row - 1,
                 beds.restored(source, at_transaction(story.middle.xid, true)));
    RestoreTarget target;
    target.position = Position{story.new_history(), story.after_fork.place};
    expect_up_to(story.after_fork.row, beds.restored(source, target));
}

TEST(PostgresRestore, RDS_R6_R7_ToANameAndAsSoonAsItIsConsistent) {
    auto& story = Story::get();
    auto& beds = story.beds;
    const auto source = story.source(story.first, story.old_history());
    RestoreTarget named;
    named.name = "before the mistake";
    expect_up_to(story.early.row, beds.restored(source, named));
    RestoreTarget consistent;
    consistent.consistent = true;
    const auto seen = beds.restored(source, consistent);
    EXPECT_TRUE(seen.is_whole());
    EXPECT_LE(seen.last, story.early.row);
    EXPECT_GE(seen.last, 1);
}

TEST(PostgresRestore, IsProvenByAServerThatNobodyElseReaches) {
    auto& story = Story::get();
    auto& beds = story.beds;
    const auto& data = beds.target().config().data_dir;
    const auto source = story.source(story.first, story.new_history());
    static_cast<void>(must(beds.bed().run(beds.restorer().restore(source, {}, {}, soon()))));
    const auto script = beds.folder("questions.sql");
    const auto ask = [&](const std::string& sql) {
        must(write_file_durably(script, sql));
        const auto proven = beds.bed().run(beds.restorer().prove({"postgres", script}, {}, soon()));
        EXPECT_TRUE(processes_in(data).empty());
        return proven ? "" : proven.error().message;
    };
    EXPECT_EQ(ask("select 1 / (count(*) - " + std::to_string(story.rows - 1) +
                  ") from ledger;\ndelete from ledger;\n"),
              "");
    EXPECT_NE(ask("select 1;\nselect 1 / 0;\n").find("questions.sql:2: ERROR:  division by zero"),
              std::string::npos);
    EXPECT_NE(ask("\\connect nowhere\n").find("nowhere"), std::string::npos);
    // amcheck finds what is damaged.
    Node& target = beds.target();
    target.start(beds.bed().primary_ticket(target));
    const auto table = data / target.sql("select pg_relation_filepath('ledger')");
    target.stop();
    auto content = must(read_file(table));
    ASSERT_GT(content.size(), 8192U - 200U);
    content[8192U - 100U] = static_cast<char>(content[8192U - 100U] ^ 0x40);
    must(write_file_durably(table, content));
    const auto found = beds.bed().run(beds.restorer().prove({}, {}, soon()));
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::refused);
    EXPECT_NE(found.error().message.find("ledger"), std::string::npos) << found.error().message;
    beds.empty_target();
}

TEST(PostgresRestore, RDS_R9_ATargetPastTheEndIsToldWithWhatThereIs) {
    auto& story = Story::get();
    auto& beds = story.beds;
    const auto source = story.source(story.second, story.new_history());
    const auto missed =
        beds.bed().run(beds.restorer().restore(source, at_time(unix_ms() + 60'000), {}, soon()));
    ASSERT_FALSE(missed);
    EXPECT_EQ(missed.error().code, Errc::refused);
    EXPECT_NE(missed.error().message.find("was not reached: the log goes to"), std::string::npos)
        << missed.error().message;
    EXPECT_NE(missed.error().message.find("the last commit in it is of 20"), std::string::npos);
    EXPECT_EQ(must(beds.bed().run(beds.target().driver().inspect(soon()))).kind,
              DataFolder::Kind::empty);
    beds.empty_target();
}

/// A copy of the snapshot that claims to be huge.
void claim_room(const fs::path& snapshot) {
    auto text = must(read_file(snapshot / "backup_manifest"));
    const auto at = text.find("\"Size\": ");
    text.insert(at + 8, "9999999999");
    const auto sum = text.find("\"Manifest-Checksum\"");
    text.resize(sum);
    text += "\"Manifest-Checksum\": \"" + sha256_hex(text) + "\"}\n";
    must(write_file_durably(snapshot / "backup_manifest", text));
}

TEST(PostgresRestore, SaysHowMuchRoomItNeedsBeforeItCopies) {
    auto& story = Story::get();
    auto& beds = story.beds;
    const auto huge = beds.folder("huge");
    fs::copy(story.first, huge);
    claim_room(huge);
    const auto refused = beds.bed().run(
        beds.restorer().restore(story.source(huge, story.new_history()), {}, {}, soon()));
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("not enough room"), std::string::npos)
        << refused.error().message;
    EXPECT_FALSE(fs::exists(beds.target().config().data_dir));
}

TEST(PostgresRestore, RDS_R15_AnInterruptedOneCannotBeStartedAndIsDoneAgain) {
    auto& story = Story::get();
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
        while (!fs::exists(data / "PG_VERSION") && !unpacking.is_over()) {
            unpacking.step();
        }
        unpacking.cancel();
        EXPECT_FALSE(unpacking.end());
        expect_worthless();
    }
    {
        Running<Result<SnapshotEngine::Restored>> recovering(
            beds.bed(), beds.restorer().restore(source, {}, {}, soon()));
        while (!fs::exists(data / "global" / "pg_control") && !recovering.is_over()) {
            recovering.step();
        }
        pid_t server = 0;
        while (server == 0 && !recovering.is_over()) {
            recovering.step();
            server = bed::tool_process("postgres");
        }
        ASSERT_NE(server, 0);
        ::kill(server, SIGKILL);
        EXPECT_FALSE(recovering.end());
        expect_worthless();
    }
    expect_up_to(story.rows, beds.restored(source, {}));
}

} // namespace
} // namespace lockstep
