#include "platform/boot_timer.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

#include <sys/timerfd.h>
#include <unistd.h>

namespace lockstep {

Result<BootTimer> BootTimer::make() {
    Descriptor timer(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC));
    if (!timer.valid()) {
        return fail(Errc::refused, "make a timer: " + system_reason(errno));
    }
    return BootTimer(std::move(timer));
}

void BootTimer::wait(std::chrono::milliseconds span) {
    const auto whole = std::max<std::int64_t>(span.count(), 1);
    itimerspec wanted{};
    wanted.it_value.tv_sec = whole / 1000;
    wanted.it_value.tv_nsec = (whole % 1000) * 1'000'000;
    ::timerfd_settime(timer_.get(), 0, &wanted, nullptr);
    std::uint64_t expired = 0;
    // Interrupted, it is only early: the caller looks at the clock.
    static_cast<void>(::read(timer_.get(), &expired, sizeof expired));
}

} // namespace lockstep
