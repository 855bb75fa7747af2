#include "core/goal.h"

namespace lockstep {
namespace {

std::vector<Member> peers_of(const PairRecord& record, const MemberId& member) {
    std::vector<Member> peers;
    for (const auto& [id, peer] : record.members) {
        if (id != member) {
            peers.push_back(peer);
        }
    }
    return peers;
}

bool lets_in(const PairRecord& record, const MemberId& member) {
    const auto entrant = entrant_of(record);
    return entrant && entrant->member == member;
}

/// The name a standby streams under: the one made for its grant, or one that can never be waited
/// for, so that a stream without a grant acknowledges nothing (F7).
std::string stream_name(const PairRecord& record, const MemberId& member) {
    if (lets_in(record, member)) {
        return sync_name(member, record.revision);
    }
    if (const auto promise = record.in_sync.find(member); promise != record.in_sync.end()) {
        return sync_name(member, promise->second.granted_at);
    }
    return "ls_" + member + "_async";
}

/// F23: a primary that is to stand down before it served runs nothing, so that what it proves from
/// disk stays true until a higher revision says otherwise.
bool stands_down(const PairRecord& record) {
    return phase_of(record) == Phase::promoting && record.intent.kind == IntentKind::give_back;
}

/// Where no standby is in sync any more, nobody is switched over to.
bool switches_over(const PairRecord& record) {
    return phase_of(record) == Phase::in_sync && record.intent.kind == IntentKind::switch_over &&
           standby_of(record) == record.intent.member;
}

void fill_primary(const PairRecord& record, Goal& goal) {
    if (stands_down(record)) {
        return;
    }
    goal.role = Role::primary;
    goal.form = phase_of(record) == Phase::forming;
    if (goal.form) {
        goal.origin = record.origin;
    }
    goal.promote = phase_of(record) == Phase::promoting;
    goal.may_lack = goal.promote && record.in_sync.at(record.primary).may_lack;
    goal.hand_over = switches_over(record);
    goal.prove = entrant_of(record).has_value();
    goal.sync_name = sync_name_of(record);
}

void fill_standby(const PairRecord& record, const MemberId& member, Goal& goal) {
    goal.hold_replay = lets_in(record, member);
    goal.take_over = switches_over(record) && record.intent.member == member;
    goal.sync_name = stream_name(record, member);
    goal.rebuild_allowed = !goal.data_protected && !record.paused && record.served;
    if (record.served) {
        goal.role = Role::standby;
        goal.upstream = record.members.at(record.primary);
    }
}

} // namespace

std::string_view to_string(Role role) {
    switch (role) {
    case Role::primary: return "primary";
    case Role::standby: return "standby";
    case Role::none: return "none";
    }
    return "unknown";
}

MemberId archiver_of(const PairRecord& record) {
    return record.served ? standby_of(record).value_or(record.primary) : MemberId{};
}

Goal goal_for(const PairRecord& record, const MemberId& member) {
    Goal goal;
    goal.revision = record.revision;
    goal.epoch = record.epoch;
    if (!record.members.contains(member)) {
        return goal;
    }
    goal.peers = peers_of(record, member);
    goal.data_protected = is_protected(record, member);
    goal.archive = archiver_of(record) == member;
    if (record.primary == member) {
        fill_primary(record, goal);
        return goal;
    }
    fill_standby(record, member, goal);
    return goal;
}

} // namespace lockstep
