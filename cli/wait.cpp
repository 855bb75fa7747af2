#include "cli/wait.h"

#include <algorithm>
#include <map>

#include "cli/humanise.h"
#include "cli/pair_picture.h"
#include "cli/progress.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

// A failover takes tenths of a second, a clone takes hours.
constexpr std::chrono::milliseconds ask_first_every{100};
constexpr std::chrono::milliseconds ask_later_every{500};
constexpr std::chrono::milliseconds first{10000};
constexpr std::chrono::milliseconds call_within{5000};

using Meters = std::map<std::string, RateMeter>;

std::string jobs_of(const PairView& pair, Meters& meters, std::chrono::milliseconds now) {
    std::string text;
    for (const auto& member : pair.members) {
        if (!member.job) {
            meters.erase(member.id);
            continue;
        }
        const auto& job = *member.job;
        auto& meter = meters[member.id];
        meter.add(now, job.done_bytes);
        const auto left = job.total_bytes > job.done_bytes ? job.total_bytes - job.done_bytes : 0;
        const auto rate = show_rate(meter.bytes_per_second(), left);
        text += (text.empty() ? "" : "; ") + show_job(member) + (rate.empty() ? "" : ", " + rate);
    }
    return text;
}

Failure out_of_patience(const std::string& pair, const std::string& state,
                        std::chrono::milliseconds patience) {
    return {ExitStatus::timed_out, "waited for " + show_span(patience) + "; " + harmless(state) +
                                       ". The work goes on: look with `lockstep status " + pair +
                                       "`."};
}

} // namespace

Answer<Waited> wait_for_pair(Session& session, const std::string& pair,
                             std::chrono::milliseconds patience, const Judge& judge) {
    ProgressLine line(session);
    Meters meters;
    const auto began = session.clock().now();
    while (true) {
        auto body = session.ask({"GET", "/v1/pairs/" + pair, {}, ""}, call_within);
        if (!body && body.error().status != ExitStatus::unreachable) {
            return tl::unexpected(body.error());
        }
        const auto now = session.clock().now();
        std::string state = "the controller gives no answer; asking again";
        std::string detail;
        if (body) {
            auto seen = read_pair(*body);
            if (!seen) {
                return tl::unexpected(seen.error());
            }
            if (const auto verdict = judge(*seen); verdict) {
                return verdict->map([&] { return Waited{*seen, *body, now - began}; });
            }
            state = pair + " is " + phase_words(*seen) + ": " + seen->because;
            detail = jobs_of(*seen, meters, now);
        }
        if (now - began >= patience) {
            return tl::unexpected(out_of_patience(pair, state, patience));
        }
        // On one line the numbers count more than the reason, which may be long.
        line.show(detail.empty() || !session.err().is_terminal ? state : pair + ": " + detail,
                  session.err().is_terminal ? "" : detail);
        session.clock().sleep(now - began < first ? ask_first_every : ask_later_every);
    }
}

} // namespace lockstep::cli
