#include <csignal>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "drivers/postgres/snapshot/log_scan.h"
#include "platform/files.h"
#include "tests/integration/snapshots/postgres_snapshot_bed.h"
#include "tests/support/eventually.h"

/// The log of real PostgreSQL servers, received.
namespace lockstep {
namespace {

namespace fs = std::filesystem;
using bed::must;
using bed::Node;
using bed::Running;
using bed::SnapshotBed;
using bed::soon;

std::uint64_t end_of_log(Node& node) {
    const auto* const asked = "select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() "
                              "else pg_current_wal_flush_lsn() end";
    return must(postgres::parse_lsn(node.sql(asked)));
}

std::vector<LogSegment> finished(SnapshotBed& beds, const fs::path& spool) {
    return must(beds.bed().run(beds.b().finished(spool, soon())));
}

/// Until the spool holds the log up to there.
LogSegment received_up_to(SnapshotBed& beds, const fs::path& spool, std::uint64_t place) {
    std::optional<LogSegment> last;
    EXPECT_TRUE(eventually([&] {
        last = must(beds.bed().run(beds.b().unfinished(spool, soon())));
        return last && last->to >= place;
    }));
    return last.value_or(LogSegment{});
}

/// Each begins where the one before ended.
std::string gap_in(const std::vector<LogSegment>& segments) {
    for (std::size_t i = 1; i < segments.size(); ++i) {
        if (segments[i].from != segments[i - 1].to) {
            return segments[i - 1].name + " | " + segments[i].name;
        }
    }
    return {};
}

/// The commits' times in a segment as pg_waldump tells them, in UTC.
std::vector<std::string> dumped_commits(Node& node, const fs::path& segment) {
    std::vector<std::string> times;
    auto dump = postgres::tool(node.config().bin_dir, "pg_waldump",
                               {"--rmgr=Transaction", segment.string()});
    dump.env.emplace_back("TZ=UTC");
    asio::io_context context;
    std::function<void(std::string_view)> on_line = [&times](std::string_view line) {
        const auto at = line.find("COMMIT ");
        if (at != std::string_view::npos) {
            times.emplace_back(line.substr(at + 7, 23));
        }
    };
    asio::co_spawn(context, run_tool(dump, soon(), on_line), asio::detached);
    context.run();
    return times;
}

std::string as_dumped(std::int64_t ms) {
    auto text = format_time(ms); // "2026-11-22T21:33:20.123Z"
    text[10] = ' ';
    return text.substr(0, 23);
}

TEST(PostgresLog, RDS_K4_GoesOnFromTheStandbyAcrossItsPromotionWithoutAGap) {
    SnapshotBed beds;
    auto& bed = beds.bed();
    bed.form_primary();
    beds.make_ledger(bed.a());
    bed.add_standby();
    const auto spool = beds.folder("spool");
    Running<Result<void>> receiving(bed, beds.b().receive(spool, {}));
    for (int segment = 0; segment < 2; ++segment) {
        beds.add_row(bed.a());
        beds.add_row(bed.a());
        bed.a().sql("select pg_switch_wal()");
    }
    beds.add_row(bed.a());
    bed.b().observe_until([&](const auto&) { return end_of_log(bed.b()) >= end_of_log(bed.a()); },
                          "b has what a has");
    const auto before = received_up_to(beds, spool, end_of_log(bed.b()));
    EXPECT_EQ(before.history.text, "1");
    EXPECT_TRUE(before.name.ends_with(".partial")) << before.name;
    bed.a().kill();
    must(bed.run(bed.b().driver().promote(soon())));
    beds.add_row(bed.b());
    bed.b().sql("select pg_switch_wal()");
    beds.add_row(bed.b());
    const auto after = received_up_to(beds, spool, end_of_log(bed.b()));
    const auto forks = must(bed.run(beds.b().forks(soon())));
    ASSERT_EQ(forks.size(), 2U);
    EXPECT_EQ(forks[0].history.text, "1");
    EXPECT_FALSE(forks[0].parent.known());
    EXPECT_EQ(forks[1].parent, forks[0].history);
    EXPECT_EQ(after.history, forks[1].history);
    const auto segments = finished(beds, spool);
    EXPECT_EQ(gap_in(segments), "");
    std::uint64_t left = 0;
    for (const auto& segment : segments) {
        left = segment.history == forks[0].history ? segment.to : left;
        EXPECT_EQ(segment.system_id, bed.b().observe().system_id);
    }
    EXPECT_EQ(left, forks[1].fork) << "the old history's last piece goes up to the fork";
    EXPECT_EQ(after.from, segments.back().to);
    // Exact: the same times as the engine's own reader finds.
    std::size_t compared = 0;
    for (const auto& segment : segments) {
        const auto dumped = dumped_commits(bed.b(), spool / segment.name);
        if (segment.from % (16U << 20U) == 0 && !dumped.empty()) {
            EXPECT_EQ(as_dumped(segment.first_unix_ms), dumped.front()) << segment.name;
            EXPECT_EQ(as_dumped(segment.last_unix_ms), dumped.back()) << segment.name;
            ++compared;
        }
    }
    EXPECT_GE(compared, 2U);
    receiving.cancel();
    static_cast<void>(receiving.end());
}

TEST(PostgresLog, BeginsExactlyAfterAPositionAndNamesAGap) {
    SnapshotBed beds;
    auto& bed = beds.bed();
    bed.form_primary();
    beds.make_ledger(bed.a());
    const auto first = end_of_log(bed.a()) / (16U << 20U);
    for (int segment = 0; segment < 4; ++segment) {
        beds.add_row(bed.a());
        bed.a().sql("select pg_switch_wal()");
    }
    beds.add_row(bed.a());
    const auto spool = beds.folder("spool");
    const Position after{{"1"}, (first + 2) * (16U << 20U)};
    {
        Running<Result<void>> receiving(bed, beds.a().receive(spool, after));
        received_up_to(beds, spool, end_of_log(bed.a()));
        const auto segments = finished(beds, spool);
        ASSERT_EQ(segments.size(), 2U);
        EXPECT_EQ(segments.front().from, after.offset_bytes);
        EXPECT_EQ(gap_in(segments), "");
        // While nothing else happens, the heartbeat's commits make time restorable.
        const auto idle = received_up_to(beds, spool, end_of_log(bed.a())).last_unix_ms;
        EXPECT_EQ(must(bed.run(bed.a().driver().heartbeat(soon()))), Heartbeat::committed);
        EXPECT_GT(received_up_to(beds, spool, end_of_log(bed.a())).last_unix_ms, idle);
        receiving.cancel();
        const auto end = receiving.end();
        static_cast<void>(end);
    }
    // It goes on where it was, also where a file of the last segment is there already.
    {
        Running<Result<void>> receiving(bed, beds.a().receive(spool, after));
        bed.a().sql("select pg_switch_wal()");
        beds.add_row(bed.a());
        received_up_to(beds, spool, end_of_log(bed.a()));
        EXPECT_EQ(finished(beds, spool).size(), 3U);
        receiving.cancel();
        static_cast<void>(receiving.end());
    }
    // What the server no longer has is a gap with a name.
    must(bed.run(bed.a().driver().keep_for({}, soon())));
    bed.a().sql("alter system set wal_recycle = off");
    const auto oldest = bed.a().config().data_dir / "pg_wal" /
                        postgres::format_segment_name({1, first}, 16U << 20U);
    fs::remove(oldest);
    const Position gone{{"1"}, first * (16U << 20U)};
    const auto missed = bed.run(beds.a().receive(beds.folder("other"), gone));
    ASSERT_FALSE(missed);
    EXPECT_EQ(missed.error().code, Errc::refused);
    EXPECT_NE(missed.error().message.find("no longer has the log from " +
                                          postgres::format_lsn(gone.offset_bytes)),
              std::string::npos)
        << missed.error().message;
    // Nor does it go on with another history.
    const Position strange{{"1@0/100 2"}, 0x200};
    const auto other = bed.run(beds.a().receive(beds.folder("other"), strange));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, Errc::refused);
}

TEST(PostgresLog, RDS_V1_ADamagedSegmentIsNamed) {
    SnapshotBed beds;
    auto& bed = beds.bed();
    bed.form_primary();
    const auto spool = beds.folder("spool");
    Running<Result<void>> receiving(bed, beds.a().receive(spool, {}));
    beds.add_bulk(bed.a(), 40);
    received_up_to(beds, spool, end_of_log(bed.a()));
    receiving.cancel();
    static_cast<void>(receiving.end());
    const auto began = std::chrono::steady_clock::now();
    const auto segments = finished(beds, spool);
    const auto took = std::chrono::steady_clock::now() - began;
    ASSERT_GE(segments.size(), 2U);
    std::printf(
        "%zu segments of 16 MB read in %ld ms\n", segments.size(),
        static_cast<long>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
    const auto middle = segments[1].name;
    const auto content = must(read_file(spool / middle));
    const auto damaged_with = [&](const std::function<void(std::string&)>& damage) {
        auto bent = content;
        damage(bent);
        std::ofstream(spool / middle, std::ios::binary | std::ios::trunc) << bent;
        const auto read = bed.run(beds.a().finished(spool, soon()));
        EXPECT_FALSE(read);
        return read ? std::string() : read.error().message;
    };
    for (const std::size_t at : {std::size_t{50}, content.size() / 2, content.size() - 100}) {
        const auto said = damaged_with([at](std::string& bent) { bent[at] ^= 1; });
        EXPECT_NE(said.find(middle), std::string::npos) << at << ": " << said;
    }
    const auto cut = damaged_with([](std::string& bent) { bent.resize(bent.size() / 2); });
    EXPECT_NE(cut.find(middle), std::string::npos) << cut;
    const auto empty = damaged_with([](std::string& bent) { bent.clear(); });
    EXPECT_NE(empty.find(middle), std::string::npos) << empty;
}

} // namespace
} // namespace lockstep
