#include "tests/bench/scenarios.h"

#include <array>
#include <csignal>
#include <thread>

#include "tests/support/testbed/faults.h"

namespace lockstep::bench {

using namespace testbed;

namespace {

constexpr Milliseconds forgotten_after{6000}; // No word of the controller counts any more.

void kill_primary(Stage& stage) {
    kill_postmaster(stage.bed, stage.primary);
}
void lose_primarys_host(Stage& stage) {
    lose_host(stage.bed, stage.primary);
}
void return_primarys_host(Stage& stage) {
    return_host(stage.bed, stage.primary);
}
void isolate_primary(Stage& stage) {
    stage.bed.network().cut(stage.primary);
}
void reconnect_primary(Stage& stage) {
    stage.bed.network().heal(stage.primary);
}
void freeze_primary(Stage& stage) {
    freeze_database(stage.bed, stage.primary);
}
void thaw_primary(Stage& stage) {
    thaw_database(stage.bed, stage.primary);
}
void switch_over(Stage& stage) {
    static_cast<void>(stage.bed.ask({"switchover", "shop"}, Milliseconds{30000}));
}
void kill_standby(Stage& stage) {
    kill_postmaster(stage.bed, stage.standby);
}
void lose_standbys_host(Stage& stage) {
    lose_host(stage.bed, stage.standby);
}
void return_standbys_host(Stage& stage) {
    return_host(stage.bed, stage.standby);
}
void cut_link(Stage& stage) {
    stage.bed.network().cut_between(stage.primary, stage.standby);
}
void heal_link(Stage& stage) {
    stage.bed.network().heal_between(stage.primary, stage.standby);
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

void wait_for_primarys_ballast(Stage& stage) {
    wait_for_ballast(stage.bed, stage.primary);
}
void fill_primarys_disk(Stage& stage) {
    fill_disk(stage.bed, stage.primary);
}
void empty_primarys_disk(Stage& stage) {
    empty_disk(stage.bed, stage.primary);
}

// clang-format off
constexpr std::array all_scenarios{
    Scenario{.name = "primary_kill", .what = "SIGKILL to the primary's postmaster",
             .strike = kill_primary, .end = End::under_the_other,
             .target = {.worst = 1000, .times_floor = 2, .redundant = 5000, .in_words = "2 x floor"},
             .peers = "2.7/5.1"},
    Scenario{.name = "primary_host_lost", .what = "the power of the primary's host fails",
             .strike = lose_primarys_host, .mend = return_primarys_host, .hold = Milliseconds{4000}, .end = End::under_the_other,
             .target = {.median = 3500, .median_servers = 2000, .in_words = "3.5 (2.0)"},
             .peers = "23.3/8.5"},
    Scenario{.name = "primary_isolated", .what = "the primary's host is cut off from everything",
             .strike = isolate_primary, .mend = reconnect_primary, .hold = Milliseconds{8000}, .end = End::under_the_other,
             .target = {.median = 3500, .median_servers = 2000, .fenced = 5500, .in_words = "3.5 (2.0)"},
             .peers = "22.3/8.5", .fences = true},
    Scenario{.name = "primary_frozen", .what = "SIGSTOP to every process of the primary's database",
             .strike = freeze_primary, .mend = thaw_primary, .hold = Milliseconds{6000}, .end = End::under_the_other,
             .target = {.median = 4000, .in_words = "4.0"}, .peers = "23.1/10.7", .fences = true},
    Scenario{.name = "switchover", .what = "an operator changes sides",
             .strike = switch_over, .end = End::under_the_other,
             .target = {.median = 500, .in_words = "0.5"}, .peers = "1.6/2.5"},
    Scenario{.name = "standby_kill", .what = "SIGKILL to the standby's postmaster",
             .strike = kill_standby, .end = End::renewed,
             .target = {.median = 300, .redundant = 5000, .in_words = "0.3"}, .peers = "0.4/1.0"},
    Scenario{.name = "standby_host_lost", .what = "the power of the standby's host fails",
             .strike = lose_standbys_host, .mend = return_standbys_host, .hold = Milliseconds{4000}, .end = End::renewed,
             .target = {.median = 2500, .in_words = "2.5"}, .peers = "20.1/3.9"},
    Scenario{.name = "link_cut", .what = "only the link between the two hosts is cut",
             .strike = cut_link, .mend = heal_link, .hold = Milliseconds{8000}, .end = End::renewed,
             .target = {.median = 5000, .in_words = "5.0"}, .peers = "60.5/79.9"},
    Scenario{.name = "controller_away", .what = "the controller is silent for 60 s",
             .strike = send_controller_away, .mend = bring_controller_back, .hold = Milliseconds{60000}, .end = End::either,
             .target = {.median = 500, .nobody_fails = true, .in_words = "none"},
             .peers = "57.0/0.7"},
    Scenario{.name = "controller_away_primary_kill", .what = "… and the primary's postmaster is killed meanwhile",
             .prepare = let_controller_be_forgotten, .strike = kill_primary, .mend = bring_controller_back, .hold = Milliseconds{3000}, .end = End::either,
             .target = {.median = 4000, .in_words = "4.0"}, .peers = "63.1/65.1"},
    Scenario{.name = "disk_full", .what = "the disk of the primary's data is filled, its ballast included",
             .prepare = wait_for_primarys_ballast, .strike = fill_primarys_disk, .mend = empty_primarys_disk,
             .hold = Milliseconds{8000}, .end = End::under_the_other,
             .target = {.median = 4000, .in_words = "4.0"}, .peers = "3.0/5.6",
             .bites_later = true, .disk_bytes = small_disk_bytes},
};
// clang-format on

} // namespace

std::span<const Scenario> scenarios() {
    return all_scenarios;
}

} // namespace lockstep::bench
