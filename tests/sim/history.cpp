#include "tests/sim/history.h"

#include <exception>

#include "tests/sim/faults.h"

namespace lockstep::sim {
namespace {

constexpr Micros formed_within = 30 * second;
constexpr Micros healthy_within = 180 * second; // The longest back-offs of all parts, and some.
constexpr Micros healthy_for = 300 * millisecond;
constexpr Micros between_looks = 50 * millisecond;
constexpr std::uint64_t most_steps_at_once = 200000;

/// What the controller says of the pair: the reason for being stuck.
Awaitable<void> tell_status(Operations& operations, MemberId) {
    std::string pair = pair_name;
    const auto status = co_await operations.pair(std::move(pair));
    if (!status) {
        co_return;
    }
    auto& machine = Machine::current();
    machine.tell("status", std::string(to_string(status->phase)) + ": " + status->because);
    for (const auto& member : status->members) {
        std::string words = member.member.id + ": ";
        if (member.seen.observation) {
            words += std::string(to_string(member.seen.observation->server));
            for (const auto& alarm : member.seen.observation->alarms) {
                words += "; " + alarm;
            }
        }
        machine.tell("status", words);
    }
}

class History {
public:
    History(std::uint64_t seed, const HistoryOptions& options)
        : world_(seed, members_of(seed), policy_of(seed), engine_of(seed, options.engine),
                 options.flaws),
          faults_(world_), chosen_faults_(options.faults), seed_(seed),
          ends_with_faults_(options.ends_with_faults) {
        world_.machine.keeps_trace = options.keeps_trace;
        world_.store_loses_its_last_write = options.store_loses_its_last_write;
    }

    HistoryOutcome run() {
        try {
            live();
        } catch (const std::exception& bug) {
            world_.ledger.violate("crash", bug.what());
        }
        return outcome();
    }

private:
    /// Most pairs have two members; some a third one, which is let in when another is lost.
    static std::vector<std::string> members_of(std::uint64_t seed) {
        return seed % 4 == 0 ? std::vector<std::string>{"a", "b", "c"}
                             : std::vector<std::string>{"a", "b"};
    }

    /// Some wait for their standby, and some are patient.
    static Policy policy_of(std::uint64_t seed) {
        Policy policy;
        policy.when_standby_lost = seed % 5 == 0 ? WhenStandbyLost::wait : WhenStandbyLost::go_on;
        policy.profile = seed % 7 == 0 ? Profile::wan : Profile::lan;
        return policy;
    }

    /// Both flavours of semi-synchronous replication have their turns.
    static EngineKind engine_of(std::uint64_t seed, Engine engine) {
        if (engine == Engine::postgresql) {
            return EngineKind::postgresql;
        }
        return seed % 16 < 8 ? EngineKind::mariadb : EngineKind::mysql;
    }

    void live() {
        world_.start_controller();
        for (const auto& member : world_.members) {
            world_.start_agent(member);
        }
        world_.start_clients();
        wait_for_health(formed_within, "the pair was not formed");
        const auto faults_for = world_.machine.random.between(5, 14) * second;
        world_.streams.one_is_stale_in = 20;
        if (chosen_faults_) {
            chosen_faults_(world_);
        } else {
            faults_.begin(world_.machine.now() + faults_for);
        }
        run_until(world_.machine.now() + faults_for);
        if (ends_with_faults_) {
            return;
        }
        faults_.heal();
        wait_for_health(healthy_within, "not healthy again after all faults were over");
    }

    void run_until(Micros when) {
        bool come = false;
        world_.machine.at(when, [&come] { come = true; });
        const auto step_limit = world_.machine.steps() + most_steps_at_once * 10;
        while (!come && !world_.ledger.violation()) {
            world_.machine.step();
            if (world_.machine.steps() > step_limit) {
                world_.ledger.violate("stuck", "too much happens at one time");
            }
        }
    }

    void wait_for_health(Micros within, const std::string& complaint) {
        const auto give_up = world_.machine.now() + within;
        Micros healthy_since = -1;
        while (!world_.ledger.violation()) {
            run_until(world_.machine.now() + between_looks);
            const auto now = world_.machine.now();
            faults_.take_back_requests();
            const auto why_not = world_.why_not_healthy();
            if (!why_not.empty()) {
                healthy_since = -1;
            } else if (healthy_since < 0) {
                healthy_since = now;
            }
            if (healthy_since >= 0 && now - healthy_since >= healthy_for) {
                return;
            }
            if (now > give_up) {
                world_.ask(tell_status, {});
                run_until(now + second);
                world_.ledger.violate("stuck", complaint + ": " + why_not);
            }
        }
    }

    HistoryOutcome outcome() {
        HistoryOutcome outcome;
        outcome.seed = seed_;
        outcome.faults = faults_.count();
        outcome.acknowledged = world_.ledger.acknowledged_count();
        outcome.lost = world_.ledger.lost_count();
        outcome.steps = world_.machine.steps();
        outcome.trace_hash = world_.machine.trace_hash();
        outcome.ended_at = world_.machine.now();
        outcome.revision = world_.ledger.record().revision;
        outcome.epoch = world_.ledger.record().epoch;
        outcome.violation = world_.ledger.violation();
        outcome.trace = world_.machine.trace();
        return outcome;
    }

    World world_;
    Faults faults_;
    std::function<void(World&)> chosen_faults_;
    std::uint64_t seed_;
    bool ends_with_faults_;
};

} // namespace

HistoryOutcome run_history(std::uint64_t seed, const HistoryOptions& options) {
    History history(seed, options);
    return history.run();
}

} // namespace lockstep::sim
