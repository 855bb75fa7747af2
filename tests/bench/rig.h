#pragma once

#include <functional>
#include <memory>
#include <string>

#include "tests/bench/measurement.h"
#include "tests/support/testbed/floor.h"

namespace lockstep::bench {

/// Where scenarios are run: one installation after the other, each used for as many runs as leave
/// it as it should be. Main thread only.
class Rig {
public:
    using Tell = std::function<void(const std::string&)>;
    Rig(testbed::Engine engine, std::size_t data_mib, Tell tell)
        : engine_(engine), data_mib_(data_mib), tell_(std::move(tell)) {}

    /// One run on a pair in sync. Throws testbed::Failure when it could not be made; the next run
    /// then has a new installation.
    [[nodiscard]] Sample run(const Scenario& scenario);
    /// With the same clients.
    [[nodiscard]] testbed::Floor floor(std::size_t runs);

private:
    void make_ready(std::uint64_t disk_bytes);
    [[nodiscard]] Sample run_on(testbed::Testbed& bed, const Scenario& scenario);

    testbed::Engine engine_;
    std::size_t data_mib_;
    Tell tell_;
    std::unique_ptr<testbed::Testbed> bed_;
    std::uint64_t disk_bytes_ = 0; // As bed_ was made.
    bool held_down_ = false;       // Its standby was lost: it would be let in late the next time.
};

} // namespace lockstep::bench
