#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lockstep::sim {

/// How an engine with GTIDs names a transaction; tests/sim/semisync.
struct Named;

/// One record of a log.
struct LogEntry {
    std::uint64_t id = 0;    // Of its own in the whole history: the same place may hold another.
    std::uint64_t end = 0;   // Of the log with it, in the engine's unit.
    std::uint32_t write = 0; // Which client's write it commits; 0: none.
    std::shared_ptr<const Named> named; // Null where the engine gives no names.
};

/// A data folder: what is left when everything on the host has died.
class Disk {
public:
    bool exists = false;
    bool broken = false;  // A rewind was interrupted: worth nothing.
    bool standby = false; // It would start as a standby.
    bool clean = false;   // It was shut down as a primary, and nothing was written since.
    std::string system_id;

    [[nodiscard]] const std::vector<LogEntry>& log() const { return log_; }
    [[nodiscard]] std::uint64_t end() const { return log_.empty() ? 0 : log_.back().end; }
    [[nodiscard]] std::uint64_t synced_end() const {
        return synced_ == 0 ? 0 : log_[synced_ - 1].end;
    }
    /// Whether a restart after a power cut would still have this client's write.
    [[nodiscard]] bool holds(std::uint32_t write) const {
        return write < holds_.size() && holds_[write];
    }

    void append(LogEntry entry) { log_.push_back(std::move(entry)); }
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
