#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/record.h"
#include "tests/sim/engine.h"

namespace lockstep::sim {

/// What must never be, and where it was.
struct Violation {
    std::string invariant; // "lost", "read", "split", "epoch", "boot", "stuck", "crash"
    std::string what;
    Micros at = 0;
};

/// The account of everything that was acknowledged, checked whenever something changes that can
/// break it: an acknowledgement, a swapped record, a log that became shorter, a server that came
/// up. Between two such changes nothing can break, so this is a check after each step.
class Ledger : public Witness {
public:
    void swapped(const PairRecord& before, const PairRecord& now);

    void acknowledged(const EngineModel& by, std::uint32_t write, Micros begun_at) override;
    void seen(const EngineModel& on, std::uint32_t write) override;
    void came_up_writable(const EngineModel& which, LetIn how) override;
    void went_down(const EngineModel& which) override;
    void log_replaced(const EngineModel& which) override;

    void violate(std::string invariant, std::string what);
    [[nodiscard]] const std::optional<Violation>& violation() const { return violation_; }
    [[nodiscard]] std::uint64_t acknowledged_count() const { return acknowledged_.size(); }
    [[nodiscard]] std::uint64_t lost_count() const;
    [[nodiscard]] const PairRecord& record() const { return record_; }
    [[nodiscard]] Micros last_acknowledged_at() const { return last_at_; }
    [[nodiscard]] std::uint32_t new_write() { return ++last_write_; }

private:
    void check_member(const MemberId& member);
    [[nodiscard]] bool counts(const EngineModel& database) const;
    void check_split(const EngineModel& by, Micros begun_at);

    PairRecord record_;
    std::vector<std::uint32_t> acknowledged_;
    std::vector<bool> seen_; // By a client, acknowledged or not; by write.
    std::uint32_t last_write_ = 0;
    Micros last_at_ = 0;
    std::map<Epoch, MemberId> who_acknowledged_;
    std::map<MemberId, Epoch> serves_in_;    // Since it came up last.
    std::map<MemberId, Epoch> named_in_;     // The last epoch that named it primary.
    std::map<MemberId, Micros> named_until_; // When the record last named it.
    std::map<MemberId, Micros> down_since_;
    std::map<Epoch, Micros> writable_since_;
    std::optional<Violation> violation_;
};

} // namespace lockstep::sim
