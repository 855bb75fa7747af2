#pragma once

#include <string>
#include <vector>

#include "tests/sim/lineage.h"

namespace lockstep::sim {

constexpr std::uint64_t segment_bytes = 1U << 24U;

[[nodiscard]] constexpr std::uint64_t segment_of(std::uint64_t offset) {
    return offset / segment_bytes;
}

/// A data folder: what is left when everything on the host has died.
class Disk {
public:
    bool exists = false;
    bool broken = false;  // A rewind was interrupted: worth nothing.
    bool standby = false; // standby.signal
    bool clean = false;   // It was shut down as a primary, and nothing was written since.
    std::string system_id;
    Lineage lineage;

    [[nodiscard]] const std::vector<LogEntry>& log() const { return log_; }
    [[nodiscard]] std::uint64_t end() const { return log_.empty() ? 0 : log_.back().end; }
    [[nodiscard]] std::uint64_t synced_end() const {
        return synced_ == 0 ? 0 : log_[synced_ - 1].end;
    }
    [[nodiscard]] Position synced_position() const { return {lineage.history(), synced_end()}; }
    /// Whether a restart after a power cut would still have this client's write.
    [[nodiscard]] bool holds(std::uint32_t write) const {
        return write < holds_.size() && holds_[write];
    }

    void append(LogEntry entry) { log_.push_back(entry); }
    void sync(std::uint64_t up_to) {
        while (synced_ < log_.size() && log_[synced_].end <= up_to) {
            const auto write = log_[synced_].write;
            if (write >= holds_.size()) {
                holds_.resize(write + 64);
            }
            holds_[write] = true;
            ++synced_;
        }
    }
    /// What was not synced is gone.
    void lose_power() { log_.resize(synced_); }
    /// The first entry past `offset`.
    [[nodiscard]] std::size_t index_after(std::uint64_t offset) const;

private:
    std::vector<LogEntry> log_;
    std::size_t synced_ = 0; // How many of them.
    std::vector<bool> holds_;
};

} // namespace lockstep::sim
