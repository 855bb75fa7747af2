#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controller/decision/view.h"
#include "core/record.h"
#include "core/result.h"

namespace lockstep {

/// What an operator asks for when a pair is created. Members are complete: address, port, zone,
/// host and key come from their agents.
struct CreatePair {
    PairName pair;
    std::string engine;
    MemberId primary;
    std::vector<Member> members; // The primary among them.
    Policy policy;
    std::optional<Origin> origin;     // Made from a snapshot instead of from nothing.
    bool deletion_protection = false; // Kept beside the record.
};

struct FailoverRequest {
    MemberId to; // Empty: the in-sync standby.
    bool accept_data_loss = false;
    std::string fenced_by; // How the old primary was stopped, with accept_data_loss.
    std::string asked_by;
};

struct SwitchoverRequest {
    MemberId to; // Empty: the in-sync standby.
    std::string asked_by;
};

/// What of a pair's schedule changes; what is empty stays as it is.
struct ScheduleChange {
    std::optional<std::uint32_t> retention_days;
    std::optional<std::uint32_t> minimum;
    std::optional<std::string> window;
    std::optional<std::string> time_zone;
    std::optional<bool> verify;
    friend bool operator==(const ScheduleChange&, const ScheduleChange&) = default;
};

/// Each returns the record to swap in, or `refused` with the reason and what to do instead. Pure.

/// `epoch` is later than that of any pair before: one of the same name may have been deleted, and
/// what wrote under its epochs (a repository remembers them) must not look like this one's.
[[nodiscard]] Result<PairRecord> first_record(const CreatePair& request, Epoch epoch);
[[nodiscard]] Result<PairRecord> with_failover(const PairRecord& record, const View& view,
                                               const FailoverRequest& request);
[[nodiscard]] Result<PairRecord> with_switchover(const PairRecord& record, const View& view,
                                                 const SwitchoverRequest& request);
[[nodiscard]] Result<PairRecord> with_member(const PairRecord& record, const Member& member);
[[nodiscard]] Result<PairRecord> without_member(const PairRecord& record, const MemberId& member,
                                                const std::string& asked_by);
[[nodiscard]] SnapshotPolicy changed(SnapshotPolicy policy, const ScheduleChange& change);
[[nodiscard]] Result<PairRecord> with_schedule(const PairRecord& record,
                                               const ScheduleChange& change);
[[nodiscard]] Result<PairRecord> with_paused(const PairRecord& record, bool paused);

} // namespace lockstep
