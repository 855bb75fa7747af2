#include "agent/decision/boot.h"
#include "agent/decision/duty.h"
#include "agent/decision/order.h"
#include "controller/decision/decide.h"
#include "tests/mutations/mutations.h"

/// The bent functions. The linker's `--wrap` leads every call to `__wrap_…`, and gives the real one
/// the name `__real_…`; tests/CMakeLists.txt names the same symbols.
namespace lockstep {
namespace {

using mutations::bent;
using mutations::Bent;

#define DECIDE "_ZN8lockstep6decideERKNS_10PairRecordERKNS_4ViewE"
#define ASSESS "_ZN8lockstep6assessERKNS_10PairRecordERKNS_4ViewE"
#define MAY_START "_ZN8lockstep20may_start_as_primaryERKNS_9BootFactsE"
#define JUDGE_TOLD "_ZN8lockstep10judge_toldERKNS_4HeldERKNS_4wire4ToldE"
#define NEXT_DUTY "_ZN8lockstep9next_dutyERKNS_4GoalERKNS_10LocalFactsE"
#define IS_PROTECTED                                                                               \
    "_ZN8lockstep12is_protectedERKNS_10PairRecordERKNSt7__cxx1112basic_stringIcSt11char_"          \
    "traitsIcESaIcEEE"

} // namespace

Decision real_decide(const PairRecord& record, const View& view) asm("__real_" DECIDE);
Decision bent_decide(const PairRecord& record, const View& view) asm("__wrap_" DECIDE);
Assessment real_assess(const PairRecord& record, const View& view) asm("__real_" ASSESS);
Assessment bent_assess(const PairRecord& record, const View& view) asm("__wrap_" ASSESS);
BootVerdict real_may_start(const BootFacts& facts) asm("__real_" MAY_START);
BootVerdict bent_may_start(const BootFacts& facts) asm("__wrap_" MAY_START);
OrderJudgement real_judge_told(const Held& held, const wire::Told& told) asm("__real_" JUDGE_TOLD);
OrderJudgement bent_judge_told(const Held& held, const wire::Told& told) asm("__wrap_" JUDGE_TOLD);
Duty real_next_duty(const Goal& goal, const LocalFacts& facts) asm("__real_" NEXT_DUTY);
Duty bent_next_duty(const Goal& goal, const LocalFacts& facts) asm("__wrap_" NEXT_DUTY);
bool real_is_protected(const PairRecord& record,
                       const MemberId& member) asm("__real_" IS_PROTECTED);
bool bent_is_protected(const PairRecord& record,
                       const MemberId& member) asm("__wrap_" IS_PROTECTED);

namespace {

/// A running standby that is not the primary, if its agent is heard.
std::optional<MemberId> any_standby(const PairRecord& record, const View& view) {
    for (const auto& [id, member] : view.members) {
        if (id != record.primary && member.connected && member.observation &&
            member.observation->server == ServerState::standby) {
            return id;
        }
    }
    return std::nullopt;
}

bool seems_lost(const PairRecord& record, const View& view) {
    const auto& primary = view.members.at(record.primary);
    return !primary.connected || primary.silent > Milliseconds{1500} ||
           (primary.observation && primary.observation->server == ServerState::stopped);
}

Decision promoting_any(const PairRecord& record, const View& view, Decision decision) {
    const auto candidate = any_standby(record, view);
    if (decision.next || !record.served || standby_of(record) || !candidate ||
        !seems_lost(record, view)) {
        return decision;
    }
    auto widened = record;
    widened.in_sync[*candidate] = {};
    decision.next = apply(Action::promote, widened, assess(record, view), view);
    return decision;
}

/// What was said last about a barrier, whatever became of it since.
std::optional<Barrier> remembered;

/// Both agents appear to have said what they said under the record's own revision.
View under_this_revision(const PairRecord& record, View view) {
    auto& said = view.members.at(record.primary).observation;
    if (said && said->barrier) {
        remembered = said->barrier;
    }
    if (number(record.revision) <= 3) {
        remembered.reset(); // Another history.
    }
    if (said && remembered && remembered->position.history == said->position.history) {
        said->barrier = remembered;
    }
    for (auto& [id, member] : view.members) {
        if (!member.observation) {
            continue;
        }
        member.observation->accepted = record.revision;
        member.observation->stream.name = sync_name_of(record);
        if (member.observation->barrier) {
            member.observation->barrier->revision = record.revision;
            member.observation->barrier->name = sync_name_of(record);
        }
    }
    return view;
}

/// Every history looks alike.
View without_histories(View view) {
    const auto forget = [](Position& position) {
        position.history.text = position.history.known() ? "1" : "";
    };
    for (auto& [id, member] : view.members) {
        forget(member.highest);
        if (member.observation) {
            forget(member.observation->position);
        }
        if (member.observation && member.observation->barrier) {
            forget(member.observation->barrier->position);
        }
    }
    return view;
}

} // namespace

Decision bent_decide(const PairRecord& record, const View& view) {
    auto decision = real_decide(record, view);
    if (bent == Bent::promote_any) {
        return promoting_any(record, view, std::move(decision));
    }
    if (bent == Bent::epoch_stands_still && decision.next) {
        decision.next->epoch = record.epoch;
    }
    if (bent == Bent::never_widens && decision.action == Action::widen) {
        decision.next.reset();
    }
    return decision;
}

Assessment bent_assess(const PairRecord& record, const View& view) {
    if (bent == Bent::any_revision) {
        const auto bent_view = under_this_revision(record, view);
        return real_assess(record, entrant_of(record) ? bent_view : view);
    }
    if (bent == Bent::numbers_only) {
        return real_assess(record, without_histories(view));
    }
    auto assessment = real_assess(record, view);
    const auto entrant = entrant_of(record);
    if (bent == Bent::no_barrier && entrant) {
        const auto accepted = [&](const MemberId& member) {
            const auto& seen = view.members.at(member).observation;
            return seen && seen->accepted == record.revision;
        };
        // Nothing but the effect, the barrier and the flush past it is passed over.
        const bool both = accepted(record.primary) && accepted(entrant->member);
        assessment.facts.past_barrier = both;
    }
    return assessment;
}

BootVerdict bent_may_start(const BootFacts& facts) {
    auto verdict = real_may_start(facts);
    const bool named = facts.record && facts.record->primary == facts.self;
    const bool by_memory = bent == Bent::start_by_memory && named;
    if (by_memory) {
        verdict.allowed = true;
    }
    if (by_memory || bent == Bent::door_open) {
        verdict.door = Door::open;
    }
    return verdict;
}

OrderJudgement bent_judge_told(const Held& held, const wire::Told& told) {
    auto judged = real_judge_told(held, told);
    if (bent == Bent::older_accepted && judged.verdict == Verdict::older) {
        judged = {Verdict::newer, ""};
    }
    return judged;
}

Duty bent_next_duty(const Goal& goal, const LocalFacts& facts) {
    const auto duty = real_next_duty(goal, facts);
    static unsigned starts = 0;
    const bool starts_standby = duty.kind == DutyKind::start_standby && goal.upstream;
    if (bent == Bent::destroy_protected && starts_standby && ++starts % 3 == 0) {
        return {DutyKind::clone, "to be on the safe side"};
    }
    return duty;
}

bool bent_is_protected(const PairRecord& record, const MemberId& member) {
    return bent != Bent::destroy_protected && real_is_protected(record, member);
}

} // namespace lockstep
