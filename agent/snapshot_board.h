#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "core/snapshot.h"

namespace lockstep {

/// Between the stream to the controller and whoever keeps the snapshots: what is asked, and what is
/// to be told.
class SnapshotBoard {
public:
    /// Called when there is something to tell.
    void on_tell(std::function<void()> changed) { on_tell_ = std::move(changed); }
    /// Called when something else is asked than before.
    void on_ask(std::function<void()> changed) { on_ask_ = std::move(changed); }

    void ask(std::vector<SnapshotOrder> orders) {
        if (orders != orders_) {
            orders_ = std::move(orders);
            on_ask_();
        }
    }
    [[nodiscard]] const std::vector<SnapshotOrder>& orders() const { return orders_; }

    void tell(SnapshotReport report) {
        if (report != report_) {
            report_ = std::move(report);
            ++version_;
            on_tell_();
        }
    }
    [[nodiscard]] const SnapshotReport& report() const { return report_; }
    /// Changes whenever the report does; 0: there is none yet.
    [[nodiscard]] std::uint64_t version() const { return version_; }

private:
    std::vector<SnapshotOrder> orders_;
    SnapshotReport report_;
    std::uint64_t version_ = 0;
    std::function<void()> on_tell_ = [] {};
    std::function<void()> on_ask_ = [] {};
};

} // namespace lockstep
