#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/testbed/testbed.h"

namespace lockstep::bench {

/// Tables as pgbench's, `accounts` filled with about so much, on the primary. Whoever writes the
/// ledger may write to them.
/// Returns how many accounts there are.
[[nodiscard]] std::uint64_t make_accounts(testbed::Testbed& bed, testbed::Engine engine,
                                          std::size_t data_mib);

/// Clients that move money, as pgbench's do: each transaction changes one account, and notes it.
class Load {
public:
    /// What was seen between two times.
    struct Rate {
        double tps = 0;
        double p99_commit_ms = 0;
    };
    Load(testbed::Session::Where where, std::uint64_t accounts, std::size_t clients);
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;
    ~Load() { end(); }

    /// Throws testbed::Failure if a client gave up, or nothing was committed.
    [[nodiscard]] Rate between(testbed::Clock::time_point from, testbed::Clock::time_point to);
    void end();

private:
    struct Commit {
        testbed::Clock::time_point at;
        double ms = 0; // From the word to its acknowledgement.
    };
    void work(std::size_t number);
    [[nodiscard]] std::string transact(testbed::Session& session, std::uint64_t account);

    testbed::Session::Where where_;
    std::uint64_t accounts_;
    std::atomic<bool> ending_{false};
    std::mutex mutex_; // Of what follows.
    std::vector<Commit> commits_;
    std::string trouble_;
    std::vector<std::thread> threads_;
};

} // namespace lockstep::bench
