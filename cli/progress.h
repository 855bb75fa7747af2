#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

#include "cli/session.h"

namespace lockstep::cli {

/// How fast bytes come, over the last ten seconds.
class RateMeter {
public:
    void add(std::chrono::milliseconds now, std::uint64_t bytes);
    /// 0 until there is something to measure.
    [[nodiscard]] double bytes_per_second() const;

private:
    struct Sample {
        std::chrono::milliseconds at;
        std::uint64_t bytes;
    };
    std::deque<Sample> samples_;
};

/// "118 MiB/s, 19 s left"; empty while the rate is not known.
[[nodiscard]] std::string show_rate(double bytes_per_second, std::uint64_t left_bytes);

/// What a wait is at, on standard error: one line that is redrawn on a terminal; elsewhere a line
/// whenever the state changes, and every ten seconds.
class ProgressLine {
public:
    explicit ProgressLine(const Session& session) : session_(session) {}
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;
    void show(const std::string& state, const std::string& detail);

private:
    void redraw(const std::string& text);
    const Session& session_;
    bool drawn_ = false;
    std::string last_state_;
    std::chrono::milliseconds last_at_{0};
};

} // namespace lockstep::cli
