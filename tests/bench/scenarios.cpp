#include "tests/bench/scenarios.h"

#include <array>
#include <csignal>
#include <thread>

#include "tests/support/testbed/faults.h"

namespace lockstep::bench {

using namespace testbed;

namespace {

constexpr Milliseconds forgotten_after{6000}; // No word of the controller counts any more.

// What is done to one of the two hosts.
template <auto act> void on_primary(Stage& stage) {
    act(stage.bed, stage.primary);
}
template <auto act> void on_standby(Stage& stage) {
    act(stage.bed, stage.standby);
}
void isolate(Testbed& bed, const std::string& host) {
    bed.network().cut(host);
}
void reconnect(Testbed& bed, const std::string& host) {
    bed.network().heal(host);
}

void cut_link(Stage& stage) {
    stage.bed.network().cut_between(stage.primary, stage.standby);
}
void heal_link(Stage& stage) {
    stage.bed.network().heal_between(stage.primary, stage.standby);
}
void switch_over(Stage& stage) {
    static_cast<void>(stage.bed.ask({"switchover", "shop"}, Milliseconds{30000}));
}
void restart_agent(Testbed& bed, const std::string& member) {
    static_cast<void>(bed.agent(member).end(SIGTERM, in(Milliseconds{10000})));
    bed.start_agent(member);
}
// Silent rather than closed, its name server too: the harder way to be away.
void send_controller_away(Stage& stage) {
    kill(stage.bed.controller().pid(), SIGSTOP);
}
void bring_controller_back(Stage& stage) {
    kill(stage.bed.controller().pid(), SIGCONT);
}
void let_controller_be_forgotten(Stage& stage) {
    send_controller_away(stage);
    std::this_thread::sleep_for(forgotten_after);
}

// clang-format off
constexpr std::array all_scenarios{
    Scenario{.name = "primary_kill", .what = "SIGKILL to the primary's database server",
             .strike = on_primary<kill_postmaster>, .end = End::under_the_other,
             .postgresql = {{.worst = 1000, .times_floor = 2, .redundant = 5000, .in_words = "2 x floor"}, "2.7/5.1"},
             .mysql = {{.median = 700, .times_floor = 2, .redundant = 10000, .in_words = "2 x floor"}, "10-25"}},
    Scenario{.name = "primary_host_lost", .what = "the power of the primary's host fails",
             .strike = on_primary<lose_host>, .mend = on_primary<return_host>, .hold = Milliseconds{4000}, .end = End::under_the_other,
             .postgresql = {{.median = 3500, .median_servers = 2000, .in_words = "3.5 (2.0)"}, "23.3/8.5"},
             .mysql = {{.median = 2500, .in_words = "2.5"}, "10-25"}},
    Scenario{.name = "primary_isolated", .what = "the primary's host is cut off from everything",
             .strike = on_primary<isolate>, .mend = on_primary<reconnect>, .hold = Milliseconds{8000}, .end = End::under_the_other,
             .postgresql = {{.median = 3500, .median_servers = 2000, .fenced = 5500, .in_words = "3.5 (2.0)"}, "22.3/8.5"},
             .fences = true},
    Scenario{.name = "primary_frozen", .what = "SIGSTOP to every process of the primary's database",
             .strike = on_primary<freeze_database>, .mend = on_primary<thaw_database>, .hold = Milliseconds{6000}, .end = End::under_the_other,
             .postgresql = {{.median = 4000, .in_words = "4.0"}, "23.1/10.7"}, .fences = true},
    Scenario{.name = "switchover", .what = "an operator changes sides",
             .strike = switch_over, .end = End::under_the_other,
             .postgresql = {{.median = 500, .in_words = "0.5"}, "1.6/2.5"},
             .mysql = {{.median = 400, .in_words = "0.4"}}},
    Scenario{.name = "standby_kill", .what = "SIGKILL to the standby's database server",
             .strike = on_standby<kill_postmaster>, .end = End::renewed,
             .postgresql = {{.median = 300, .redundant = 5000, .in_words = "0.3"}, "0.4/1.0"}},
    Scenario{.name = "standby_host_lost", .what = "the power of the standby's host fails",
             .strike = on_standby<lose_host>, .mend = on_standby<return_host>, .hold = Milliseconds{4000}, .end = End::renewed,
             .postgresql = {{.median = 2500, .in_words = "2.5"}, "20.1/3.9"}},
    Scenario{.name = "link_cut", .what = "only the link between the two hosts is cut",
             .strike = cut_link, .mend = heal_link, .hold = Milliseconds{8000}, .end = End::renewed,
             .postgresql = {{.median = 5000, .in_words = "5.0"}, "60.5/79.9"}},
    Scenario{.name = "agent_restart", .what = "the agent of the primary is restarted, as for an upgrade",
             .strike = on_primary<restart_agent>, .hold = Milliseconds{6000}, .end = End::either,
             .postgresql = {{.median = 500, .in_words = "0.5"}},
             .mysql = {{.median = 500, .in_words = "0.5"}}},
    Scenario{.name = "controller_away", .what = "the controller is silent for 60 s",
             .strike = send_controller_away, .mend = bring_controller_back, .hold = Milliseconds{60000}, .end = End::either,
             .postgresql = {{.median = 500, .nobody_fails = true, .in_words = "none"}, "57.0/0.7"}},
    Scenario{.name = "controller_away_primary_kill", .what = "… and the primary's database server is killed meanwhile",
             .prepare = let_controller_be_forgotten, .strike = on_primary<kill_postmaster>, .mend = bring_controller_back,
             .hold = Milliseconds{3000}, .end = End::either,
             .postgresql = {{.median = 4000, .in_words = "4.0"}, "63.1/65.1"}},
    Scenario{.name = "disk_full", .what = "the disk of the primary's data is filled, its ballast included",
             .prepare = on_primary<wait_for_ballast>, .strike = on_primary<fill_disk>, .mend = on_primary<empty_disk>,
             .hold = Milliseconds{8000}, .end = End::under_the_other,
             .postgresql = {{.median = 4000, .in_words = "4.0"}, "3.0/5.6"},
             .bites_later = true, .disk_bytes = small_disk_bytes},
};
// clang-format on

} // namespace

std::span<const Scenario> scenarios() {
    return all_scenarios;
}

const char* peers_of(Engine engine) {
    return engine == Engine::postgresql
               ? "Patroni 3.0 / pg_auto_failover 2.0, tuned, on a machine like this"
               : "as documented: MaxScale 10-25 s, Orchestrator 10-13 s, Group Replication about "
                 "10 s";
}

} // namespace lockstep::bench
