#include "agent/guardian.h"

#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/coroutine.h"
#include "agent/decision/guard.h"
#include "agent/guard_page.h"
#include "platform/boot_timer.h"
#include "platform/clock.h"
#include "platform/files.h"
#include "platform/log.h"

namespace lockstep {
namespace {

constexpr int ended = 0;
constexpr int start_failed = 1;
constexpr Milliseconds between_looks{250};
constexpr Milliseconds longest_fence{10000};
/// An agent that feeds nothing for so long does not clean up after a dead server either.
constexpr Milliseconds agent_cleans_up_within{3000};

/// Best effort: without them it is only slower on a machine that is short of memory or of time.
GuardPage::Trouble get_ready() {
    const bool unlocked = ::mlockall(MCL_CURRENT | MCL_FUTURE) != 0;
    const sched_param lowest{1};
    const bool ordinary = ::sched_setscheduler(0, SCHED_RR, &lowest) != 0;
    if (unlocked) {
        return ordinary ? GuardPage::Trouble::both : GuardPage::Trouble::memory;
    }
    return ordinary ? GuardPage::Trouble::priority : GuardPage::Trouble::none;
}

bool lives(const std::optional<ProcessId>& server) {
    if (!server) {
        return false;
    }
    const auto now = identify(server->pid);
    return now && *now == *server;
}

Awaitable<void> kill_all(GuardianPlan plan, std::optional<ProcessId> server,
                         Result<void>* outcome) {
    const auto deadline = Deadline::in(longest_fence);
    auto killed = co_await kill_all_in(plan.data, server, deadline, plan.cgroup);
    *outcome = std::move(killed);
}

class Guardian {
public:
    Guardian(const GuardianPlan& plan, GuardPage page, BootTimer timer)
        : plan_(plan), page_(std::move(page)), timer_(std::move(timer)), began_(boot_time()) {}

    int run() {
        page_.tell(get_ready());
        page_.take_charge(::getpid());
        while (is_in_charge() && look()) {
            timer_.wait(between_looks);
        }
        return ended;
    }

private:
    [[nodiscard]] bool is_in_charge() const {
        return page_.in_charge() == ::getpid() && page_.is_in_place();
    }

    /// False once nothing is left to guard.
    bool look() {
        const auto feed = page_.last().value_or(Feed{{}, {}, began_});
        GuardFacts facts;
        facts.now = boot_time();
        facts.fed_at = feed.at;
        facts.limit = feed.limit;
        facts.agent_lost_after = plan_.agent_lost_after;
        if (const auto verdict = must_fence_for_agent(facts); verdict.fence) {
            fence(feed, verdict);
        }
        if (lives(feed.server)) {
            ticket_left_ = true;
            return true;
        }
        const bool lost = agent_is_lost(facts);
        if (ticket_left_ && (lost || facts.now - facts.fed_at >= agent_cleans_up_within)) {
            remove_ticket();
        }
        return ticket_left_ || !lost;
    }

    void fence(const Feed& feed, const GuardVerdict& verdict) {
        if (processes_in(plan_.data).empty()) {
            return; // Done already, by whomever.
        }
        spdlog::warn("ends the server in {}: {}", plan_.data.string(), verdict.because);
        if (feed.server) {
            page_.tell_fenced(*feed.server);
        }
        asio::io_context context(1);
        Result<void> outcome;
        start_coroutine(context.get_executor(), kill_all(plan_, feed.server, &outcome));
        context.run();
        spdlog::warn("{}", outcome ? "no process of it is left" : outcome.error().message);
        remove_ticket();
    }

    void remove_ticket() {
        const auto removed = remove_file_durably(plan_.ticket);
        ticket_left_ = !removed;
        if (!removed) {
            spdlog::warn("{}", removed.error().message);
        }
    }

    const GuardianPlan& plan_;
    GuardPage page_;
    BootTimer timer_;
    Milliseconds began_;
    bool ticket_left_ = false; // A server was seen since the ticket was removed last.
};

} // namespace

int run_guardian(const GuardianPlan& plan) {
    auto page = GuardPage::open(plan.page);
    if (!page) {
        spdlog::error("{}", page.error().message);
        return start_failed;
    }
    auto timer = BootTimer::make();
    if (!timer) {
        spdlog::error("{}", timer.error().message);
        return start_failed;
    }
    return Guardian(plan, std::move(*page), std::move(*timer)).run();
}

} // namespace lockstep
