#include "cli/snapshot_wait.h"

#include <algorithm>

#include "cli/humanise.h"
#include "cli/progress.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

constexpr std::chrono::milliseconds ask_every{300};
constexpr std::chrono::seconds call_within{5};
// As long as the data are large.
constexpr std::chrono::hours usual_patience{24};

template <class Item>
const Item* find(const std::vector<Item>& items, const std::string& work, const std::string& id) {
    const auto found = std::find_if(items.begin(), items.end(), [&](const Item& item) {
        return item.work == work && item.id == id;
    });
    return found == items.end() ? nullptr : &*found;
}

std::string with_rate(const SnapshotJobView& job, RateMeter& meter, std::chrono::milliseconds now) {
    meter.add(now, job.done_bytes);
    const auto left = job.total_bytes > job.done_bytes ? job.total_bytes - job.done_bytes : 0;
    const auto rate = show_rate(meter.bytes_per_second(), left);
    return show_step(job) + (rate.empty() ? "" : ", " + rate);
}

/// What a look at the pair says of the order.
struct Seen {
    bool ended = false;
    std::string trouble; // Why it failed.
    std::string state;
    const SnapshotJobView* job = nullptr;
};

Seen look(const SnapshotsOfPairView& pair, const std::string& work, const std::string& id) {
    Seen seen;
    seen.job = find(pair.jobs, work, id);
    const bool open = find(pair.orders, work, id) != nullptr;
    if (const auto* failure = find(pair.failures, work, id); failure != nullptr && !open) {
        seen.ended = true;
        seen.trouble = failure->trouble;
        return seen;
    }
    seen.ended = !open;
    seen.state = pair.connected
                     ? "agent " + pair.archiver + " has it"
                     : "agent " + pair.archiver + " is not connected; it is told when it comes";
    return seen;
}

} // namespace

std::string show_step(const SnapshotJobView& job) {
    auto text = job.step.empty() ? job.state : job.step;
    if (job.done_bytes > 0) {
        text += ", " + show_bytes(job.done_bytes);
        text += job.total_bytes > 0 ? " of " + show_bytes(job.total_bytes) : "";
    }
    return text;
}

Answer<EndedOrder> wait_for_order(Session& session, const std::string& pair,
                                  const std::string& work, const std::string& id) {
    ProgressLine line(session);
    RateMeter meter;
    const auto began = session.clock().now();
    const auto patience = session.patience(usual_patience);
    for (;;) {
        const auto body =
            session.ask({"GET", "/v1/pairs/" + pair + "/snapshots", {}, ""}, call_within);
        if (!body && body.error().status != ExitStatus::unreachable) {
            return tl::unexpected(body.error());
        }
        const auto now = session.clock().now();
        std::string state = "the controller gives no answer; asking again";
        std::string detail;
        if (body) {
            auto pairs = read_snapshots(*body);
            if (!pairs) {
                return tl::unexpected(pairs.error());
            }
            auto& found = pairs->at(0);
            const auto seen = look(found, work, id);
            if (!seen.trouble.empty()) {
                return give_up(ExitStatus::failed, "to " + work + " snapshot " + id +
                                                       " failed: " + harmless(seen.trouble));
            }
            if (seen.ended) {
                return EndedOrder{std::move(found), now - began};
            }
            state = seen.state;
            detail = seen.job != nullptr ? with_rate(*seen.job, meter, now) : "";
        }
        line.show(work + " " + id + ": " + state, detail);
        if (now - began >= patience) {
            return give_up(ExitStatus::timed_out,
                           "waited for " + show_span(patience) + "; " + harmless(state) +
                               ". The work goes on: look with `lockstep snapshot list " + pair +
                               "`.");
        }
        session.clock().sleep(ask_every);
    }
}

} // namespace lockstep::cli
