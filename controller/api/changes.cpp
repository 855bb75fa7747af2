#include "controller/api/changes.h"

#include "controller/reachable.h"

namespace lockstep {
namespace {

std::string place_of(const Member& member) {
    std::string place = member.id;
    if (!member.address.empty()) {
        place += " at " + member.address + ":" + std::to_string(member.port);
    }
    if (!member.zone.empty()) {
        place += " in " + member.zone;
    }
    return place;
}

std::vector<std::string> describe_new(const PairRecord& record) {
    std::vector<std::string> changes = {"pair " + record.pair + " (" + record.engine +
                                        ") would be made"};
    if (record.origin) {
        const auto& from = record.origin->snapshot;
        changes.push_back("its data would be restored from " +
                          (from.empty() ? "the snapshots and log" : "snapshot " + from) +
                          " of pair " + record.origin->pair);
    }
    for (const auto& [id, member] : record.members) {
        const auto* role = id == record.primary               ? "the first primary: "
                           : member.kind == MemberKind::spare ? "a spare: "
                                                              : "a standby: ";
        changes.push_back(role + place_of(member));
    }
    return changes;
}

void describe_members(const PairRecord& before, const PairRecord& after,
                      std::vector<std::string>& changes) {
    for (const auto& [id, member] : after.members) {
        if (!before.members.contains(id)) {
            const auto* kind = member.kind == MemberKind::spare ? "spare " : "member ";
            changes.push_back(kind + place_of(member) + " would be added");
        }
    }
    for (const auto& [id, member] : before.members) {
        if (!after.members.contains(id)) {
            changes.push_back("member " + place_of(member) + " would be taken out");
        }
    }
}

std::string describe_intent(const PairRecord& before, const Intent& intent) {
    switch (intent.kind) {
    case IntentKind::none: return "what an operator asked for before would be dropped";
    case IntentKind::fail_over:
        return intent.member + " would be promoted and " + before.primary +
               " would become its standby; nothing acknowledged is lost";
    case IntentKind::switch_over:
        return before.primary + " would write a checkpoint, let nobody in any more and stop; " +
               intent.member + " would be promoted once it has all of it, and " + before.primary +
               " would become its standby; nobody could write for some tenths of a second, and "
               "nothing is lost; if a step before the promotion fails, " +
               before.primary + " goes on";
    case IntentKind::force:
        return intent.member + " would be promoted in place of " + before.primary +
               "; commits acknowledged by " + before.primary + " that " + intent.member +
               " lacks would be lost";
    case IntentKind::give_back:
        return before.primary + " would stand down and " + intent.member +
               " would be the primary again";
    case IntentKind::remove:
        return "member " + intent.member + " would be taken out as soon as nobody counts on it";
    }
    return "nothing";
}

} // namespace

std::vector<std::string> describe_change(const std::optional<PairRecord>& before,
                                         const PairRecord& after) {
    if (!before) {
        return describe_new(after);
    }
    std::vector<std::string> changes;
    describe_members(*before, after, changes);
    if (before->intent != after.intent) {
        changes.push_back(describe_intent(*before, after.intent));
    }
    if (before->policy.snapshots != after.policy.snapshots) {
        changes.push_back("automated snapshots: " + in_words(after.policy.snapshots));
    }
    if (before->paused != after.paused) {
        changes.push_back(after.paused
                              ? "failover, rebuild and replacement of members would stop"
                              : "failover, rebuild and replacement of members would go on");
    }
    if (before->primary != after.primary) {
        changes.push_back("the primary would be " + after.primary + " instead of " +
                          before->primary);
    }
    if (changes.empty()) {
        changes.emplace_back("nothing: it is so already");
    }
    return changes;
}

std::vector<std::string> describe_removal(const PairRecord& record, const DeletePair& request) {
    std::vector<std::string> changes;
    if (!request.final_snapshot.empty()) {
        changes.push_back("a final snapshot named " + request.final_snapshot +
                          " would be taken first; if it fails the pair stays");
    }
    changes.push_back("the record of pair " + record.pair +
                      " would go, and its names would not be answered any more");
    for (const auto& [id, member] : record.members) {
        changes.push_back("member " + place_of(member) +
                          " would be in no pair; its database and data are left as they are");
    }
    changes.emplace_back("its snapshots and its log, if it has any, would stay where they are");
    return changes;
}

std::vector<std::string> describe_protection(const PairName& pair, Protection before,
                                             Protection after) {
    if (before == after) {
        return {"nothing: it is so already"};
    }
    return {"the deletion of pair " + pair +
            (after == Protection::on ? " would be refused" : " would be possible")};
}

} // namespace lockstep
