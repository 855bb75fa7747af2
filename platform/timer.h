#pragma once

#include <chrono>
#include <memory>

#include "platform/asio.h"

namespace lockstep {

/// One coroutine's alarm clock, which another one of the same thread can ring early. Not in the
/// header what it is made of: the simulation (tests/sim) links another one, of virtual time.
class Timer {
public:
    explicit Timer(asio::any_io_executor executor);
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    ~Timer();

    /// Returns when `span` has passed, or at once when it is rung. One at a time may wait.
    [[nodiscard]] Awaitable<void> wait_for(std::chrono::milliseconds span);
    /// Ends the wait that is going on, if there is one.
    void ring();

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace lockstep
