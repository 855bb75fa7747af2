#include "platform/clock.h"

#include "platform/deadline.h"
#include "platform/timer.h"
#include "tests/sim/machine.h"

/// The clocks and timers of platform/, of virtual time.
namespace lockstep {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::int64_t start_unix_ms = 1'790'000'000'000;
constexpr microseconds up_before_start{std::chrono::hours{1}};

microseconds now() {
    return microseconds{sim::Machine::current().now()} + up_before_start;
}

sim::Micros micros(milliseconds span) {
    constexpr milliseconds longest{std::chrono::hours{100}};
    return microseconds{std::min(std::max(span, milliseconds{0}), longest)}.count();
}

} // namespace

milliseconds boot_time() {
    return std::chrono::duration_cast<milliseconds>(now());
}

std::chrono::steady_clock::time_point steady_now() {
    return std::chrono::steady_clock::time_point{now()};
}

std::int64_t unix_ms() {
    return start_unix_ms + std::chrono::duration_cast<milliseconds>(now()).count();
}

std::string format_time(std::int64_t unix_ms) {
    return std::to_string(unix_ms - start_unix_ms) + " ms";
}

std::string boot_id() {
    return "boot";
}

std::string machine_id() {
    return "machine";
}

std::string random_hex(std::size_t bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (std::size_t i = 0; i < 2 * bytes; ++i) {
        hex += digits[sim::Machine::current().random.below(16)];
    }
    return hex;
}

struct Timer::State {
    sim::Place place;
};

Timer::Timer(asio::any_io_executor) : state_(std::make_unique<State>()) {}
Timer::~Timer() = default;

Awaitable<void> Timer::wait_for(milliseconds span) {
    co_await state_->place.wait(micros(span));
}

void Timer::ring() {
    state_->place.ring();
}

Awaitable<void> pause_for(milliseconds span) {
    co_await sim::pause(micros(span));
}

Awaitable<void> until(Deadline deadline) {
    co_await sim::pause(micros(deadline.left()));
}

} // namespace lockstep
