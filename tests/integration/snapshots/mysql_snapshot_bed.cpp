#include "tests/integration/snapshots/mysql_snapshot_bed.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "drivers/mysql/snapshot/log_place.h"
#include "tests/support/eventually.h"

namespace lockstep::mysql_bed {

namespace fs = std::filesystem;

namespace {
std::string insert_of(std::int64_t number) {
    const auto text = std::to_string(number);
    return "INSERT INTO shop.ledger VALUES (" + text + ", SHA2('" + text + "', 256), NOW(3))";
}
} // namespace

SnapshotBed::SnapshotBed(Flavour flavour)
    : flavour_(flavour), bed_(flavour),
      target_(bed_, flavour, "r", static_cast<std::uint16_t>(23000 + ::getpid() % 900)) {
    const auto executor = bed_.context().get_executor();
    engine_a_ = MysqlSnapshots::make(executor, bed_.a().config());
    engine_b_ = MysqlSnapshots::make(executor, bed_.b().config());
    restorer_ = MysqlSnapshots::make(executor, target_.config());
}

void SnapshotBed::make_ledger(Node& on) {
    on.sql("CREATE TABLE shop.ledger (seq BIGINT PRIMARY KEY, sha CHAR(64), ts TIMESTAMP(3))");
}

std::int64_t SnapshotBed::add_row(Node& on) {
    on.sql(insert_of(next_));
    return next_++;
}

LedgerSeen SnapshotBed::look(Node& on) {
    const auto session = on.session();
    const auto rows = must(bed_.run(session->query(
        "SELECT COUNT(*), COALESCE(MAX(seq), 0), "
        "COALESCE(SUM(CAST(sha AS BINARY) <> CAST(SHA2(seq, 256) AS BINARY)), 0) FROM shop.ledger",
        soon())));
    return {static_cast<std::int64_t>(rows.number(0, 0)),
            static_cast<std::int64_t>(rows.number(0, 1)),
            static_cast<std::int64_t>(rows.number(0, 2))};
}

void SnapshotBed::add_bulk(Node& on, int megabytes) {
    on.sql("CREATE TABLE IF NOT EXISTS shop.bulk (i INT AUTO_INCREMENT PRIMARY KEY, "
           "filler MEDIUMTEXT)");
    for (int i = 0; i < megabytes; ++i) {
        on.sql("INSERT INTO shop.bulk (filler) VALUES (REPEAT(SHA2(RAND(), 256), 16384))");
    }
}

void SnapshotBed::catch_up() {
    const auto place = place_of(bed_.a());
    bed_.b().observe_until([&](const auto&) { return place_of(bed_.b()) >= place; },
                           "b has all of a");
}

std::string SnapshotBed::last_gtid(Node& on) {
    const auto text = on.sql(flavour_ == Flavour::mysql ? "SELECT @@GLOBAL.gtid_executed"
                                                        : "SELECT @@GLOBAL.gtid_current_pos");
    if (flavour_ == Flavour::mariadb) {
        return text;
    }
    const auto own = must(mysql::GtidSet::parse(flavour_, text))
                         .of_server(on.sql("SELECT @@GLOBAL.server_uuid"));
    const auto& [writer, intervals] = *own.writers().begin();
    return writer + ":" + std::to_string(intervals.back().last);
}

std::uint64_t SnapshotBed::place_of(Node& on) {
    const auto text = on.sql(flavour_ == Flavour::mysql ? "SELECT @@GLOBAL.gtid_executed"
                                                        : "SELECT @@GLOBAL.gtid_current_pos");
    return mysql::place_after(must(mysql::GtidSet::parse(flavour_, text)));
}

void SnapshotBed::start_target() {
    target_.restart_driver();
    target_.start(bed_.primary_ticket(target_));
    target_.apply(bed_.primary_ticket(target_));
}

LedgerSeen SnapshotBed::restored(const SnapshotEngine::Source& source,
                                 const RestoreTarget& target) {
    must(bed_.run(restorer_->restore(source, target, {}, soon())));
    start_target();
    EXPECT_TRUE(target_.observe().position.history.known());
    const auto seen = look(target_);
    empty_target();
    return seen;
}

void SnapshotBed::empty_target() {
    target_.kill();
    fs::remove_all(target_.config().data_dir);
}

LogSegment SnapshotBed::received_up_to(SnapshotEngine& engine, const fs::path& spool,
                                       std::uint64_t place) {
    LogSegment last;
    EXPECT_TRUE(eventually([&] {
        const auto whole = finished(engine, spool);
        const auto rest = must(bed_.run(engine.unfinished(spool, soon())));
        last = rest ? *rest : whole.empty() ? LogSegment{} : whole.back();
        return last.to >= place;
    })) << "at "
        << last.to << " instead of " << place;
    return last;
}

std::vector<LogSegment> SnapshotBed::finished(SnapshotEngine& engine, const fs::path& spool) {
    return must(bed_.run(engine.finished(spool, soon())));
}

Awaitable<std::int64_t> write_on(mysql::Session::Ptr session, const bool* stop) {
    for (std::int64_t number = 1;; ++number) {
        const auto deadline = soon();
        auto sql = insert_of(number);
        const auto done = co_await session->query(std::move(sql), deadline);
        if (!done || *stop) {
            co_return done ? number : number - 1;
        }
    }
}

} // namespace lockstep::mysql_bed
