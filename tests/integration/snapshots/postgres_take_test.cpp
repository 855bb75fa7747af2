#include <csignal>

#include <gtest/gtest.h>

#include "drivers/common/sealed_folder.h"
#include "platform/files.h"
#include "tests/integration/snapshots/postgres_snapshot_bed.h"

/// Snapshots of real PostgreSQL servers.
namespace lockstep {
namespace {

namespace fs = std::filesystem;
using bed::flip_a_bit;
using bed::must;
using bed::Node;
using bed::Running;
using bed::SnapshotBed;
using bed::soon;

/// Writes one row after another until it is told to stop; returns how many were acknowledged.
Awaitable<std::int64_t> write_on(postgres::Session::Ptr session, const bool* stop) {
    for (std::int64_t number = 1;; ++number) {
        std::string sql = "insert into ledger values ($1::bigint, "
                          "encode(sha256(convert_to($1::text, 'UTF8')), 'hex'), clock_timestamp())";
        std::vector<std::string> values{std::to_string(number)};
        const auto deadline = soon();
        const auto done = co_await session->query(std::move(sql), std::move(values), deadline);
        if (!done || *stop) {
            co_return done ? number : number - 1;
        }
    }
}

TEST(PostgresTake, RDS_R1_UnderLoadFromThePrimaryAndFromTheStandby) {
    SnapshotBed beds;
    auto& bed = beds.bed();
    bed.form_primary();
    beds.make_ledger(bed.a());
    beds.add_bulk(bed.a(), 20);
    bed.add_standby();
    bool stop = false;
    Running<std::int64_t> writer(bed, write_on(bed.a().session(), &stop));
    for (int i = 0; i < 20; ++i) {
        writer.step();
    }
    for (auto* const from : {&bed.a(), &bed.b()}) {
        auto& engine = from == &bed.a() ? beds.a() : beds.b();
        const auto before = beds.look(*from);
        const auto began = unix_ms();
        Progress last;
        const auto folder = beds.folder("of-" + from->member().id);
        const auto taken = must(bed.run(engine.take(
            folder, [&last](Progress progress) { last = progress; }, soon())));
        const auto after = beds.look(*from);
        EXPECT_GT(last.done_bytes, 20U << 20U);
        EXPECT_GE(last.done_bytes, last.total_bytes);
        EXPECT_EQ(taken.engine, "postgresql");
        EXPECT_TRUE(taken.version.starts_with("1")) << taken.version;
        EXPECT_EQ(taken.system_id, from->observe().system_id);
        EXPECT_EQ(taken.begin.history.text, "1");
        EXPECT_EQ(taken.end.history.text, "1");
        EXPECT_LT(taken.begin.offset_bytes, taken.end.offset_bytes);
        EXPECT_TRUE(taken.self_contained);
        EXPECT_GT(taken.data_bytes, 20U << 20U);
        EXPECT_GE(taken.end_unix_ms, began - 1000);
        EXPECT_LE(taken.end_unix_ms, unix_ms() + 1);
        std::uint64_t compared = 0;
        must(bed.run(engine.check(
            folder, [&compared](Progress progress) { compared = progress.done_bytes; }, soon())));
        EXPECT_GT(compared, 0U);
        EXPECT_FALSE(fs::exists(folder / "pg_wal.tar"));
        const auto seen = beds.restored({folder, {}, {}, taken.end.history}, {});
        EXPECT_TRUE(seen.is_whole()) << seen.rows << " rows, the last " << seen.last;
        EXPECT_GE(seen.last, before.last);
        EXPECT_LE(seen.last, after.last);
    }
    stop = true;
    EXPECT_GT(writer.end(), 0);
}

/// Damages one copy of a snapshot after the other, each in its own way.
class Damaging {
public:
    Damaging(SnapshotBed& beds, fs::path whole) : beds_(beds), whole_(std::move(whole)) {}
    /// What check() says of a copy that `damage` was done to.
    std::string verdict(const std::function<void(const fs::path&)>& damage) {
        const auto copy = beds_.folder("damaged");
        fs::remove_all(copy);
        fs::copy(whole_, copy);
        damage(copy);
        const auto checked = beds_.bed().run(beds_.a().check(copy, {}, soon()));
        EXPECT_TRUE(checked || checked.error().code == Errc::refused);
        return checked ? "whole" : checked.error().message;
    }

private:
    SnapshotBed& beds_;
    fs::path whole_;
};

TEST(PostgresTake, RDS_V1_V2_EveryDamageIsFoundAndNamed) {
    SnapshotBed beds;
    beds.bed().form_primary();
    const auto whole = beds.folder("whole");
    must(beds.bed().run(beds.a().take(whole, {}, soon())));
    Damaging damaging(beds, whole);
    EXPECT_EQ(damaging.verdict([](const fs::path&) {}), "whole");
    for (const auto* const name :
         {"base.tar.zst", "pg_wal.tar.zst", "backup_manifest", "settings.conf", "SHA256SUMS"}) {
        const auto size = fs::file_size(whole / name);
        const auto expect_named = [&](const char* how, const auto& damage) {
            const auto said = damaging.verdict([&](const fs::path& copy) { damage(copy / name); });
            EXPECT_NE(said.find(name), std::string::npos) << how << " " << name << ": " << said;
        };
        for (const auto at : {std::uint64_t{0}, size / 2, size - 1}) {
            expect_named("flip in", [at](const fs::path& file) { flip_a_bit(file, at); });
        }
        expect_named("cut", [size](const fs::path& file) { fs::resize_file(file, size / 2); });
        expect_named("empty", [](const fs::path& file) { fs::resize_file(file, 0); });
        expect_named("delete", [](const fs::path& file) { fs::remove(file); });
    }
    // Damage from before the list was made: only the server's own manifest can tell.
    const auto said = damaging.verdict([](const fs::path& copy) {
        fs::remove(copy / seal_name);
        flip_a_bit(copy / "base.tar.zst", fs::file_size(copy / "base.tar.zst") / 2);
        must(seal_folder(copy, {}));
    });
    EXPECT_NE(said.find("base.tar.zst"), std::string::npos) << said;
}

/// Holds pg_basebackup in the middle of its work: what it has not read the server cannot have sent.
class HeldTake {
public:
    HeldTake(SnapshotBed& beds, SnapshotEngine& engine, const fs::path& to)
        : take_(beds.bed(), engine.take(to, {}, soon())) {
        while (!fs::exists(to / "base.tar.zst") && !take_.is_over()) {
            take_.step();
        }
        tool_ = bed::tool_process("pg_basebackup");
        EXPECT_NE(tool_, 0);
        signal(SIGSTOP);
    }
    void signal(int number) const {
        if (tool_ != 0) {
            ::kill(tool_, number);
        }
    }
    Result<Snapshot> end() { return take_.end(); }

private:
    pid_t tool_ = 0;
    Running<Result<Snapshot>> take_;
};

TEST(PostgresTake, RDS_K1_K2_AKilledOrPromotedOneIsNone) {
    SnapshotBed beds;
    auto& bed = beds.bed();
    bed.form_primary();
    beds.make_ledger(bed.a());
    beds.add_bulk(bed.a(), 60);
    bed.add_standby();
    {
        HeldTake killed(beds, beds.b(), beds.folder("killed"));
        killed.signal(SIGKILL);
        const auto end = killed.end();
        ASSERT_FALSE(end) << "it was over before it could be killed";
        EXPECT_NE(end.error().message.find("137"), std::string::npos) << end.error().message;
        EXPECT_FALSE(bed.run(beds.b().check(beds.folder("killed"), {}, soon())));
    }
    HeldTake held(beds, beds.b(), beds.folder("promoted"));
    must(bed.run(bed.b().driver().promote(soon())));
    held.signal(SIGCONT);
    const auto end = held.end();
    ASSERT_FALSE(end);
    EXPECT_NE(end.error().message.find("promoted during online backup"), std::string::npos)
        << end.error().message;
    EXPECT_FALSE(bed.run(beds.b().check(beds.folder("promoted"), {}, soon())));
    // The next one, of the new primary, is good.
    const auto taken = must(bed.run(beds.b().take(beds.folder("next"), {}, soon())));
    EXPECT_TRUE(taken.end.history.text.ends_with(" 2")) << taken.end.history.text;
    must(bed.run(beds.b().check(beds.folder("next"), {}, soon())));
}

// A copy of damaged data would push out the older one that is whole: there is none, and it is said
// where the damage is.
TEST(PostgresTake, RDS_V5_APageThatIsDamagedInTheSourceIsNamed) {
    SnapshotBed beds;
    auto& bed = beds.bed();
    bed.form_primary();
    beds.add_bulk(bed.a(), 2);
    bed.a().sql("checkpoint");
    const auto table = bed.a().sql("select pg_relation_filepath('bulk')");
    constexpr std::uint64_t page_bytes = 8192;
    flip_a_bit(bed.a().config().data_dir / table, 20 * page_bytes + page_bytes / 2);
    const auto folder = beds.folder("damaged");
    const auto taken = bed.run(beds.a().take(folder, {}, soon()));
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, Errc::refused);
    EXPECT_NE(taken.error().message.find(table + "\", block 20"), std::string::npos)
        << taken.error().message;
    EXPECT_FALSE(bed.run(beds.a().check(folder, {}, soon())));
}

} // namespace
} // namespace lockstep
