#include "tests/integration/snapshots/postgres_snapshot_bed.h"

#include <unistd.h>

namespace lockstep::bed {

namespace fs = std::filesystem;

namespace {
constexpr auto sha = "encode(sha256(convert_to($1::text, 'UTF8')), 'hex')";
} // namespace

SnapshotBed::SnapshotBed()
    : target_(bed_, "r", static_cast<std::uint16_t>(22000 + ::getpid() % 900)) {
    const auto executor = bed_.context().get_executor();
    engine_a_ = PostgresSnapshots::make(executor, bed_.a().config());
    engine_b_ = PostgresSnapshots::make(executor, bed_.b().config());
    restorer_ = PostgresSnapshots::make(executor, target_.config());
}

void SnapshotBed::make_ledger(Node& on) {
    on.sql("create table ledger (seq bigint primary key, sha text, ts timestamptz)");
}

std::int64_t SnapshotBed::add_row(Node& on) {
    const auto session = on.session();
    std::string sql =
        std::string("insert into ledger values ($1::bigint, ") + sha + ", clock_timestamp())";
    std::vector<std::string> values{std::to_string(next_)};
    must(bed_.run(session->query(sql, values, soon())));
    return next_++;
}

LedgerSeen SnapshotBed::look(Node& on) {
    const auto session = on.session();
    const auto rows = must(bed_.run(
        session->query("select count(*), coalesce(max(seq), 0), count(*) filter (where sha <> "
                       "encode(sha256(convert_to(seq::text, 'UTF8')), 'hex')) from ledger",
                       {}, soon())));
    return {std::stoll(rows.text(0, 0)), std::stoll(rows.text(0, 1)), std::stoll(rows.text(0, 2))};
}

void SnapshotBed::add_bulk(Node& on, int megabytes) {
    on.sql("create table if not exists bulk (i int, filler text)");
    on.sql("insert into bulk select i, md5(i::text) || repeat(md5(i::text), 27) "
           "from generate_series(1, " +
           std::to_string(megabytes * 1024) + ") i");
}

LedgerSeen SnapshotBed::restored(const SnapshotEngine::Source& source,
                                 const RestoreTarget& target) {
    must(bed_.run(restorer_->restore(source, target, {}, soon())));
    target_.start(bed_.primary_ticket(target_));
    const auto seen = look(target_);
    target_.stop();
    empty_target();
    return seen;
}

void SnapshotBed::empty_target() {
    target_.kill();
    fs::remove_all(target_.config().data_dir);
}

} // namespace lockstep::bed
