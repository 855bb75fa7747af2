#include "controller/decision/evidence.h"

#include <algorithm>

#include "controller/decision/switchover.h"

namespace lockstep {
namespace {

using std::chrono::duration_cast;

const MemberView* member_view(const View& view, const MemberId& id) {
    const auto found = view.members.find(id);
    return found == view.members.end() ? nullptr : &found->second;
}

bool has_no_server(const Observation& told) {
    return told.server == ServerState::stopped || told.server == ServerState::no_data ||
           told.server == ServerState::foreign;
}

std::string how_it_ended(const Observation& told) {
    const auto end = told.death.empty() ? std::string(to_string(told.server)) : told.death;
    return told.member + "'s database process is gone (" + end + "), says its agent";
}

/// "Never fail over a primary whose standby hears it": the standby says that its stream is silent.
bool stream_is_silent(const PairRecord& record, const View& view) {
    const auto standby = standby_of(record);
    if (!standby) {
        return true;
    }
    const auto* told = heard(record, view, *standby);
    const auto dead_after = timings_of(record.policy.profile).dead_after;
    return told != nullptr && (!told->stream.connected || told->stream.silent >= dead_after);
}

Failure stall(const Timings& timings, const Observation& told) {
    const std::pair<const Probe&, const char*> probes[] = {
        {told.sql, "does not answer SQL"},
        {told.fsync, "does not finish an fsync"},
        {told.heartbeat, "does not finish a commit, and not for want of its standby"},
    };
    for (const auto& [probe, what] : probes) {
        if (probe.silent >= timings.stall_after) {
            return {true, told.member + " " + what + " since " + seconds(probe.silent) +
                              (probe.trouble.empty() ? "" : " (" + probe.trouble + ")")};
        }
    }
    return {};
}

Failure failure_told(const PairRecord& record, const Observation& told) {
    if (!same_data(record, told)) {
        return {true, told.member + "'s data folder is not the one this pair was promised on"};
    }
    if (stops_on_purpose(record, told)) {
        return {};
    }
    if (has_no_server(told)) {
        return {true, how_it_ended(told)};
    }
    if (record.served && told.server == ServerState::standby) {
        return {true, told.member + "'s database runs as a standby, though it is the primary"};
    }
    return stall(timings_of(record.policy.profile), told);
}

Failure failure_of_silent(const PairRecord& record, const View& view) {
    const auto* member = member_view(view, record.primary);
    if (member == nullptr) {
        return {};
    }
    const auto dead_after = timings_of(record.policy.profile).dead_after;
    const auto silence = record.primary + "'s agent is silent since " + seconds(member->silent);
    if (member->silent < dead_after) {
        return {false, silence};
    }
    // A hung agent's port is still answered by the kernel: the database's own port decides.
    if (!member->probe_failed && !member->database_port_dead) {
        return {false, silence + ", but its host still answers: no failover"};
    }
    if (!stream_is_silent(record, view)) {
        return {false, silence + " and its host does not answer here, but its standby hears it (or "
                                 "is not heard itself): no failover"};
    }
    return {true, silence + ", its database's port does not answer, and no standby hears it"};
}

} // namespace

std::string seconds(Milliseconds span) {
    const auto tenths = span.count() / 100;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

const Observation* heard(const PairRecord& record, const View& view, const MemberId& id) {
    const auto* member = member_view(view, id);
    if (member == nullptr || !member->connected || !member->observation ||
        member->silent >= timings_of(record.policy.profile).dead_after) {
        return nullptr;
    }
    return &*member->observation;
}

bool long_silent(const PairRecord& record, const View& view, const MemberId& id) {
    const auto* member = member_view(view, id);
    return member == nullptr || member->silent >= 2 * timings_of(record.policy.profile).dead_after;
}

bool same_data(const PairRecord& record, const Observation& told) {
    const auto known = record.members.find(told.member);
    return known != record.members.end() &&
           (known->second.data_id.empty() || known->second.data_id == told.data_id);
}

Failure primary_failure(const PairRecord& record, const View& view) {
    if (const auto* told = heard(record, view, record.primary)) {
        return failure_told(record, *told);
    }
    return failure_of_silent(record, view);
}

Failure standby_failure(const PairRecord& record, const View& view, const MemberId& standby) {
    const auto timings = timings_of(record.policy.profile);
    const auto* told = heard(record, view, standby);
    // To narrow helps only a primary that is there to be told of it; while it is not, the standby
    // may be the one that is promoted once it is up again.
    const auto* primary = heard(record, view, record.primary);
    const bool primary_is_up = primary != nullptr && primary->server == ServerState::primary;
    if (told != nullptr && has_no_server(*told)) {
        return {primary_is_up, how_it_ended(*told)};
    }
    if (told != nullptr && !same_data(record, *told)) {
        return {true, standby + "'s data folder is not the one this pair was promised on"};
    }
    const auto start = record.grant ? record.grant->start : record.in_sync.at(standby).start;
    if (told != nullptr && told->start != start) {
        return {true, standby + "'s database was restarted, which ended its promise"};
    }
    const auto* member = member_view(view, standby);
    if (primary == nullptr || primary->acknowledgements.name != sync_name_of(record)) {
        return {};
    }
    // F19: only if the primary's own disk was proved good after the last acknowledgement is the
    // standby the silent one.
    const auto& acks = primary->acknowledgements;
    const auto words = standby + " has acknowledged nothing since " + seconds(acks.silent);
    const bool host_lost = told == nullptr && member != nullptr &&
                           member->silent >= timings.dead_after && member->database_port_dead;
    if (acks.silent >= timings.dead_after && !acks.disk_proved) {
        return {false, words + ", but the primary's own disk is not proved good since"};
    }
    if (acks.silent >= timings.dead_after && host_lost) {
        return {true, words + ", its agent is silent and its database's port is dead"};
    }
    if (acks.silent >= timings.solo_after) {
        return {true, words + ", while the primary's disk is good"};
    }
    return {false, acks.silent >= timings.dead_after ? words : std::string()};
}

std::string promotion_hindrance(const PairRecord& record, const View& view,
                                const MemberId& standby) {
    const auto* told = heard(record, view, standby);
    if (told == nullptr) {
        return standby + "'s agent is not heard";
    }
    if (told->server != ServerState::standby) {
        return standby + "'s database is not a running standby (" +
               std::string(to_string(told->server)) + ")";
    }
    if (told->data_id.empty() || !same_data(record, *told)) {
        return standby + "'s data folder is not the one this pair was promised on";
    }
    const auto promise = record.in_sync.find(standby);
    if (promise == record.in_sync.end() || promise->second.start != told->start) {
        return standby + "'s database was restarted, which ended its promise";
    }
    const auto& member = view.members.at(standby);
    if (!member.refused_stream.empty()) {
        return member.refused_stream;
    }
    if (behind(told->position, member.highest)) {
        return standby + " is behind what was already seen from it: its data was replaced";
    }
    return {};
}

std::string lowering(const PairRecord& record, const View& view, const MemberId& standby) {
    const auto* primary = heard(record, view, record.primary);
    if (primary != nullptr && !primary->lowered.empty()) {
        return record.primary + ": " + primary->lowered;
    }
    if (primary != nullptr && !primary->unfit.empty()) { // F14: too old a release does not wait.
        return record.primary + ": " + primary->unfit;
    }
    const auto* told = heard(record, view, standby);
    if (told != nullptr && !told->unfit.empty()) {
        return standby + ": " + told->unfit;
    }
    return {};
}

Milliseconds clean_stream_needed(const PairRecord& record, std::int64_t unix_ms) {
    const auto timings = timings_of(record.policy.profile);
    const auto& held = record.hold_down;
    const bool forgotten = unix_ms - held.last_loss_unix_ms > timings.flap_window.count();
    if (held.losses < 2 || forgotten) {
        return Milliseconds{0};
    }
    const auto doublings = std::min<std::uint32_t>(held.losses - 2, 10);
    return std::min(timings.clean_stream_after * (1U << doublings), timings.flap_window);
}

} // namespace lockstep
