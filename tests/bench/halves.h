#pragma once

#include <string>
#include <vector>

#include "tests/support/testbed/testbed.h"

namespace lockstep::bench {

/// Primary and standby share this machine; at least its processors are dealt out between them, as
/// if each had a host of its own. With one processor they share that, too.
class Halves {
public:
    /// Keeps the processes of both members, and what they start, each on its half.
    Halves(const testbed::Testbed& bed, const std::string& primary, const std::string& standby);

    /// Threads that are begun while this lives run on the primary's half, as its clients'.
    class WithPrimary {
    public:
        explicit WithPrimary(const Halves& halves);
        WithPrimary(const WithPrimary&) = delete;
        WithPrimary& operator=(const WithPrimary&) = delete;
        ~WithPrimary();

    private:
        int processors_;
    };
    /// A program that shall run on the standby's half.
    [[nodiscard]] std::vector<std::string> with_standby(std::vector<std::string> argv) const;

private:
    int processors_; // The first half of them is the primary's.
};

} // namespace lockstep::bench
