#pragma once

#include <chrono>

#include "core/result.h"
#include "platform/descriptor.h"

namespace lockstep {

/// Waits on the clock that counts suspend (timerfd, CLOCK_BOOTTIME), blocking its thread.
class BootTimer {
public:
    /// Errors: `refused` if the system gives none.
    [[nodiscard]] static Result<BootTimer> make();
    /// A signal may end it early.
    void wait(std::chrono::milliseconds span);

private:
    explicit BootTimer(Descriptor timer) : timer_(std::move(timer)) {}
    Descriptor timer_;
};

} // namespace lockstep
