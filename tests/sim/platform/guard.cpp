
#include "agent/guard.h"

#include "agent/decision/guard.h"
#include "platform/clock.h"
#include "tests/sim/host.h"

/// The guardian without a process of its own: what the agent feeds is kept on the host, and the
/// host looks at it with the guardian's own judgement, whether the agent lives or not
/// (Host::guard).
namespace lockstep {
namespace {

constexpr sim::Micros between_looks = 250 * sim::millisecond;
constexpr Milliseconds agent_cleans_up_within{3000};

void look(sim::Host& host, const GuardianPlan& plan) {
    GuardFacts facts;
    facts.now = boot_time();
    facts.fed_at = host.guard.fed_at;
    facts.limit = host.guard.limit;
    facts.agent_lost_after = plan.agent_lost_after;
    if (must_fence_for_agent(facts).fence && host.server->pid()) {
        host.server->kill("killed by signal 9, by its guardian");
        host.server->lose_ticket();
    }
    const bool silent = facts.now - facts.fed_at >= agent_cleans_up_within;
    if (!host.server->pid() && silent) {
        host.server->lose_ticket();
    }
}

/// As long as the host has power, since an agent first ran there.
void keep_looking(sim::Host& host, const GuardianPlan& plan) {
    host.guard.next = sim::Machine::current().after(between_looks, [&host, plan] {
        look(host, plan);
        keep_looking(host, plan);
    });
}

} // namespace

Guard::Guard(const Supervisor& supervisor, Journal& journal, GuardianPlan plan,
             std::filesystem::path log)
    : supervisor_(supervisor), journal_(journal), plan_(std::move(plan)), log_(std::move(log)) {
    auto& host = sim::Hosts::of(plan_.data);
    if (!host.guard.next) {
        host.guard.fed_at = boot_time();
        keep_looking(host, plan_);
    }
}

void Guard::feed(std::optional<Milliseconds> limit) {
    auto& guard = sim::Hosts::of(plan_.data).guard;
    guard.limit = limit;
    guard.fed_at = boot_time();
}

Awaitable<void> Guard::run() {
    co_return;
}

} // namespace lockstep
