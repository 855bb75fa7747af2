#include "agent/decision/duty.h"

#include <array>
#include <functional>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/pair_fixture.h"

namespace lockstep {
namespace {

constexpr std::array all_data = {Data::unknown,   Data::foreign, Data::other,  Data::absent,
                                 Data::half_made, Data::primary, Data::standby};
constexpr std::array all_processes = {Process::none,     Process::ending,  Process::leftover,
                                      Process::starting, Process::primary, Process::standby};
constexpr std::array all_hands_over = {HandsOver::due, HandsOver::stopped, HandsOver::over};
constexpr std::array all_judged = {Judged::unknown, Judged::same, Judged::diverged};

using Check = std::function<bool(const Goal&, const LocalFacts&, DutyKind)>;

bool bit(unsigned bits, unsigned place) {
    return ((bits >> place) & 1U) != 0;
}

Goal goal_of(Role role, unsigned bits) {
    Goal goal;
    goal.revision = Revision{10};
    goal.epoch = Epoch{2};
    goal.role = role;
    goal.form = bit(bits, 0);
    goal.promote = bit(bits, 1);
    goal.prove = bit(bits, 2);
    goal.hold_replay = bit(bits, 3);
    goal.data_protected = bit(bits, 4);
    goal.rebuild_allowed = bit(bits, 5);
    if (bit(bits, 6)) {
        goal.upstream = fixture::member("a", "10.0.0.1");
    }
    goal.hand_over = bit(bits, 7);
    if (bit(bits, 8)) {
        goal.origin = Origin{"books", "books-1", {}};
    }
    return goal;
}

LocalFacts facts_of(unsigned bits) {
    LocalFacts facts;
    facts.may_start = bit(bits, 0);
    facts.start_held = bit(bits, 1);
    facts.begun = bit(bits, 2);
    facts.ticket_in_force = bit(bits, 3);
    facts.ticket_left = bit(bits, 4);
    facts.slots_kept = bit(bits, 5);
    facts.barrier_taken = bit(bits, 6);
    facts.streaming = bit(bits, 7);
    facts.stream_broken = bit(bits, 8);
    facts.must_judge = bit(bits, 9);
    return facts;
}

/// Which bits of goal and facts the role's rules look at: the others are left alone.
struct Relevant {
    Role role;
    unsigned goal_bits;
    unsigned fact_bits;
};
constexpr std::array relevant = {Relevant{Role::none, 0x10, 0x010},
                                 Relevant{Role::primary, 0x1B7, 0x0EF},
                                 Relevant{Role::standby, 0x78, 0x3BA}};

/// All values of a number that has only the bits of `mask`.
std::vector<unsigned> subsets(unsigned mask) {
    std::vector<unsigned> found;
    unsigned value = 0;
    do {
        found.push_back(value);
        value = (value - mask) & mask;
    } while (value != 0);
    return found;
}

void each_of(const Relevant& some,
             const std::function<void(const Goal&, const LocalFacts&)>& visit) {
    for (const auto goal_bits : subsets(some.goal_bits)) {
        const auto goal = goal_of(some.role, goal_bits);
        for (const auto fact_bits : subsets(some.fact_bits)) {
            auto facts = facts_of(fact_bits);
            for (const auto data : all_data) {
                facts.data = data;
                for (const auto process : all_processes) {
                    facts.process = process;
                    for (std::size_t i = 0; i < all_judged.size(); ++i) {
                        // No rule of one role asks what the other does.
                        const bool primary = some.role == Role::primary;
                        facts.judged = primary ? Judged::unknown : all_judged[i];
                        facts.hands_over = primary ? all_hands_over[i] : HandsOver::due;
                        visit(goal, facts);
                    }
                }
            }
        }
    }
}

/// How many combinations break `holds` under `table`.
std::size_t broken(std::span<const DutyRule> table, const Check& holds) {
    std::size_t count = 0;
    for (const auto& some : relevant) {
        each_of(some, [&](const Goal& goal, const LocalFacts& facts) {
            count += holds(goal, facts, choose(table, goal, facts).kind) ? 0U : 1U;
        });
    }
    return count;
}

bool destroys(DutyKind kind) {
    return kind == DutyKind::initialise || kind == DutyKind::restore || kind == DutyKind::clone ||
           kind == DutyKind::replace;
}
bool starts(DutyKind kind) {
    return kind == DutyKind::start_primary || kind == DutyKind::start_standby ||
           kind == DutyKind::start_replaying;
}

bool obeys_r5(const Goal& goal, const LocalFacts& facts, DutyKind kind) {
    return kind != DutyKind::start_primary ||
           (goal.role == Role::primary && facts.may_start && facts.data == Data::primary);
}
/// A first primary that is just being formed has nothing that could be lost.
bool obeys_r10(const Goal& goal, const LocalFacts&, DutyKind kind) {
    return !destroys(kind) || !goal.data_protected || (goal.role == Role::primary && goal.form);
}
bool obeys_r11(const Goal&, const LocalFacts& facts, DutyKind kind) {
    const bool runs = facts.process != Process::none; // Then it is this agent's own.
    return facts.data != Data::foreign ||
           (runs ? !starts(kind) && !destroys(kind) : kind == DutyKind::block);
}
bool fences_deposed(const Goal& goal, const LocalFacts& facts, DutyKind kind) {
    return goal.role == Role::primary || facts.process != Process::primary ||
           kind == DutyKind::fence;
}
bool replaces_only_allowed(const Goal& goal, const LocalFacts& facts, DutyKind kind) {
    const bool has_data = facts.data == Data::primary || facts.data == Data::standby;
    return !(destroys(kind) && has_data) ||
           (kind == DutyKind::replace && goal.rebuild_allowed && facts.judged == Judged::diverged);
}
bool starts_only_stopped(const Goal&, const LocalFacts& facts, DutyKind kind) {
    return !(starts(kind) || destroys(kind)) || facts.process == Process::none ||
           (destroys(kind) && facts.data != Data::primary && facts.data != Data::standby);
}
bool promotes_only_primary(const Goal& goal, const LocalFacts&, DutyKind kind) {
    return kind != DutyKind::promote || goal.role == Role::primary;
}
/// A switchover stops a server that serves by the ticket, and starts none before the controller
/// had its say.
bool hands_over_in_order(const Goal& goal, const LocalFacts& facts, DutyKind kind) {
    const bool calm = facts.data == Data::primary && goal.role == Role::primary && !goal.promote &&
                      goal.hand_over && facts.begun;
    const bool serves = calm && facts.process == Process::primary && facts.ticket_in_force;
    if (serves && facts.hands_over == HandsOver::due) {
        return kind == DutyKind::hand_over;
    }
    if (calm && facts.process == Process::none && facts.hands_over != HandsOver::over) {
        return kind == (facts.hands_over == HandsOver::due ? DutyKind::read_stop : DutyKind::wait);
    }
    const bool hands_over = kind == DutyKind::hand_over || kind == DutyKind::read_stop;
    return !hands_over || (goal.hand_over && facts.hands_over == HandsOver::due);
}
bool clones_only_from_somebody(const Goal& goal, const LocalFacts&, DutyKind kind) {
    const bool needs = kind == DutyKind::clone || kind == DutyKind::judge;
    return !needs || goal.upstream.has_value();
}

LocalFacts standing(Data data, Process process) {
    LocalFacts facts;
    facts.data = data;
    facts.process = process;
    return facts;
}

/// The table without the rules that do `kind` in `role` for `because`.
std::vector<DutyRule> without(Role role, DutyKind kind, std::string_view part) {
    std::vector<DutyRule> table(duty_rules().begin(), duty_rules().end());
    const auto before = table.size();
    std::erase_if(table, [&](const DutyRule& rule) {
        return rule.role == role && rule.kind == kind &&
               rule.because.find(part) != std::string_view::npos;
    });
    EXPECT_LT(table.size(), before) << "no rule says \"" << part << "\"";
    return table;
}

TEST(Duty, HasOneForEveryCombination) {
    EXPECT_EQ(broken(duty_rules(),
                     [](const Goal& goal, const LocalFacts& facts, DutyKind) {
                         return next_duty(goal, facts).because.find("a bug") ==
                                std::string_view::npos;
                     }),
              0U);
}

TEST(Duty, StartsAPrimaryOnlyAsR5Allows) {
    EXPECT_EQ(broken(duty_rules(), obeys_r5), 0U);
}

TEST(Duty, NeverReplacesDataThatCommitsCountOn) { // REDTEAM F8, R10
    EXPECT_EQ(broken(duty_rules(), obeys_r10), 0U);
}

TEST(Duty, TouchesNoForeignData) { // R11
    EXPECT_EQ(broken(duty_rules(), obeys_r11), 0U);
}

TEST(Duty, FencesAPrimaryThatTheRecordDoesNotName) {
    EXPECT_EQ(broken(duty_rules(), fences_deposed), 0U);
}

TEST(Duty, ReplacesDataOnlyWhenItDivergedAndThatIsAllowed) { // R8
    EXPECT_EQ(broken(duty_rules(), replaces_only_allowed), 0U);
}

TEST(Duty, StartsNothingBesideAProcess) {
    EXPECT_EQ(broken(duty_rules(), starts_only_stopped), 0U);
}

TEST(Duty, PromotesOnlyThePrimaryOfTheRecord) {
    EXPECT_EQ(broken(duty_rules(), promotes_only_primary), 0U);
}

TEST(Duty, CopiesAndComparesOnlyWithSomebody) {
    EXPECT_EQ(broken(duty_rules(), clones_only_from_somebody), 0U);
}

TEST(Duty, HandsOverOnceAndOnlyWhenAsked) {
    EXPECT_EQ(broken(duty_rules(), hands_over_in_order), 0U);
}

TEST(Duty, EachRuleIsReached) {
    std::set<const DutyRule*> reached;
    for (const auto& some : relevant) {
        each_of(some, [&](const Goal& goal, const LocalFacts& facts) {
            for (const auto& rule : duty_rules()) {
                if (rule.role == goal.role && rule.when(goal, facts)) {
                    reached.insert(&rule);
                    return;
                }
            }
        });
    }
    for (const auto& rule : duty_rules()) {
        EXPECT_TRUE(reached.contains(&rule))
            << to_string(rule.role) << ": " << to_string(rule.kind) << ": " << rule.because;
    }
}

TEST(Duty, ManagesItsOwnServerWhateverItsFolderLooksLike) {
    const auto deposed = goal_for(fixture::promoting_record(), "a");
    EXPECT_EQ(next_duty(deposed, standing(Data::foreign, Process::primary)).kind, DutyKind::fence);
    const auto primary = goal_for(fixture::solo_record(), "a");
    EXPECT_EQ(next_duty(primary, standing(Data::foreign, Process::none)).kind, DutyKind::block);
    EXPECT_NE(next_duty(primary, standing(Data::foreign, Process::primary)).kind, DutyKind::block);
}

// Mutations: what the claims above are worth.

TEST(DutyMutation, StartingWithoutAskingBreaksR5) {
    std::vector<DutyRule> table(duty_rules().begin(), duty_rules().end());
    for (auto& rule : table) {
        if (rule.kind == DutyKind::ask_to_start) {
            rule.kind = DutyKind::start_primary;
        }
    }
    EXPECT_GT(broken(table, obeys_r5), 0U);
}

TEST(DutyMutation, DroppingTheProtectionOfAnEmptyMemberBreaksR10) {
    EXPECT_GT(broken(without(Role::standby, DutyKind::block, "its data is gone"), obeys_r10), 0U);
}

TEST(DutyMutation, DroppingTheProtectionOfADivergedMemberBreaksR10) {
    auto table = without(Role::standby, DutyKind::block, "while commits count on it: not replaced");
    EXPECT_GT(broken(table, obeys_r10), 0U);
}

TEST(DutyMutation, DroppingTheLeaveToRebuildReplacesDataWithoutIt) {
    auto table = without(Role::standby, DutyKind::block, "replacing it is not allowed now");
    EXPECT_GT(broken(table, replaces_only_allowed), 0U);
}

TEST(DutyMutation, DroppingTheMarkTouchesForeignData) {
    for (const auto role : {Role::none, Role::primary, Role::standby}) {
        EXPECT_GT(broken(without(role, DutyKind::block, "not this agent's"), obeys_r11), 0U);
    }
}

TEST(DutyMutation, DroppingTheFenceLetsADeposedPrimaryServe) {
    auto table = without(Role::standby, DutyKind::fence, "the record names another primary");
    EXPECT_GT(broken(table, fences_deposed), 0U);
    table = without(Role::none, DutyKind::fence, "it must not serve");
    EXPECT_GT(broken(table, fences_deposed), 0U);
}

TEST(DutyMutation, DroppingAStepOfAHandOverIsSeen) {
    for (const auto& [kind, part] : {std::pair{DutyKind::hand_over, "switchover"},
                                     std::pair{DutyKind::read_stop, "switchover"},
                                     std::pair{DutyKind::wait, "stopped cleanly"}}) {
        EXPECT_GT(broken(without(Role::primary, kind, part), hands_over_in_order), 0U) << part;
    }
}

// What happens in the life of a pair.

TEST(Duty, FormsTheFirstPrimaryFromNothing) {
    const auto goal = goal_for(fixture::forming_record(), "a");
    EXPECT_EQ(next_duty(goal, standing(Data::absent, Process::none)).kind, DutyKind::initialise);
    EXPECT_EQ(next_duty(goal, standing(Data::half_made, Process::none)).kind, DutyKind::initialise);
}

TEST(Duty, FormsTheFirstPrimaryFromASnapshotThatTheRecordNames) {
    auto record = fixture::forming_record();
    record.origin = Origin{"books", "books-1", {}};
    const auto goal = goal_for(record, "a");
    EXPECT_EQ(next_duty(goal, standing(Data::absent, Process::none)).kind, DutyKind::restore);
    EXPECT_EQ(next_duty(goal, standing(Data::half_made, Process::none)).kind, DutyKind::restore);
    record.served = true; // Its data is what it served with: nothing is restored in its place.
    const auto later = goal_for(record, "a");
    EXPECT_EQ(next_duty(later, standing(Data::absent, Process::none)).kind, DutyKind::block);
}

TEST(Goal, OneMemberArchives) {
    EXPECT_EQ(archiver_of(fixture::forming_record()), "") << "there is nothing to keep yet";
    EXPECT_EQ(archiver_of(fixture::solo_record()), "a");
    EXPECT_EQ(archiver_of(fixture::in_sync_record()), "b") << "so that the primary feels nothing";
    EXPECT_FALSE(goal_for(fixture::in_sync_record(), "a").archive);
    EXPECT_TRUE(goal_for(fixture::in_sync_record(), "b").archive);
}

TEST(Duty, MakesNothingInPlaceOfALostPrimary) {
    const auto goal = goal_for(fixture::solo_record(), "a");
    EXPECT_EQ(next_duty(goal, standing(Data::absent, Process::none)).kind, DutyKind::block);
}

TEST(Duty, PromotesARunningStandbyAtOnce) {
    const auto goal = goal_for(fixture::promoting_record(), "b");
    EXPECT_EQ(next_duty(goal, standing(Data::standby, Process::standby)).kind, DutyKind::promote);
}

TEST(Duty, PromotesAStandbyThatWasDownByReplayingFirst) {
    const auto goal = goal_for(fixture::promoting_record(), "b");
    EXPECT_EQ(next_duty(goal, standing(Data::standby, Process::none)).kind,
              DutyKind::start_replaying);
}

TEST(Duty, PromotesAFormerPrimaryAnewSoThatItsHistoryIsItsOwn) { // REDTEAM F13
    auto facts = standing(Data::primary, Process::none);
    facts.may_start = true;
    const auto goal = goal_for(fixture::promoting_record(), "b");
    EXPECT_EQ(next_duty(goal, facts).kind, DutyKind::start_replaying);
    facts.begun = true; // Its promotion for this epoch was finished before it died.
    EXPECT_EQ(next_duty(goal, facts).kind, DutyKind::start_primary);
}

TEST(Duty, StandsDownWhenTheFormerPrimaryIsToReturn) { // REDTEAM F23
    auto record = fixture::promoting_record();
    record.intent = {IntentKind::give_back, "a", "", "op"};
    const auto goal = goal_for(record, "b");
    EXPECT_EQ(next_duty(goal, standing(Data::standby, Process::primary)).kind, DutyKind::fence);
    EXPECT_EQ(next_duty(goal, standing(Data::standby, Process::none)).kind, DutyKind::rest);
}

TEST(Duty, FinishesAPromotionThatACrashCutShort) {
    auto facts = standing(Data::primary, Process::primary);
    const auto goal = goal_for(fixture::solo_record(), "a");
    EXPECT_EQ(next_duty(goal, facts).kind, DutyKind::promote);
    facts.begun = true;
    EXPECT_EQ(next_duty(goal, facts).kind, DutyKind::apply_ticket);
}

TEST(Duty, ProvesOnlyAStandbyThatStreams) {
    auto facts = standing(Data::primary, Process::primary);
    facts.begun = facts.ticket_in_force = facts.slots_kept = true;
    const auto goal = goal_for(fixture::granted_record(), "a");
    EXPECT_EQ(next_duty(goal, facts).kind, DutyKind::wait);
    facts.streaming = true;
    EXPECT_EQ(next_duty(goal, facts).kind, DutyKind::prove);
    facts.barrier_taken = true;
    EXPECT_EQ(next_duty(goal, facts).kind, DutyKind::rest);
}

TEST(Duty, TightensBeforeItProves) { // R4: the barrier comes after the engine was told to wait.
    auto facts = standing(Data::primary, Process::primary);
    facts.begun = facts.slots_kept = facts.streaming = true;
    EXPECT_EQ(next_duty(goal_for(fixture::granted_record(), "a"), facts).kind,
              DutyKind::apply_ticket);
}

TEST(Duty, ServesAgainWhenAHandOverIsOver) {
    auto record = fixture::in_sync_record();
    record.intent = {IntentKind::switch_over, "b", "", "op", 0};
    const auto goal = goal_for(record, "a");
    auto facts = standing(Data::primary, Process::primary);
    facts.begun = facts.slots_kept = true;
    facts.hands_over = HandsOver::over;
    EXPECT_EQ(next_duty(goal, facts).kind, DutyKind::apply_ticket) << "the door is still shut";
    facts.ticket_in_force = true;
    EXPECT_EQ(next_duty(goal, facts).kind, DutyKind::rest);
    facts.process = Process::none; // Another member may be promoted: R5 decides.
    EXPECT_EQ(next_duty(goal, facts).kind, DutyKind::ask_to_start);
    facts.may_start = true;
    EXPECT_EQ(next_duty(goal, facts).kind, DutyKind::start_primary);
}

TEST(Duty, JudgesAFormerPrimaryBeforeItFollows) {
    auto facts = standing(Data::primary, Process::none);
    auto record = fixture::solo_record();
    record.primary = "b";
    record.in_sync = {{"b", Promise{}}};
    const auto goal = goal_for(record, "a");
    EXPECT_EQ(next_duty(goal, facts).kind, DutyKind::judge);
    facts.judged = Judged::same;
    EXPECT_EQ(next_duty(goal, facts).kind, DutyKind::start_standby);
    facts.judged = Judged::diverged;
    EXPECT_EQ(next_duty(goal, facts).kind, DutyKind::replace);
    record.paused = true;
    EXPECT_EQ(next_duty(goal_for(record, "a"), facts).kind, DutyKind::block);
}

TEST(Duty, NeverStopsAStandbyThatCommitsCountOn) {
    auto facts = standing(Data::standby, Process::standby);
    facts.stream_broken = facts.ticket_in_force = facts.slots_kept = true;
    EXPECT_EQ(next_duty(goal_for(fixture::in_sync_record(), "b"), facts).kind, DutyKind::rest);
    EXPECT_EQ(next_duty(goal_for(fixture::solo_record(), "b"), facts).kind, DutyKind::stop);
}

TEST(Duty, FencesFirstWhatMayWrite) { // R7: fence first, persist later.
    const auto deposed = goal_for(fixture::promoting_record(), "a");
    EXPECT_TRUE(must_fence_first(deposed, standing(Data::primary, Process::primary)));
    EXPECT_TRUE(must_fence_first(deposed, standing(Data::primary, Process::starting)));
    EXPECT_TRUE(must_fence_first(deposed, standing(Data::unknown, Process::starting)));
    EXPECT_FALSE(must_fence_first(deposed, standing(Data::standby, Process::standby)));
    EXPECT_TRUE(must_fence_first(deposed, standing(Data::foreign, Process::primary)));
    const auto primary = goal_for(fixture::solo_record(), "a");
    EXPECT_FALSE(must_fence_first(primary, standing(Data::primary, Process::primary)));
}

} // namespace
} // namespace lockstep
