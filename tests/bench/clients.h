#pragma once

#include "tests/support/testbed/ledger.h"
#include "tests/support/testbed/testbed.h"

namespace lockstep::bench {

/// As field figures of other systems were measured: 4 writers of single rows, each statement its
/// own transaction; they give up a statement after 2 s by closing the socket, a connection after 1
/// s, and try again after 50 ms.
[[nodiscard]] testbed::Writers::Options client_options(const testbed::Testbed& bed);

/// For clients that know one server's address and look for no other.
[[nodiscard]] std::function<std::unique_ptr<testbed::Finder>()> fixed_finder(std::string ip);

/// Those, which find the primary by name, and beside them a probe of each server, which writes to
/// it by its address.
class Clients {
public:
    explicit Clients(const testbed::Testbed& bed);

    /// Waits until so many more writes by name are acknowledged. False: not at `by`.
    [[nodiscard]] bool acknowledges(std::uint64_t more, testbed::Clock::time_point by) const {
        return writers_.acknowledges(more, by);
    }
    struct Ledgers {
        testbed::Ledger by_name;
        testbed::Ledger all;
    };
    [[nodiscard]] Ledgers stop();

private:
    testbed::Writers writers_;
    std::vector<std::unique_ptr<testbed::Writers>> probes_;
};

} // namespace lockstep::bench
