#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace lockstep {

/// Time since boot, suspend included (CLOCK_BOOTTIME): for silence. Never jumps.
[[nodiscard]] std::chrono::milliseconds boot_time();
/// The clock of deadlines and timers (CLOCK_MONOTONIC). Never jumps.
[[nodiscard]] std::chrono::steady_clock::time_point steady_now();
/// Wall clock: for what people read and for hold-downs that outlive a restart. May jump.
[[nodiscard]] std::int64_t unix_ms();
/// "2026-11-22T21:33:20.123Z"
[[nodiscard]] std::string format_time(std::int64_t unix_ms);
/// The kernel's id of this boot (/proc/sys/kernel/random/boot_id).
[[nodiscard]] std::string boot_id();
/// This machine's id (/etc/machine-id), or the boot id where there is none.
[[nodiscard]] std::string machine_id();
/// `bytes` random bytes from the kernel, in hexadecimal.
[[nodiscard]] std::string random_hex(std::size_t bytes);

} // namespace lockstep
