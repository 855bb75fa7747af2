#include <algorithm>
#include <thread>

#include "tests/demo/scenes.h"

namespace lockstep::demo {

using namespace testbed;

namespace {

constexpr Milliseconds patience{120000};
constexpr std::uint64_t writes_before = 300;
constexpr std::uint64_t writes_after = 100;

std::int64_t ms_since(Clock::time_point from) {
    return std::chrono::duration_cast<Milliseconds>(Clock::now() - from).count();
}

/// Somebody's mistake, and what is done about it.
class Mistake {
public:
    Mistake(Testbed& bed, Tell tell) : bed_(bed), tell_(std::move(tell)) {}

    void take() {
        tell_("lockstep snapshot create shop, while 4 writers write");
        const auto since = Clock::now();
        const auto taken = bed_.ask({"snapshot", "create", "shop"}, patience);
        report_.snapshot_ms = ms_since(since);
        tell_("snapshot " + taken.at("id").get<std::string>() + " is taken, after " +
              std::to_string(report_.snapshot_ms) + " ms");
    }

    /// Writes that come after the moment are lost with the table, and not expected back.
    void happen() {
        const auto rows = ask("a", "with now as (select clock_timestamp() as t) select "
                                   "floor(extract(epoch from t) * 1000)::bigint::text, "
                                   "to_char(t at time zone 'utc', "
                                   "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') from now");
        moment_ms_ = std::stoll(rows.at(0).at(0));
        moment_ = rows.at(0).at(1);
        report_.rows_expected = count("a");
        digest_ = digest("a");
        tell_("somebody drops the table by mistake, at " + moment_ + ", with " +
              std::to_string(report_.rows_expected) + " rows");
        static_cast<void>(ask("a", "drop table ledger"));
    }

    void restore() {
        wait_until_restorable();
        tell_("lockstep snapshot restore shop --at " + moment_ + " --to c --as before");
        const auto since = Clock::now();
        static_cast<void>(bed_.ask(
            {"snapshot", "restore", "shop", "--at", moment_, "--to", "c", "--as", "before"},
            patience));
        report_.restore_ms = ms_since(since);
        report_.rows_restored = count("c");
        report_.equal = digest("c") == digest_ && report_.rows_restored == report_.rows_expected;
        tell_("pair before serves after " + std::to_string(report_.restore_ms) + " ms, with " +
              std::to_string(report_.rows_restored) + " rows, " +
              (report_.equal ? "the same" : "NOT the same"));
    }

    [[nodiscard]] const Restoration& report() const { return report_; }

private:
    [[nodiscard]] std::vector<std::vector<std::string>> ask(const std::string& member,
                                                            const std::string& statement) const {
        return ask_once(bed_.superuser_of(member), statement, in(patience));
    }
    [[nodiscard]] std::uint64_t count(const std::string& member) const {
        return std::stoull(ask(member, "select count(*)::text from ledger").at(0).at(0));
    }
    [[nodiscard]] std::string digest(const std::string& member) const {
        return ask(member, "select md5(string_agg(t::text, '|' order by id)) from ledger t")
            .at(0)
            .at(0);
    }
    void wait_until_restorable() const {
        const auto by = in(patience);
        for (;;) {
            const auto pair = bed_.ask({"snapshot", "list", "shop"}).at("pairs").at(0);
            if (pair.at("restorable").at("latest_unix_ms").get<std::int64_t>() > moment_ms_) {
                return;
            }
            if (Clock::now() > by) {
                throw Failure("the log is not archived up to " + moment_ + ": " + pair.dump(1));
            }
            std::this_thread::sleep_for(Milliseconds{100});
        }
    }

    Testbed& bed_;
    Tell tell_;
    Restoration report_;
    std::int64_t moment_ms_ = 0;
    std::string moment_;
    std::string digest_;
};

} // namespace

// The writers have ended when the table goes: what is expected back is exactly what was there.
Report snapshots(Testbed& bed, const Tell& tell) {
    Report report;
    report.scene = "snapshots";
    report.primary_before = report.primary_after = bed.pair().at("primary").get<std::string>();
    Writers writers(bed.writers());
    const auto began = Clock::now();
    if (!writers.acknowledges(writes_before, in(patience))) {
        throw Failure("nobody can write to " + bed.name() + "\n" + bed.state_of_things());
    }
    Mistake mistake(bed, tell);
    mistake.take();
    if (!writers.acknowledges(writes_after, in(patience))) {
        throw Failure("no writes after the snapshot\n" + bed.state_of_things());
    }
    const auto ledger = writers.stop();
    report.account = ledger.account(bed.reader_of(report.primary_after));
    report.outage_ms = ledger.longest_gap(began).count();
    report.troubles = ledger.troubles();
    mistake.happen();
    mistake.restore();
    report.restoration = mistake.report();
    report.ok = report.account.lost == 0 && report.restoration->equal;
    return report;
}

} // namespace lockstep::demo
