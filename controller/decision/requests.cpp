#include "controller/decision/requests.h"

#include <algorithm>

#include "controller/decision/evidence.h"
#include "controller/decision/switchover.h"

namespace lockstep {
namespace {

tl::unexpected<Error> refuse(std::string why) {
    return fail(Errc::refused, std::move(why));
}

Result<PairRecord> without_loss(const PairRecord& record, const FailoverRequest& request,
                                const MemberId& to) {
    PairRecord asked = record;
    asked.grant.reset();
    asked.intent = {IntentKind::fail_over, to, "", request.asked_by};
    return asked;
}

Result<PairRecord> by_force(const PairRecord& record, const View& view,
                            const FailoverRequest& request) {
    if (request.to.empty()) {
        return refuse("--accept-data-loss needs --to: which member becomes the primary");
    }
    const auto* primary = heard(record, view, record.primary);
    if (primary != nullptr && serves_clients(*primary)) {
        return refuse(record.primary + " is heard to serve: nothing is forced past it. Stop it "
                                       "first, or wait for a standby to be in sync");
    }
    const auto* target = heard(record, view, request.to);
    if (target == nullptr || target->data_id.empty() ||
        (target->server != ServerState::standby && target->server != ServerState::stopped)) {
        return refuse(request.to + " cannot take over now: its agent must be connected and have "
                                   "the data of this pair");
    }
    if (request.fenced_by.empty()) {
        return refuse("--accept-data-loss also needs --fenced-by=TEXT: how " + record.primary +
                      " was stopped, so that it cannot go on serving beside the new primary");
    }
    PairRecord asked = record;
    asked.grant.reset();
    asked.intent = {IntentKind::force, request.to, request.fenced_by, request.asked_by};
    return asked;
}

Result<PairRecord> give_back(const PairRecord& record, const FailoverRequest& request) {
    PairRecord asked = record;
    asked.intent = {IntentKind::give_back, record.former, "", request.asked_by};
    return asked;
}

/// Why no failover without a loss is possible, and what is.
std::string no_standby(const PairRecord& record) {
    return "no standby of " + record.pair +
           " is in sync: promoting one may lose acknowledged commits. Bring " + record.primary +
           " back, or, if it is gone for good, name a member with --to and add "
           "--accept-data-loss --fenced-by=TEXT (how " +
           record.primary + " was stopped)";
}

} // namespace

Result<PairRecord> first_record(const CreatePair& request, Epoch epoch) {
    auto name = parse_pair_name(request.pair);
    if (!name) {
        return tl::unexpected(name.error());
    }
    PairRecord record;
    record.pair = *name;
    record.engine = request.engine;
    record.epoch = epoch;
    record.primary = request.primary;
    record.policy = request.policy;
    record.origin = request.origin;
    for (const auto& member : request.members) {
        if (!record.members.emplace(member.id, member).second) {
            return refuse("member " + member.id + " is named twice");
        }
    }
    if (!record.members.contains(request.primary)) {
        return refuse("primary " + request.primary + " is not among the members");
    }
    if (request.policy.dns_ttl_seconds == 0 || request.policy.dns_ttl_seconds > 30) {
        return refuse("TTL of " + std::to_string(request.policy.dns_ttl_seconds) +
                      " s: allowed are 1 to 30 s, because clients must find the new primary soon");
    }
    record.in_sync[request.primary] = {};
    return record;
}

Result<PairRecord> with_failover(const PairRecord& record, const View& view,
                                 const FailoverRequest& request) {
    if (!request.to.empty() && !record.members.contains(request.to)) {
        return fail(Errc::unreachable, request.to + " is not a member of " + record.pair);
    }
    // One that is named primary, and may not promote itself without an operator's word for it.
    const bool stays = phase_of(record) == Phase::promoting && request.accept_data_loss;
    if (request.to == record.primary && !stays) {
        return refuse(request.to + " is the primary already");
    }
    const auto standby = standby_of(record);
    const auto hindrance = standby ? promotion_hindrance(record, view, *standby) : std::string();
    if (standby && hindrance.empty() && (request.to.empty() || request.to == *standby)) {
        return without_loss(record, request, *standby);
    }
    if (standby && !hindrance.empty() && !request.accept_data_loss) {
        return refuse("no failover now: " + hindrance);
    }
    if (standby && hindrance.empty()) {
        return refuse(*standby + " holds every acknowledged commit: fail over to it, not to " +
                      request.to);
    }
    const bool to_former = phase_of(record) == Phase::promoting && request.to == record.former;
    if (to_former && !request.accept_data_loss) {
        return give_back(record, request);
    }
    if (!request.accept_data_loss) {
        return refuse(no_standby(record));
    }
    return by_force(record, view, request);
}

Result<PairRecord> with_switchover(const PairRecord& record, const View& view,
                                   const SwitchoverRequest& request) {
    if (!request.to.empty() && !record.members.contains(request.to)) {
        return fail(Errc::unreachable, request.to + " is not a member of " + record.pair);
    }
    if (request.to == record.primary) {
        return refuse(request.to + " is the primary already");
    }
    const auto standby = standby_of(record);
    if (phase_of(record) != Phase::in_sync || !standby) {
        return refuse("no switchover now: " + record.pair + " is " +
                      std::string(to_string(phase_of(record))) +
                      ", not in sync. `lockstep status " + record.pair +
                      "` says what it waits for");
    }
    if (!request.to.empty() && request.to != *standby) {
        return refuse("only " + *standby + " is in sync with " + record.primary +
                      ": switch over to it, not to " + request.to);
    }
    if (record.intent.kind != IntentKind::none) {
        return refuse("no switchover now: what " + record.intent.asked_by +
                      " asked for is still to be done");
    }
    const auto hindrance = switchover_hindrance(record, view, *standby);
    if (!hindrance.empty()) {
        return refuse("no switchover now: " + hindrance);
    }
    PairRecord asked = record;
    asked.intent = {IntentKind::switch_over, *standby, "", request.asked_by, view.unix_ms};
    return asked;
}

Result<PairRecord> with_member(const PairRecord& record, const Member& member) {
    if (record.members.contains(member.id)) {
        return refuse(member.id + " is a member of " + record.pair + " already");
    }
    PairRecord wider = record;
    wider.grant.reset();
    wider.members.emplace(member.id, member);
    return wider;
}

Result<PairRecord> without_member(const PairRecord& record, const MemberId& member,
                                  const std::string& asked_by) {
    if (!record.members.contains(member)) {
        return fail(Errc::unreachable, member + " is not a member of " + record.pair);
    }
    if (member == record.primary) {
        return refuse(member + " is the primary of " + record.pair +
                      ": fail over to another member first, or delete the pair");
    }
    PairRecord narrower = record;
    narrower.grant.reset();
    narrower.intent = {IntentKind::remove, member, "", asked_by};
    return narrower;
}

SnapshotPolicy changed(SnapshotPolicy policy, const ScheduleChange& change) {
    policy.retention_days = change.retention_days.value_or(policy.retention_days);
    policy.minimum = change.minimum.value_or(policy.minimum);
    policy.window = change.window.value_or(policy.window);
    policy.time_zone = change.time_zone.value_or(policy.time_zone);
    policy.verify = change.verify.value_or(policy.verify);
    return policy;
}

Result<PairRecord> with_schedule(const PairRecord& record, const ScheduleChange& change) {
    PairRecord after = record;
    after.policy.snapshots = changed(record.policy.snapshots, change);
    if (after.policy.snapshots == record.policy.snapshots) {
        return refuse("the schedule of " + record.pair + " is so already");
    }
    after.grant.reset();
    return after;
}

Result<PairRecord> with_paused(const PairRecord& record, bool paused) {
    if (record.paused == paused) {
        return refuse(record.pair + (paused ? " is paused already" : " is not paused"));
    }
    PairRecord changed = record;
    changed.grant.reset();
    changed.paused = paused;
    return changed;
}

} // namespace lockstep
