#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/journal.h"
#include "agent/pair_repository.h"
#include "core/policy.h"
#include "snapshots/decision/run_plan.h"

namespace lockstep {

/// When an automated snapshot is due, and what the retention lets go. The decision is pure
/// (snapshots/decision/run_plan.h); here are the clock, the attempts and the deleting.
class SnapshotSchedule {
public:
    explicit SnapshotSchedule(Journal& journal) : journal_(journal) {}

    /// What it wants taken now, if anything: an order like an operator's.
    [[nodiscard]] const std::optional<SnapshotOrder>& wanted() const { return wanted_; }
    struct Seen {
        const snapshots::Catalogue& catalogue;
        bool incomplete = false; // Not all of the repository could be read: nothing is deleted.
        bool taking = false;
    };
    /// Looks whether something is due, once a minute and after each end of a job.
    void look(const PairName& pair, const SnapshotPolicy& policy, const Seen& seen);
    /// What became of the wanted snapshot.
    void ended(const SnapshotJob& job);
    /// Deletes what the last look found to be due.
    [[nodiscard]] Awaitable<Result<void>> expire(PairRepository& repository,
                                                 snapshots::Catalogue& catalogue);

private:
    [[nodiscard]] Result<snapshots::RunInput> input_of(const SnapshotPolicy& policy,
                                                       const Seen& seen) const;
    void want(const PairName& pair, const std::string& why);

    Journal& journal_;
    Milliseconds look_again_at_{0};
    std::vector<snapshots::Attempt> attempts_; // Since this agent became the archiver.
    std::optional<SnapshotOrder> wanted_;
    std::optional<snapshots::RunInput> looked_at_;
    snapshots::RetentionPlan due_;
};

} // namespace lockstep
