#include "tests/sim/faults.h"

#include <utility>

namespace lockstep::sim {
namespace {

const Operations::Asked the_operator{"operator", false};
constexpr Micros patience_with_a_promotion = 20 * second;

Awaitable<void> fail_over(Operations& operations, MemberId to) {
    FailoverRequest request;
    request.to = std::move(to);
    std::string pair = pair_name;
    auto asked = the_operator;
    static_cast<void>(
        co_await operations.fail_over(std::move(pair), std::move(request), std::move(asked)));
}

Awaitable<void> switch_over(Operations& operations, MemberId) {
    SwitchoverRequest request;
    std::string pair = pair_name;
    auto asked = the_operator;
    static_cast<void>(
        co_await operations.switch_over(std::move(pair), std::move(request), std::move(asked)));
}

Awaitable<void> pause_pair(Operations& operations, MemberId) {
    std::string pair = pair_name;
    auto asked = the_operator;
    static_cast<void>(co_await operations.set_paused(std::move(pair), true, std::move(asked)));
}

Awaitable<void> resume_pair(Operations& operations, MemberId) {
    std::string pair = pair_name;
    auto asked = the_operator;
    static_cast<void>(co_await operations.set_paused(std::move(pair), false, std::move(asked)));
}

Awaitable<void> remove_member(Operations& operations, MemberId member) {
    std::string pair = pair_name;
    auto asked = the_operator;
    static_cast<void>(
        co_await operations.remove_member(std::move(pair), std::move(member), std::move(asked)));
}

Awaitable<void> add_member(Operations& operations, MemberId member) {
    std::string pair = pair_name;
    auto asked = the_operator;
    static_cast<void>(co_await operations.add_member(std::move(pair), std::move(member),
                                                     MemberKind::data, std::move(asked)));
}

} // namespace

const std::vector<Faults::Weighted>& Faults::kinds() {
    static const std::vector<Weighted> all = {
        {8, &Faults::kill_server},
        {2, &Faults::kill_both_servers},
        {4, &Faults::freeze_server},
        {5, &Faults::kill_agent},
        {3, &Faults::kill_agent_and_server},
        {3, &Faults::freeze_agent},
        {5, &Faults::kill_controller},
        {3, &Faults::freeze_controller},
        {5, &Faults::lose_host},
        {2, &Faults::freeze_host},
        {6, &Faults::cut_one_way},
        {5, &Faults::cut_both_ways},
        {3, &Faults::isolate},
        {3, &Faults::slow_network},
        {3, &Faults::stall_disk},
        {4, &Faults::ask_failover},
        {5, &Faults::ask_switchover},
        {1, &Faults::ask_pause},
        {1, &Faults::ask_removal},
    };
    return all;
}

void Faults::begin(Micros until) {
    until_ = until;
    next();
}

/// Several at once, or one after the other's consequences: the gaps are of any length.
void Faults::next() {
    auto& random = world_.machine.random;
    const auto gap = random.one_in(3) ? random.between(1, 100) : random.between(50, 3000);
    world_.machine.after(gap * millisecond, [this] {
        if (healed_ || world_.machine.now() >= until_) {
            return;
        }
        std::uint64_t all = 0;
        for (const auto& kind : kinds()) {
            all += kind.weight;
        }
        auto chosen = world_.machine.random.below(all);
        for (const auto& kind : kinds()) {
            if (chosen < kind.weight) {
                ++count_;
                (this->*kind.fault)();
                break;
            }
            chosen -= kind.weight;
        }
        next();
    });
}

std::string Faults::any_member() {
    return world_.members[world_.machine.random.below(world_.members.size())];
}

std::string Faults::any_host() {
    const auto chosen = world_.machine.random.below(world_.members.size() + 1);
    return chosen == world_.members.size() ? controller_host : world_.members[chosen];
}

std::string Faults::any_other_host(const std::string& host) {
    auto other = any_host();
    while (other == host) {
        other = any_host();
    }
    return other;
}

Micros Faults::a_while(Micros most) {
    auto& random = world_.machine.random;
    return random.one_in(3) ? random.between(millisecond, most / 10)
                            : random.between(millisecond, most);
}

/// The end of a fault; healing comes before it if need be.
void Faults::later(Micros span, std::function<void()> what) {
    world_.machine.after(span, [this, what = std::move(what)] {
        if (!healed_) {
            what();
        }
    });
}

void Faults::kill_server() {
    world_.database(any_member()).kill("killed by signal 9");
}

void Faults::kill_both_servers() {
    for (const auto& member : world_.members) {
        world_.database(member).kill("killed by signal 9");
    }
}

void Faults::freeze_server() {
    const auto member = any_member();
    world_.database(member).freeze();
    later(a_while(8 * second), [this, member] { world_.database(member).thaw(); });
}

void Faults::kill_agent() {
    const auto member = any_member();
    world_.kill_agent(member);
    later(a_while(6 * second), [this, member] { world_.start_agent(member); });
}

void Faults::kill_agent_and_server() {
    const auto member = any_member();
    world_.kill_agent(member);
    world_.database(member).kill("killed by signal 9");
    later(a_while(6 * second), [this, member] { world_.start_agent(member); });
}

void Faults::freeze(const std::string& member) {
    if (auto* agent = world_.agent(member)) {
        world_.machine.tell("agent " + member, "frozen");
        agent->process.frozen = true;
    }
}

void Faults::freeze_agent() {
    const auto member = any_member();
    freeze(member);
    later(a_while(8 * second), [this, member] {
        if (auto* agent = world_.agent(member)) {
            world_.machine.tell("agent " + member, "goes on");
            agent->process.frozen = false;
        }
    });
}

void Faults::kill_controller() {
    world_.kill_controller();
    later(a_while(10 * second), [this] { world_.start_controller(); });
}

void Faults::freeze_controller() {
    if (auto* controller = world_.controller()) {
        world_.machine.tell("controller", "frozen");
        controller->process.frozen = true;
    }
    later(a_while(8 * second), [this] {
        if (auto* controller = world_.controller()) {
            world_.machine.tell("controller", "goes on");
            controller->process.frozen = false;
        }
    });
}

void Faults::lose_host() {
    const auto member = any_member();
    world_.lose_host(member);
    later(a_while(10 * second), [this, member] { world_.return_host(member); });
}

void Faults::freeze_host() {
    const auto member = any_member();
    freeze(member);
    world_.database(member).freeze();
    later(a_while(8 * second), [this, member] {
        world_.database(member).thaw();
        if (auto* agent = world_.agent(member)) {
            agent->process.frozen = false;
        }
    });
}

void Faults::cut_one_way() {
    const auto from = any_host();
    const auto to = any_other_host(from);
    world_.machine.tell("link", from + " → " + to + " cut");
    world_.network.cut(from, to);
    later(a_while(9 * second), [this, from, to] {
        world_.machine.tell("link", from + " → " + to + " mended");
        world_.network.mend(from, to);
    });
}

void Faults::cut_both_ways() {
    const auto one = any_host();
    const auto other = any_other_host(one);
    world_.machine.tell("link", one + " ↔ " + other + " cut");
    world_.network.cut(one, other);
    world_.network.cut(other, one);
    later(a_while(9 * second), [this, one, other] {
        world_.machine.tell("link", one + " ↔ " + other + " mended");
        world_.network.mend(one, other);
        world_.network.mend(other, one);
    });
}

void Faults::isolate() {
    const auto host = any_host();
    auto others = world_.members;
    others.push_back(controller_host);
    world_.machine.tell("link", host + " cut from all");
    for (const auto& other : others) {
        world_.network.cut(host, other);
        world_.network.cut(other, host);
    }
    later(a_while(9 * second), [this, host, others] {
        world_.machine.tell("link", host + " mended");
        for (const auto& other : others) {
            world_.network.mend(host, other);
            world_.network.mend(other, host);
        }
    });
}

void Faults::slow_network() {
    auto& random = world_.machine.random;
    world_.network.usual_latency = random.between(1, 150) * millisecond;
    world_.network.one_is_lost_in = static_cast<std::uint64_t>(random.between(3, 50));
    world_.machine.tell("network", "slow");
    later(a_while(6 * second), [this] {
        world_.network.usual_latency = 200;
        world_.network.one_is_lost_in = 500;
    });
}

void Faults::stall_disk() {
    const auto member = any_member();
    world_.machine.tell("disk " + member, "stalls");
    world_.hosts.at(member).disk_stalls_until = world_.machine.now() + a_while(7 * second);
}

void Faults::ask_failover() {
    const auto to = world_.machine.random.one_in(3) ? any_member() : std::string();
    world_.machine.tell("operator", "failover " + to);
    world_.ask(fail_over, to);
}

void Faults::ask_switchover() {
    world_.machine.tell("operator", "switchover");
    world_.ask(switch_over, {});
}

void Faults::ask_pause() {
    world_.machine.tell("operator", "pause");
    world_.ask(pause_pair, {});
    later(a_while(4 * second), [this] { world_.ask(resume_pair, {}); });
}

void Faults::ask_removal() {
    const auto member = any_member();
    world_.machine.tell("operator", "remove " + member);
    world_.ask(remove_member, member);
    later(a_while(4 * second), [this, member] { world_.ask(add_member, member); });
}

void Faults::heal() {
    healed_ = true;
    world_.machine.tell("faults", "over");
    world_.network.mend_all();
    world_.network.usual_latency = 200;
    world_.network.one_is_lost_in = 0;
    world_.streams.one_is_stale_in = 0;
    for (const auto& member : world_.members) {
        world_.hosts.at(member).disk_stalls_until.reset();
        world_.return_host(member);
        world_.database(member).thaw();
        world_.start_agent(member);
        world_.agent(member)->process.frozen = false;
    }
    world_.start_controller();
    world_.controller()->process.frozen = false;
}

/// MariaDB does not promote what it may have forgotten, and says what to do (R2, F23).
void Faults::give_back_what_cannot_be_promoted(const PairRecord& record, Micros now) {
    const bool waits = phase_of(record) == Phase::promoting && !record.served;
    promoting_since_ = waits ? std::optional(promoting_since_.value_or(now)) : std::nullopt;
    if (waits && now - *promoting_since_ > patience_with_a_promotion) {
        promoting_since_.reset();
        world_.machine.tell("operator", "failover " + record.former);
        world_.ask(fail_over, record.former);
    }
}

void Faults::take_back_requests() {
    const auto now = world_.machine.now();
    if (!healed_ || now - asked_at_ < second) {
        return;
    }
    asked_at_ = now;
    const auto& record = world_.ledger.record();
    give_back_what_cannot_be_promoted(record, now);
    if (record.paused) {
        world_.ask(resume_pair, {});
    }
    for (const auto& member : world_.members) {
        if (!record.members.contains(member)) {
            world_.ask(add_member, member);
        }
    }
}

} // namespace lockstep::sim
