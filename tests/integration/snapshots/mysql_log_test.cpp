#include <algorithm>

#include <gtest/gtest.h>

#include "drivers/mysql/option_file.h"
#include "drivers/mysql/snapshot/log_place.h"
#include "tests/integration/snapshots/mysql_snapshot_bed.h"
#include "tests/support/eventually.h"

/// The log of real servers of the MySQL family, received.
namespace lockstep {
namespace {

namespace fs = std::filesystem;
using mysql_bed::Flavour;
using mysql_bed::must;
using mysql_bed::Running;
using mysql_bed::SnapshotBed;
using mysql_bed::soon;

/// Each begins where the one before ended.
std::string gap_in(const std::vector<LogSegment>& segments) {
    for (std::size_t i = 1; i < segments.size(); ++i) {
        if (segments[i].from != segments[i - 1].to) {
            return segments[i - 1].name + " | " + segments[i].name;
        }
    }
    return {};
}

class MysqlLog : public testing::TestWithParam<Flavour> {};

TEST_P(MysqlLog, RDS_K4_GoesOnFromTheStandbyAcrossItsPromotionWithoutAGap) {
    SnapshotBed beds(GetParam());
    auto& bed = beds.bed();
    bed.form_primary();
    beds.make_ledger(bed.a());
    bed.add_standby();
    const auto spool = beds.folder("spool");
    const auto early = beds.place_of(bed.b());
    Running<Result<void>> receiving(bed, beds.b().receive(spool, {}));
    for (int file = 0; file < 2; ++file) {
        beds.add_row(bed.a());
        beds.received_up_to(beds.b(), spool, beds.place_of(bed.a()));
        bed.b().sql("FLUSH BINARY LOGS");
    }
    beds.add_row(bed.a());
    const auto before = beds.received_up_to(beds.b(), spool, beds.place_of(bed.a()));
    const auto old = bed.b().observe().position.history;
    EXPECT_EQ(before.history, old);
    EXPECT_TRUE(before.name.starts_with("receiving-")) << before.name;
    bed.a().kill();
    must(bed.run(bed.b().driver().promote(soon())));
    beds.add_row(bed.b());
    const auto at = beds.place_of(bed.b());
    const auto after = beds.received_up_to(beds.b(), spool, at);
    const auto forks = must(bed.run(beds.b().forks(soon())));
    ASSERT_EQ(forks.size(), 2U);
    EXPECT_EQ(forks[0].history, old);
    EXPECT_EQ(forks[1].parent, old);
    EXPECT_EQ(forks[1].fork, before.to);
    EXPECT_EQ(after.history, forks[1].history);
    bed.b().sql("FLUSH BINARY LOGS");
    beds.add_row(bed.b());
    beds.received_up_to(beds.b(), spool, beds.place_of(bed.b()));
    const auto segments = beds.finished(beds.b(), spool);
    ASSERT_GE(segments.size(), 3U);
    EXPECT_EQ(gap_in(segments), "");
    EXPECT_LE(segments.front().from, early);
    EXPECT_EQ(segments.back().history, forks[1].history);
    for (const auto& segment : segments) {
        EXPECT_EQ(segment.system_id, bed.b().observe().system_id);
        EXPECT_LE(segment.first_unix_ms, segment.last_unix_ms) << segment.name;
        EXPECT_EQ(segment.bytes, fs::file_size(spool / segment.name));
    }
    // Once more, from the middle of the first file: the same file, which is told by its name.
    receiving.cancel();
    static_cast<void>(receiving.end());
    const Position middle{old, segments.front().to - 1};
    Running<Result<void>> again(bed, beds.b().receive(beds.folder("again"), middle));
    beds.received_up_to(beds.b(), beds.folder("again"), beds.place_of(bed.b()));
    const auto same = beds.finished(beds.b(), beds.folder("again"));
    ASSERT_FALSE(same.empty());
    EXPECT_EQ(same.front().name, segments.front().name);
    again.cancel();
    static_cast<void>(again.end());
}

TEST_P(MysqlLog, NamesAGapAndAnotherHistoryAndGoesOnAfterTheServersRestart) {
    SnapshotBed beds(GetParam());
    auto& bed = beds.bed();
    bed.form_primary();
    beds.make_ledger(bed.a());
    const auto history = bed.a().observe().position.history;
    const auto spool = beds.folder("spool");
    {
        Running<Result<void>> receiving(bed, beds.a().receive(spool, {}));
        beds.add_row(bed.a());
        beds.received_up_to(beds.a(), spool, beds.place_of(bed.a()));
        bed.a().stop();
        const auto ended = receiving.end();
        ASSERT_FALSE(ended);
        EXPECT_EQ(ended.error().code, Errc::unreachable) << ended.error().message;
    }
    bed.a().start(bed.primary_ticket(bed.a()));
    beds.add_row(bed.a());
    const auto end = beds.place_of(bed.a());
    {
        // Nothing was kept yet: another member may have been the archiver until now.
        Running<Result<void>> receiving(bed, beds.a().receive(beds.folder("anew"), {}));
        beds.received_up_to(beds.a(), beds.folder("anew"), end);
        const auto anew = beds.finished(beds.a(), beds.folder("anew"));
        ASSERT_FALSE(anew.empty());
        EXPECT_EQ(anew.front().from, 0U) << "what it wrote before its restart is missing";
        receiving.cancel();
        static_cast<void>(receiving.end());
    }
    {
        const Position after{history, end - 1};
        Running<Result<void>> receiving(bed, beds.a().receive(spool, after));
        beds.received_up_to(beds.a(), spool, end);
        // What the first run had is there as long as the second has not got as much.
        EXPECT_EQ(gap_in(beds.finished(beds.a(), spool)), "");
        receiving.cancel();
        static_cast<void>(receiving.end());
    }
    bed.a().sql("FLUSH BINARY LOGS");
    bed.a().sql("FLUSH BINARY LOGS");
    const auto newest = must(mysql::log_files(mysql::log_index(bed.a().config()))).back();
    EXPECT_TRUE(eventually([&] {
        bed.a().sql("PURGE BINARY LOGS TO '" + newest.filename().string() + "'");
        return must(mysql::log_files(mysql::log_index(bed.a().config()))).size() == 1;
    }));
    const auto missed = bed.run(beds.a().receive(beds.folder("other"), {history, 1}));
    ASSERT_FALSE(missed);
    EXPECT_EQ(missed.error().code, Errc::refused);
    EXPECT_NE(missed.error().message.find("no longer has the log from transaction 2 on"),
              std::string::npos)
        << missed.error().message;
    const Position strange{{"00ff:9@"}, 1};
    const auto other = bed.run(beds.a().receive(beds.folder("other"), strange));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, Errc::refused);
}

TEST_P(MysqlLog, RDS_V1_ADamagedSegmentIsNamed) {
    SnapshotBed beds(GetParam());
    auto& bed = beds.bed();
    bed.form_primary();
    const auto spool = beds.folder("spool");
    Running<Result<void>> receiving(bed, beds.a().receive(spool, {}));
    beds.add_bulk(bed.a(), 4);
    bed.a().sql("FLUSH BINARY LOGS");
    beds.make_ledger(bed.a());
    beds.received_up_to(beds.a(), spool, beds.place_of(bed.a()));
    receiving.cancel();
    static_cast<void>(receiving.end());
    const auto segments = beds.finished(beds.a(), spool);
    ASSERT_FALSE(segments.empty());
    const auto name = std::ranges::max(segments, {}, &LogSegment::bytes).name;
    const auto size = fs::file_size(spool / name);
    ASSERT_GT(size, 4U << 20U);
    for (const auto at : {std::uint64_t{2}, std::uint64_t{60}, size / 2, size - 2}) {
        bed::flip_a_bit(spool / name, at);
        const auto read = bed.run(beds.a().finished(spool, soon()));
        ASSERT_FALSE(read) << at;
        EXPECT_NE(read.error().message.find(name), std::string::npos) << read.error().message;
        bed::flip_a_bit(spool / name, at);
    }
    fs::resize_file(spool / name, size / 2);
    const auto cut = bed.run(beds.a().finished(spool, soon()));
    ASSERT_FALSE(cut);
    EXPECT_NE(cut.error().message.find(name), std::string::npos) << cut.error().message;
}

INSTANTIATE_TEST_SUITE_P(mariadb, MysqlLog, testing::Values(Flavour::mariadb));
INSTANTIATE_TEST_SUITE_P(mysql, MysqlLog, testing::Values(Flavour::mysql));

} // namespace
} // namespace lockstep
