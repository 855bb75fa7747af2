#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "controller/event_log.h"
#include "controller/rate_limit.h"
#include "controller/store_thread.h"
#include "core/snapshot.h"

namespace lockstep {

/// What operators asked of archivers, and what archivers told of their pairs' repositories. It is
/// no part of the records: nobody's role depends on it. What was told is remembered only while this
/// controller runs; agents tell it anew.
class SnapshotDesk {
public:
    SnapshotDesk(asio::any_io_executor executor, StoreThread& store, EventLog& events,
                 std::vector<SnapshotOrder> at_start);

    struct Told {
        MemberId member;
        SnapshotReport report;
    };
    /// What a job ended with that failed, for whoever waits for it.
    struct Failure {
        SnapshotOrder order;
        std::string trouble;
    };

    /// Returns once the order is stored.
    [[nodiscard]] Awaitable<Result<void>> add(SnapshotOrder order);
    [[nodiscard]] std::vector<SnapshotOrder> orders_of(const PairName& pair) const;
    [[nodiscard]] const Told* told_of(const PairName& pair) const;
    [[nodiscard]] std::vector<Failure> failures_of(const PairName& pair) const;

    /// The final snapshot after which the pair is deleted, if that was asked for.
    [[nodiscard]] std::optional<SnapshotOrder> final_order_of(const PairName& pair) const;
    /// Ends an order that failed. A final one stands until its end is stored, and only then is it
    /// told that the pair stays: one that stayed in the store would delete it after all. If that
    /// fails, it is tried again when the archiver tells again.
    void give_up(const SnapshotOrder& order, const std::string& trouble);
    /// A deletion that waits for its final snapshot longer than a day is given up: nobody expects
    /// it any more. Asked again and again.
    void give_up_overdue(std::int64_t now_unix_ms);
    /// The store has ended the final orders of that pair already.
    void called_off(const PairName& pair, const std::string& trouble);
    /// Ends an order, and tells nobody.
    void end(const SnapshotOrder& order);

    /// The pair is no more: its orders are void.
    void end_orders_of(const PairName& pair);
    /// And so is what was told of it.
    void forget_pair(const PairName& pair);

    /// Ends the orders that the report says are ended. Returns the final snapshots that are taken:
    /// their orders stand until the pair is deleted, or they are given up.
    std::vector<SnapshotOrder> heard(const MemberId& member, SnapshotReport report);

private:
    using Key = std::pair<SnapshotWork, std::string>;
    [[nodiscard]] static bool is_done(const SnapshotOrder& order, const SnapshotReport& report);
    [[nodiscard]] static const SnapshotJob* failed_job(const SnapshotOrder& order,
                                                       const SnapshotReport& report);
    void stays(const SnapshotOrder& order, const std::string& trouble);
    void note_failure(const SnapshotOrder& order, const std::string& trouble);
    [[nodiscard]] Awaitable<void> forget(SnapshotWork work, std::string id);
    [[nodiscard]] Awaitable<void> end_deletion(SnapshotOrder order, std::string trouble);

    asio::any_io_executor executor_;
    StoreThread& store_;
    EventLog& events_;
    std::map<Key, SnapshotOrder> orders_;
    std::set<Key> ending_; // Final ones whose end is on its way to the store.
    RateLimit tellings_;
    std::map<PairName, Told> told_;
    std::vector<Failure> failures_; // The last few.
};

} // namespace lockstep
