#include <gtest/gtest.h>
#include <sys/stat.h>

#include "drivers/common/small_files.h"
#include "drivers/postgres/ticket.h"
#include "platform/clock.h"
#include "platform/files.h"
#include "tests/integration/postgres/bed.h"

/// The way back of a diverged member, on real servers.
namespace lockstep {
namespace {

namespace fs = std::filesystem;
using bed::Bed;
using bed::must;
using bed::Node;
using bed::soon;

/// A file as it is told apart from a copy of it.
struct FileIdentity {
    ino_t inode;
    std::int64_t changed_ns;
    bool operator==(const FileIdentity&) const = default;
};

FileIdentity identity_of(const fs::path& path) {
    struct stat found {};
    EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
    return {found.st_ino, found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec};
}

fs::path file_of(Node& node, const std::string& table) {
    return node.config().data_dir / node.sql("select pg_relation_filepath('" + table + "')");
}

void promote_b(Bed& bed) {
    must(bed.run(bed.b().driver().promote(soon())));
    must(bed.run(bed.b().driver().apply(bed.primary_ticket(bed.b()), soon())));
    must(bed.run(bed.b().driver().keep_for({bed.a().member()}, soon())));
}

/// a wrote `lost` and changed `both` alone, and was killed; b is the primary and changed `both`,
/// too.
class DivergedBed {
public:
    DivergedBed() {
        bed.form_primary();
        bed.a().sql("create table still as select generate_series(1, 50000)");
        bed.a().sql("create table both_ as select generate_series(1, 50000) i");
        bed.a().sql("checkpoint");
        bed.add_standby();
        still = file_of(bed.a(), "still");
        both = file_of(bed.a(), "both_");
        bed.b().kill();
        bed.a().sql("create table lost as select generate_series(1, 1000)");
        bed.a().sql("update both_ set i = -i where i < 100");
        bed.a().kill();
        bed.b().start(bed.standby_ticket(bed.b()));
        promote_b(bed);
        bed.b().sql("insert into both_ select generate_series(1, 500)");
    }

