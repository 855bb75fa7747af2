#include <csignal>
#include <map>

#include <gtest/gtest.h>

#include "drivers/common/sealed_folder.h"
#include "platform/clock.h"
#include "platform/files.h"
#include "tests/integration/snapshots/mysql_snapshot_bed.h"

/// Snapshots of real servers of the MySQL family.
namespace lockstep {
namespace {

namespace fs = std::filesystem;
using bed::flip_a_bit;
using mysql_bed::Flavour;
using mysql_bed::must;
using mysql_bed::Running;
using mysql_bed::SnapshotBed;
using mysql_bed::soon;

class MysqlTake : public testing::TestWithParam<Flavour> {
protected:
    /// A pair with a ledger, shared: a test leaves it as it found it, or takes it away.
    static std::unique_ptr<SnapshotBed>& shared_pair() {
        static std::map<Flavour, std::unique_ptr<SnapshotBed>> pairs;
        auto& pair = pairs[GetParam()];
        if (!pair) {
            pair = std::make_unique<SnapshotBed>(GetParam());
            pair->bed().form_primary();
            pair->make_ledger(pair->bed().a());
            pair->add_bulk(pair->bed().a(), 10);
            pair->bed().add_standby();
        }
        return pair;
    }
};

TEST_P(MysqlTake, RDS_R1_UnderLoadFromThePrimaryAndFromTheStandby) {
    auto& beds = *shared_pair();
    auto& bed = beds.bed();
    bool stop = false;
    Running<std::int64_t> writer(bed, mysql_bed::write_on(bed.a().session(), &stop));
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
        EXPECT_GT(last.done_bytes, 10U << 20U);
        EXPECT_GE(last.total_bytes, last.done_bytes);
        EXPECT_EQ(taken.engine, from->driver().name());
        EXPECT_EQ(taken.system_id, from->observe().system_id);
        EXPECT_EQ(taken.begin, taken.end);
        EXPECT_EQ(taken.end.history, from->observe().position.history);
        EXPECT_LE(taken.end.offset_bytes, beds.place_of(*from));
        EXPECT_TRUE(taken.self_contained);
        EXPECT_GT(taken.data_bytes, 10U << 20U);
        EXPECT_GE(taken.end_unix_ms, began);
        EXPECT_LE(taken.end_unix_ms, unix_ms() + 1000);
        std::uint64_t compared = 0;
        must(bed.run(engine.check(
            folder, [&compared](Progress progress) { compared = progress.done_bytes; }, soon())));
        EXPECT_GT(compared, 10U << 20U);
        EXPECT_FALSE(fs::exists(folder / "copy"));
        const auto seen = beds.restored({folder, {}, {}, taken.end.history}, {});
        EXPECT_TRUE(seen.is_whole()) << seen.rows << " rows, the last " << seen.last;
        EXPECT_GE(seen.last, before.last);
        EXPECT_LE(seen.last, after.last);
    }
    stop = true;
    EXPECT_GT(writer.end(), 0);
    must(bed.run(beds.b().examine_tables({}, soon())));
    bed.a().sql("TRUNCATE TABLE shop.ledger");
}

void expect_refused_for(SnapshotBed& beds, const std::string& table) {
    const auto folder = beds.folder("lacking");
    const auto taken = beds.bed().run(beds.a().take(folder, {}, soon()));
    ASSERT_FALSE(taken) << table;
    EXPECT_EQ(taken.error().code, Errc::refused);
    EXPECT_NE(taken.error().message.find(table + " is of the engine MyISAM"), std::string::npos)
        << taken.error().message;
    EXPECT_FALSE(fs::exists(folder / "copy")) << "nothing is copied before it is known";
}

/// MySQL's clone makes an empty table of one that is not InnoDB's, and says nothing of it. What
/// is merged is named itself; nor is a user's table spared in the server's own schema.
void expect_no_snapshot_without_rows(SnapshotBed& beds) {
    auto& a = beds.bed().a();
    a.sql("CREATE TABLE shop.old (i INT) ENGINE = MyISAM");
    a.sql("CREATE TABLE shop.all_old (i INT) ENGINE = MERGE UNION = (shop.old)");
    a.sql("INSERT INTO shop.old VALUES (1)");
    expect_refused_for(beds, "`shop`.`old`");
    a.sql("DROP TABLE shop.all_old, shop.old");
    a.sql("CREATE TABLE mysql.old (i INT) ENGINE = MyISAM");
    expect_refused_for(beds, "`mysql`.`old`");
    a.sql("DROP TABLE mysql.old");
}

TEST_P(MysqlTake, RDS_V1_V2_EveryDamageIsFoundAndNamed) {
    auto& beds = *shared_pair();
    if (GetParam() == Flavour::mysql) {
        expect_no_snapshot_without_rows(beds);
    }
    const auto whole = beds.folder("whole");
    must(beds.bed().run(beds.a().take(whole, {}, soon())));
    // What check() says of a copy that `damage` was done to.
    const auto verdict = [&](const std::function<void(const fs::path&)>& damage) {
        const auto copy = beds.folder("damaged");
        fs::remove_all(copy);
        fs::copy(whole, copy);
        damage(copy);
        const auto checked = beds.bed().run(beds.a().check(copy, {}, soon()));
        EXPECT_TRUE(checked || checked.error().code == Errc::refused);
        return checked ? std::string("whole") : checked.error().message;
    };
    EXPECT_EQ(verdict([](const fs::path&) {}), "whole");
    for (const auto* const name :
         {"base.tar.zst", "manifest", "settings.cnf", "position", "SHA256SUMS"}) {
        const auto size = fs::file_size(whole / name);
        const auto expect_named = [&](const char* how, const auto& damage) {
            const auto said = verdict([&](const fs::path& copy) { damage(copy / name); });
            EXPECT_NE(said.find(name), std::string::npos) << how << " " << name << ": " << said;
        };
        expect_named("flip in", [size](const fs::path& file) { flip_a_bit(file, size / 2); });
        expect_named("cut", [size](const fs::path& file) { fs::resize_file(file, size / 2); });
        expect_named("delete", [](const fs::path& file) { fs::remove(file); });
    }
    // Damage from before the list was made: only the manifest can tell, and the file in it.
    const auto said = verdict([](const fs::path& copy) {
        fs::remove(copy / seal_name);
        auto text = must(read_file(copy / "manifest"));
        const auto line = text.rfind('\n', text.find(" ibdata1"));
        text[line + 1] = text[line + 1] == '0' ? '1' : '0';
        must(write_file_durably(copy / "manifest", text));
        must(seal_folder(copy, {}));
    });
    EXPECT_NE(said.find("ibdata1 in it differs from what was copied"), std::string::npos) << said;
}

/// Ends whoever copies in the middle of the work: MariaDB's tool, or MySQL itself, which has a
/// session for it.
void kill_copier(mysql_bed::Node& node, Flavour flavour) {
    if (flavour == Flavour::mysql) {
        node.kill();
        return;
    }
    const auto tool = bed::tool_process("mariadb-backup");
    ASSERT_NE(tool, 0);
    ::kill(tool, SIGKILL);
}

TEST_P(MysqlTake, RDS_K1_K2_AKilledOneIsNoneAndOneAcrossAPromotionIsGood) {
    const auto pair = std::move(shared_pair());
    auto& beds = *pair;
    auto& bed = beds.bed();
    beds.add_bulk(bed.a(), 60);
    beds.add_row(bed.a());
    beds.catch_up();
    const auto half = beds.folder("killed");
    {
        Running<Result<Snapshot>> taking(bed, beds.b().take(half, {}, soon()));
        while (!fs::exists(half / "copy" / "ibdata1") && !taking.is_over()) {
            taking.step();
        }
        kill_copier(bed.b(), GetParam());
        ASSERT_FALSE(taking.end()) << "it was over before it could be killed";
        EXPECT_FALSE(bed.run(beds.b().check(half, {}, soon())));
    }
    if (GetParam() == Flavour::mysql) {
        bed.b().start(bed.standby_ticket(bed.b(), "ls_b_async"));
    }
    // Promoted while it is copied: its GTIDs prove of which moment the copy is.
    const auto folder = beds.folder("promoted");
    Running<Result<Snapshot>> taking(bed, beds.b().take(folder, {}, soon()));
    while (!fs::exists(folder / "copy" / "ibdata1") && !taking.is_over()) {
        taking.step();
    }
    must(bed.run(bed.b().driver().promote(soon())));
    beds.add_row(bed.b());
    const auto taken = must(taking.end());
    const auto forks = must(bed.run(beds.b().forks(soon())));
    ASSERT_EQ(forks.size(), 2U);
    const bool of_the_new = taken.end.history == forks[1].history;
    EXPECT_TRUE(of_the_new || taken.end.history == forks[0].history);
    EXPECT_EQ(of_the_new, taken.end.offset_bytes > forks[1].fork);
    must(bed.run(beds.b().check(folder, {}, soon())));
    const auto seen = beds.restored({folder, {}, {}, taken.end.history}, {});
    EXPECT_TRUE(seen.is_whole());
    EXPECT_GE(seen.last, 1);
}

INSTANTIATE_TEST_SUITE_P(mariadb, MysqlTake, testing::Values(Flavour::mariadb));
INSTANTIATE_TEST_SUITE_P(mysql, MysqlTake, testing::Values(Flavour::mysql));

} // namespace
} // namespace lockstep
