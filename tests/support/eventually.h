#pragma once

#include <chrono>
#include <thread>

namespace lockstep {

/// Looks again until `condition` holds; false if it never did. The time is only for what hangs: no
/// test waits for it to pass.
template <class Condition>
[[nodiscard]] bool eventually(Condition condition,
                              std::chrono::milliseconds within = std::chrono::seconds{20}) {
    const auto give_up = std::chrono::steady_clock::now() + within;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= give_up) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return true;
}

} // namespace lockstep
