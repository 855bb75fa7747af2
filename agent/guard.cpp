#include "agent/guard.h"

#include <utility>

#include "platform/clock.h"

namespace lockstep {
namespace {

constexpr Milliseconds between_looks{500};
constexpr Milliseconds start_again_after{5000};
constexpr const char* guardian_alarm = "guardian";

} // namespace

Guard::Guard(const Supervisor& supervisor, Journal& journal, GuardianPlan plan,
             std::filesystem::path log)
    : supervisor_(supervisor), journal_(journal), plan_(std::move(plan)), log_(std::move(log)) {
    if (auto page = GuardPage::open(plan_.page)) {
        page_ = std::move(*page);
        last_server_ = page_->last().value_or(Feed{}).server;
    }
}

void Guard::feed(std::optional<Milliseconds> limit) {
    if (page_) {
        const auto& server = supervisor_.process();
        tell_fence(); // Of the server before, which is about to be forgotten.
        last_server_ = server ? server : last_server_;
        page_->feed({server, limit, boot_time()});
    }
}

Awaitable<void> Guard::run() {
    for (;;) {
        look();
        co_await pause_for(between_looks);
    }
}

void Guard::look() {
    if (!page_ || !page_->is_in_place()) {
        auto page = GuardPage::open(plan_.page);
        if (!page) {
            journal_.raise(guardian_alarm, page.error().message +
                                               ": nothing fences this server if its agent hangs");
            return;
        }
        page_ = std::move(*page);
        started_ = 0;
    }
    const auto guardian = page_->in_charge();
    const bool mine = started_ != 0 && guardian == started_ && identify(guardian);
    if (!mine) {
        start();
        return;
    }
    journal_.clear(guardian_alarm);
    tell_trouble();
    tell_fence();
}

void Guard::tell_fence() {
    if (last_server_ && page_->was_fenced(*last_server_) && told_fenced_ != last_server_) {
        told_fenced_ = last_server_;
        journal_.write("fenced by guardian", Severity::warning,
                       "the guardian ended the server, process " +
                           std::to_string(last_server_->pid) +
                           ": this agent was silent for too long, or did not end it itself (R6)");
    }
}

void Guard::start() {
    const auto now = boot_time();
    if (now < again_at_) {
        return; // It has not taken charge yet, or died at once.
    }
    if (started_ != 0) {
        journal_.raise(guardian_alarm, "the guardian, process " + std::to_string(started_) +
                                           ", is gone; the end of its story is in " +
                                           log_.string() + "; it is started again");
    }
    again_at_ = now + start_again_after;
    Command command{{"/proc/self/exe", "guardian", "--page", plan_.page.string(), "--data",
                     plan_.data.string(), "--ticket", plan_.ticket.string(),
                     "--agent-lost-after-ms", std::to_string(plan_.agent_lost_after.count())},
                    {},
                    "/",
                    {}};
    if (!plan_.cgroup.empty()) {
        command.argv.insert(command.argv.end(), {"--cgroup", plan_.cgroup.string()});
    }
    const auto launched = launch_detached(command, log_);
    if (!launched) {
        journal_.raise(guardian_alarm, "the guardian: " + launched.error().message +
                                           ": nothing fences this server if its agent hangs");
        return;
    }
    started_ = launched->pid;
}

void Guard::tell_trouble() {
    const auto trouble = page_->trouble();
    if (trouble_told_ || trouble == GuardPage::Trouble::none) {
        return;
    }
    trouble_told_ = true;
    std::string lacks;
    if (trouble != GuardPage::Trouble::priority) {
        lacks = "memory that cannot be paged out (LimitMEMLOCK=infinity)";
    }
    if (trouble != GuardPage::Trouble::memory) {
        lacks +=
            (lacks.empty() ? "" : " and ") + std::string("a real-time priority (LimitRTPRIO=1)");
    }
    journal_.write("guardian", Severity::info,
                   "the guardian runs without " + lacks +
                       ": it is slower on a machine that is short of them");
}

} // namespace lockstep
