#include "tests/bench/progress.h"

#include <array>
#include <iostream>

namespace lockstep::bench {

using testbed::Clock;

void Progress::tell(const std::string& text) const {
    std::cerr << stamp() << text << std::endl;
}

void Progress::done(const std::string& text) {
    ++done_;
    const auto left = (Clock::now() - begin_) / done_ * (runs_ - done_);
    std::cerr << stamp() << "[" << done_ << "/" << runs_ << "] " << text << "; about "
              << std::chrono::duration_cast<std::chrono::seconds>(left).count() << " s left"
              << std::endl;
}

std::string Progress::stamp() const {
    const auto elapsed = std::chrono::duration<double>(Clock::now() - begin_).count();
    std::array<char, 32> prefix{};
    std::snprintf(prefix.data(), prefix.size(), "%6.1f s  ", elapsed);
    return prefix.data();
}

} // namespace lockstep::bench