    Bed bed;
    fs::path still;
    fs::path both;
};

TEST(Rewind, BringsBackADivergedOldPrimaryAndLeavesUnchangedFilesAlone) {
    DivergedBed diverged;
    auto& bed = diverged.bed;
    auto& a = bed.a().driver();
    const auto verdict = must(bed.run(a.judge(bed.b().member(), soon())));
    ASSERT_TRUE(verdict.diverged) << verdict.why;
    const auto kept = bed.folder() / "kept";
    must(bed.run(a.preserve(verdict, kept, soon())));
    const auto before = identity_of(diverged.still);
    const auto began = std::chrono::steady_clock::now();
    const auto plan = must(bed.run(a.prepare_rewind(bed.b().member(), kept, soon())));
    const auto prepared = std::chrono::steady_clock::now();
    ASSERT_EQ(plan.hindrance, "");
    EXPECT_GT(plan.kept_bytes, 8192U);
    const auto below = fs::relative(diverged.both, bed.a().config().data_dir);
    EXPECT_TRUE(fs::exists(kept / "overwritten" / below));
    EXPECT_TRUE(fs::exists(kept / "overwritten" / "postgresql.conf"));
    EXPECT_FALSE(fs::exists(postgres::ticket_path(bed.a().config())));
    std::uint64_t seen = 0;
    must(bed.run(a.rewind(
        bed.b().member(), [&](Progress progress) { seen = progress.done_bytes; }, soon())));
    const auto rewound = std::chrono::steady_clock::now();
    EXPECT_GT(seen, 0U);
    EXPECT_EQ(identity_of(diverged.still), before) << "it was copied, not rewound";
    const auto inside = must(bed.run(a.inspect(soon())));
    EXPECT_EQ(inside.kind, DataFolder::Kind::database) << inside.what;
    EXPECT_TRUE(inside.standby);
    const auto again = must(bed.run(a.judge(bed.b().member(), soon())));
    EXPECT_FALSE(again.diverged) << again.why;
    bed.a().start(bed.standby_ticket(bed.a(), "ls_a_9"));
    bed.a().observe_until([](const auto& now) { return now.stream.connected; }, "a streams");
    EXPECT_EQ(bed.a().sql("select to_regclass('lost') is null"), "t");
    bed.a().observe_until(
        [&](const auto&) { return bed.a().sql("select count(*) from both_") == "50500"; },
        "a has what b has");
    EXPECT_EQ(bed.a().sql("select min(i) from both_"), "1");
    using std::chrono::duration_cast;
    std::printf("prepared in %ld ms, rewound in %ld ms, %lu bytes kept\n",
                static_cast<long>(duration_cast<Milliseconds>(prepared - began).count()),
                static_cast<long>(duration_cast<Milliseconds>(rewound - prepared).count()),
                static_cast<unsigned long>(plan.kept_bytes));
}

TEST(Rewind, DecodesWhatOnlyTheOldPrimaryHad) {
    DivergedBed diverged;
    auto& bed = diverged.bed;
    auto& a = bed.a().driver();
    const auto verdict = must(bed.run(a.judge(bed.b().member(), soon())));
    const auto kept = bed.folder() / "kept";
    must(bed.run(a.preserve(verdict, kept, soon())));
    const auto log = must(bed.run(a.decode(kept, verdict.fork_offset_bytes, soon())));
    EXPECT_TRUE(log.done);
    EXPECT_EQ(log.trouble, "");
    EXPECT_EQ(log.committed, 2U);
    EXPECT_EQ(log.rolled_back, 0U);
    ASSERT_EQ(log.transactions.size(), 2U);
    EXPECT_TRUE(log.transactions[1].end.starts_with("committed 20")) << log.transactions[1].end;
    EXPECT_TRUE(log.transactions[1].end.ends_with(" UTC")) << log.transactions[1].end;
    const auto file = diverged.both.filename().string();
    EXPECT_NE(log.transactions[1].objects.front().find("/" + file), std::string::npos);
    EXPECT_TRUE(log.end.ends_with("on timeline 1")) << log.end;
    EXPECT_NE(log.read_with.find("pg_waldump --path " + kept.string()), std::string::npos);
    const auto page = must(read_file(kept / "transactions.txt"));
    EXPECT_NE(page.find(log.transactions[0].id + "  committed"), std::string::npos) << page;
}

TEST(Rewind, AnInterruptedOneIsKnownForWhatItIs) {
    DivergedBed diverged;
    auto& bed = diverged.bed;
    auto& a = bed.a().driver();
    const auto kept = bed.folder() / "kept";
    must(bed.run(a.prepare_rewind(bed.b().member(), kept, soon())));
    bed.b().kill(); // In the middle of it, the upstream is gone.
    const auto failed = bed.run(a.rewind(bed.b().member(), {}, soon()));
    ASSERT_FALSE(failed);
    const auto inside = must(bed.run(a.inspect(soon())));
    EXPECT_EQ(inside.kind, DataFolder::Kind::empty);
    EXPECT_NE(inside.what.find("interrupted rewind"), std::string::npos) << inside.what;
    bed.b().start(bed.primary_ticket(bed.b()));
    must(bed.run(a.clone(bed.b().member(), {}, soon())));
    EXPECT_EQ(must(bed.run(a.inspect(soon()))).kind, DataFolder::Kind::database);
}

TEST(Rewind, CanBePreparedAgainAfterItWasGivenUp) {
    DivergedBed diverged;
    auto& bed = diverged.bed;
    auto& a = bed.a().driver();
    const auto kept = bed.folder() / "kept";
    bed.b().freeze();
    const auto hurried = Deadline::in(Milliseconds{1500});
    const auto first = bed.run(a.prepare_rewind(bed.b().member(), kept, hurried));
    ASSERT_FALSE(first);
    EXPECT_NE(first.error().code, Errc::refused) << first.error().message;
    bed.b().thaw();
    for (int round = 0; round < 2; ++round) {
        const auto plan = must(bed.run(a.prepare_rewind(bed.b().member(), kept, soon())));
        EXPECT_EQ(plan.hindrance, "");
    }
    must(bed.run(a.rewind(bed.b().member(), {}, soon())));
}

TEST(Rewind, SaysWhyItCannotBe) {
    Bed bed;
    bed.form_primary();
    bed.add_standby();
    const auto kept = bed.folder() / "kept";
    bed.b().kill();
    const auto crashed =
        must(bed.run(bed.b().driver().prepare_rewind(bed.a().member(), kept, soon())));
    EXPECT_NE(crashed.hindrance.find("not shut down cleanly"), std::string::npos);
    bed.b().start(bed.standby_ticket(bed.b()));
    bed.b().stop();
    const auto same =
        must(bed.run(bed.b().driver().prepare_rewind(bed.a().member(), kept, soon())));
    EXPECT_NE(same.hindrance.find("nothing to rewind"), std::string::npos) << same.hindrance;
    EXPECT_FALSE(fs::exists(kept / "overwritten"));
}

TEST(Rewind, TheRecoveryTicketServesNobody) { // R5
    Bed bed;
    bed.form_primary();
    bed.a().kill();
    const auto& config = bed.a().config();
    const auto text =
        postgres::render_ticket(config, postgres::recovery_settings(config, 15), boot_id());
    must(replace_file(postgres::ticket_path(config), text, 0600));
    EXPECT_FALSE(bed.a().try_start());
    const auto log = must(read_file(config.log_file));
    EXPECT_NE(log.find("no socket created for listening"), std::string::npos) << log;
}

} // namespace
} // namespace lockstep
