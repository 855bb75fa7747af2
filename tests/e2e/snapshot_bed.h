#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "tests/e2e/bed.h"

namespace lockstep::e2e {

/// A pair of a and b with a repository; c is an agent in no pair, into which is restored.
class SnapshotBed : public EndToEnd, public testing::WithParamInterface<Engine> {
protected:
    static constexpr Milliseconds patient{60000};

    [[nodiscard]] Engine engine() const override { return GetParam(); }
    [[nodiscard]] std::vector<std::string> members() const override { return {"a", "b", "c"}; }
    [[nodiscard]] bool repository() const override { return true; }

    void say_on(const std::string& member, const std::string& statement);
    /// What `snapshot list` shows of the pair.
    [[nodiscard]] Json snapshots();
    /// Takes one, and returns its id.
    [[nodiscard]] std::string take();
    [[nodiscard]] bool is_taken(const std::string& id);
    /// Fails the test unless that comes to hold.
    void wait_for(const std::string& what, const std::function<bool()>& holds);
    /// Waits until log up to that time is restorable: the heartbeats go on.
    void wait_until_restorable(std::int64_t unix_ms);
    struct Moment {
        std::int64_t unix_ms = 0;
        std::string text;
    };
    /// The end of this second, once it is over: MariaDB's log tells commits' times in seconds.
    [[nodiscard]] static Moment end_of_second();
    /// Restores into a pair "old" of c alone.
    void expect_restores(const std::vector<std::string>& arguments);
    /// Of the writers' ledger.
    [[nodiscard]] std::set<std::string> ids_on(const std::string& member);
};

} // namespace lockstep::e2e
