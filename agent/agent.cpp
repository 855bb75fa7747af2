#include "agent/agent.h"

#include <utility>

#include "agent/coroutine.h"
#include "agent/observation_builder.h"
#include "platform/cgroup.h"
#include "platform/clock.h"

namespace lockstep {
namespace {

constexpr Milliseconds between_reaps{1000};
constexpr Milliseconds between_looks{20};
// Together with a fence (10 s) less than the unit's TimeoutStopSec.
constexpr std::chrono::seconds longest_wait_for_duty{10};
constexpr std::chrono::seconds longest_stop{30};

std::string text_of(const HostPort& at) {
    const bool v6 = at.address.find(':') != std::string::npos;
    return (v6 ? "[" + at.address + "]" : at.address) + ":" + std::to_string(at.port);
}

/// Orphans of a dead server are handed to this process (DECISIONS.md 12).
Awaitable<void> reap_now_and_then() {
    for (;;) {
        co_await pause_for(between_reaps);
        static_cast<void>(reap_children());
    }
}

} // namespace

Agent::Agent(asio::any_io_executor executor, Start start)
    : executor_(executor), config_(std::move(start.config)), driver_(std::move(start.driver)),
      memory_(std::move(start.memory)), state_(executor, config_.name), journal_(config_.name),
      supervisor_(executor, *driver_, journal_, hooks()),
      divergences_(executor, *driver_, journal_,
                   {config_.state_dir / "diverged", config_.name, config_.host,
                    config_.divergence_keep_days}),
      archivist_(executor, std::move(start.snapshots), state_, memory_, supervisor_, journal_,
                 snapshots_),
      making_(*driver_, state_, memory_, journal_, divergences_,
              [this](Origin origin, OnProgress on_progress) {
                  return archivist_.restore(std::move(origin), std::move(on_progress));
              }),
      acceptance_(*driver_, state_, memory_, journal_, supervisor_),
      probes_(*driver_, state_, supervisor_, memory_, journal_),
      fsync_(executor, state_, supervisor_, driver_->data_folder()),
      disk_(executor, *driver_, state_, journal_, config_.ballast_bytes),
      goals_(executor, *driver_, state_, memory_, journal_, supervisor_, making_),
      guard_(supervisor_, journal_, guardian_plan(), config_.state_dir / "guardian.log"),
      link_(std::move(start.identity), hello(), state_, journal_, acceptance_, divergences_,
            snapshots_,
            [this] { return build_observation(state_, memory_, supervisor_, journal_, *driver_); }),
      names_(state_, memory_, supervisor_) {}

Supervisor::Hooks Agent::hooks() {
    Supervisor::Hooks hooks;
    hooks.gone = [this] {
        state_.forget_server(boot_time());
        state_.inside.reset(); // It may have changed what lies there.
    };
    hooks.changed = [this] { state_.changed(); };
    return hooks;
}

wire::Hello Agent::hello() const {
    wire::Hello hello;
    hello.member = config_.name;
    hello.instance = state_.instance;
    hello.machine_id = machine_id();
    hello.zone = config_.zone;
    hello.host = config_.host;
    hello.address = config_.address;
    hello.port = config_.database.port;
    hello.engine = driver_->name();
    if (!config_.dns.empty()) {
        hello.probe_port = config_.dns.front().port;
        hello.dns_address = text_of(config_.dns.front());
    }
    return hello;
}

Result<void> Agent::listen() {
    if (config_.dns.empty()) {
        return {};
    }
    auto server =
        dns::NameServer::listen(executor_, config_.dns, [this] { return names_.current(); });
    if (!server) {
        return within("listening for DNS", server.error());
    }
    name_server_ = std::move(*server);
    return {};
}

GuardianPlan Agent::guardian_plan() const {
    return {config_.run_dir / (config_.name + ".guard"),
            driver_->data_folder(),
            driver_->ticket_path(),
            config_.agent_lost_after,
            {}};
}

/// DESIGN.md 4, fence. Without a group of its own a server is still found by its working directory.
void Agent::choose_fence() {
    auto cgroup = make_cgroup("lockstep-" + config_.name);
    if (cgroup) {
        journal_.write("fence in use", Severity::info,
                       "a fence kills the control group " + cgroup->string());
        supervisor_.use_cgroup(*cgroup);
        guard_.use_cgroup(std::move(*cgroup));
        return;
    }
    journal_.write("fence in use", Severity::info,
                   "a fence kills by working directory: " + cgroup.error().message);
}

void Agent::adopt() {
    const auto owner = look_at_owner(driver_->data_folder(), memory_.data());
    const bool made_here = !memory_.data().data_id.empty();
    if (owner.whose == Ownership::mine || (owner.whose == Ownership::unknown && made_here)) {
        supervisor_.adopt();
        state_.door = driver_->door(); // Shut stays shut until it is shown that it may be opened.
    }
}

void Agent::begin() {
    const auto now = boot_time();
    state_.forget_server(now);
    state_.fsync.reset(now);
    state_.newest_told = memory_.accepted();
    journal_.on_change([this] { state_.status_wake.notify(); });
    divergences_.on_change([this] { state_.status_wake.notify(); });
    snapshots_.on_tell([this] { state_.status_wake.notify(); });
    if (memory_.record()) {
        journal_.set_scene(memory_.record()->pair, memory_.accepted());
    }
    choose_fence();
    adopt();
    goals_.at_each_step([this](std::optional<Milliseconds> limit) { guard_.feed(limit); });
    start_coroutine(executor_, probes_.observe());
    start_coroutine(executor_, probes_.heartbeat());
    start_coroutine(executor_, probes_.acknowledge());
    start_coroutine(executor_, probes_.upstream());
    start_coroutine(executor_, fsync_.run());
    start_coroutine(executor_, disk_.run());
    start_coroutine(executor_, goals_.run());
    start_coroutine(executor_, guard_.run());
    start_coroutine(executor_, link_.run());
    start_coroutine(executor_, divergences_.run());
    start_coroutine(executor_, archivist_.run());
    start_coroutine(executor_, save_zone(memory_, journal_));
    start_coroutine(executor_, reap_now_and_then());
}

Awaitable<Result<void>> Agent::end_database() {
    journal_.write("stop", Severity::info, "told to end together with its database");
    const auto quiet_by = Deadline::in(longest_wait_for_duty);
    co_await goals_.cease(quiet_by);
    const auto deadline = Deadline::in(longest_stop);
    std::string why = "its agent was told to end with it";
    auto ended = co_await supervisor_.stop(std::move(why), deadline);
    while (supervisor_.state() == Supervisor::State::ending && !deadline.passed()) {
        co_await pause_for(between_looks); // What a stop leaves is cleaned up.
    }
    if (supervisor_.state() != Supervisor::State::none) {
        std::string left = "it did not end in time";
        ended = co_await supervisor_.fence(std::move(left));
    }
    co_return ended;
}

} // namespace lockstep
