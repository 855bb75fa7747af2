#include "cli/progress.h"

#include <ostream>

#include "cli/humanise.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

constexpr std::chrono::milliseconds rate_window{10000};
constexpr std::chrono::milliseconds line_every{10000};

} // namespace

void RateMeter::add(std::chrono::milliseconds now, std::uint64_t bytes) {
    if (!samples_.empty() && bytes < samples_.back().bytes) {
        samples_.clear(); // Another work began.
    }
    samples_.push_back({now, bytes});
    // One sample before the window stays, so that slow work has a rate too.
    while (samples_.size() > 2 && samples_[1].at + rate_window < now) {
        samples_.pop_front();
    }
}

double RateMeter::bytes_per_second() const {
    if (samples_.size() < 2 || samples_.back().at == samples_.front().at) {
        return 0;
    }
    const auto span = samples_.back().at - samples_.front().at;
    const auto bytes = samples_.back().bytes - samples_.front().bytes;
    return static_cast<double>(bytes) * 1000.0 / static_cast<double>(span.count());
}

std::string show_rate(double bytes_per_second, std::uint64_t left_bytes) {
    if (bytes_per_second < 1.0) {
        return {};
    }
    auto text = show_bytes(static_cast<std::uint64_t>(bytes_per_second)) + "/s";
    if (left_bytes > 0) {
        const auto seconds = static_cast<double>(left_bytes) / bytes_per_second;
        const auto left = std::chrono::milliseconds{static_cast<std::int64_t>(seconds * 1000.0)};
        text += ", " + show_span(left) + " left";
    }
    return text;
}

void ProgressLine::redraw(const std::string& text) {
    const auto& screen = session_.err();
    // The last column stays free: some terminals begin a new line after it.
    const auto line = wrap(text, screen.width > 1 ? screen.width - 1 : 1).front();
    screen.stream << "\r\033[K" << line << std::flush;
    drawn_ = true;
}

void ProgressLine::show(const std::string& state, const std::string& detail) {
    const auto text = harmless(state + (detail.empty() ? "" : "  " + detail));
    if (session_.err().is_terminal) {
        redraw(text);
        return;
    }
    const auto now = session_.clock().now();
    if (state == last_state_ && now < last_at_ + line_every) {
        return;
    }
    session_.err().stream << text << "\n" << std::flush;
    last_state_ = state;
    last_at_ = now;
}

ProgressLine::~ProgressLine() {
    if (drawn_) {
        session_.err().stream << "\r\033[K" << std::flush;
    }
}

} // namespace lockstep::cli
