#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/journal.h"
#include "agent/pair_repository.h"
#include "core/policy.h"
#include "snapshots/decision/run_plan.h"

namespace lockstep {

/// When an automated snapshot or the proof of one is due, and what the retention lets go. The
/// decisions are pure (snapshots/decision/run_plan.h, verification.h); here are the clock, the
/// attempts and the deleting.
class SnapshotSchedule {
public:
    explicit SnapshotSchedule(Journal& journal) : journal_(journal) {}

    /// What it wants done now, if anything: an order like an operator's.
    [[nodiscard]] const std::optional<SnapshotOrder>& wanted() const { return wanted_; }
    struct Seen {
        const snapshots::Catalogue& catalogue;
        bool incomplete = false; // Not all of the repository could be read: nothing is deleted.
        bool taking = false;
    };
    /// Looks whether something is due, once a minute, and at once after a job and when the policy
    /// changes.
    void look(const PairName& pair, const SnapshotPolicy& policy, const Seen& seen);
    /// What became of what it wanted.
    void ended(const SnapshotJob& job);
    /// What the next run would do, as of the last look.
    [[nodiscard]] const SnapshotPlan& plan() const { return plan_; }
    /// Deletes what the last look found to be due.
    [[nodiscard]] Awaitable<Result<void>> expire(PairRepository& repository,
                                                 snapshots::Catalogue& catalogue);

private:
    [[nodiscard]] Result<snapshots::RunInput> input_of(const SnapshotPolicy& policy,
                                                       const Seen& seen) const;
    void want(SnapshotOrder order, const std::string& why);
    void want_snapshot(const PairName& pair, const std::string& why);
    void want_proof(const PairName& pair, const snapshots::RunPlan& plan, const Seen& seen);
    void taken(const SnapshotJob& job);

    Journal& journal_;
    Milliseconds look_again_at_{0};
    SnapshotPolicy policy_;                    // At the last look.
    std::vector<snapshots::Attempt> attempts_; // Since this agent became the archiver.
    std::optional<SnapshotOrder> wanted_;
    Milliseconds next_proof_at_{0}; // After one that failed.
    SnapshotPlan plan_;
    std::optional<snapshots::RunInput> looked_at_;
    snapshots::RetentionPlan due_;
};

} // namespace lockstep
