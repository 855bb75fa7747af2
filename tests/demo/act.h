#pragma once

#include <functional>
#include <string>

#include "tests/demo/scenes.h"

namespace lockstep::demo {

/// What the scenes have in common: writers write, something happens once, and at the end every
/// acknowledged write is accounted for. The steps are told as they are done.
class Act {
public:
    /// Begins the writers, and waits until they are well under way.
    Act(const char* scene, testbed::Testbed& bed, Tell tell);

    [[nodiscard]] const std::string& primary() const { return report_.primary_before; }
    [[nodiscard]] const std::string& standby() const { return standby_; }
    [[nodiscard]] testbed::Testbed& bed() { return bed_; }
    void say(const std::string& text) const { tell_(text); }

    /// The fault: the outage counts from here on.
    void strike(const std::string& what, const std::function<void()>& happens);
    /// Waits for acknowledged writes, and says when there were some again.
    void see_writes();
    /// Waits until the former standby serves, where writes may go on for a while on the old
    /// primary.
    void see_failover();
    /// Waits until every process of the old primary's database is gone, and says when.
    void see_old_primary_fenced();
    void hold(testbed::Milliseconds span) const;
    /// Waits until the former standby has a standby in sync.
    void see_redundant();
    /// Ends the writers and judges what they saw.
    [[nodiscard]] Report finish();

private:
    [[nodiscard]] std::string since_fault() const;

    testbed::Testbed& bed_;
    Tell tell_;
    Report report_;
    std::string standby_;
    testbed::Writers writers_;
    testbed::Clock::time_point fault_;
    std::int64_t fault_unix_ms_ = 0;
};

} // namespace lockstep::demo
