#include "controller/decision/evidence.h"

#include <algorithm>

namespace lockstep {

std::string seconds(Milliseconds span) {
    const auto tenths = span.count() / 100;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

std::string in_megabytes(std::uint64_t bytes) {
    return std::to_string(bytes >> 20U) + " MB";
}

Timings timings_for(const PairRecord& record) {
    return timings_of(record.policy.profile);
}

const MemberView* member_view(const View& view, const MemberId& id) {
    const auto found = view.members.find(id);
    return found == view.members.end() ? nullptr : &found->second;
}

bool serves_clients(const Observation& told) {
    return told.server == ServerState::primary && told.door.empty();
}

bool is_full(const Observation& told) {
    return told.disk.full_for > Milliseconds{0};
}

std::string how_full(const Observation& told) {
    return told.member + "'s disk is full since " + seconds(told.disk.full_for) + " (" +
           told.disk.path + ": " + in_megabytes(told.disk.free_bytes) + " of " +
           in_megabytes(told.disk.total_bytes) + " free, no ballast left)";
}

std::string silence_of(const Probe& probe) {
    return " since " + seconds(probe.silent) +
           (probe.trouble.empty() ? "" : " (" + probe.trouble + ")");
}

std::string own_trouble(const Timings& timings, const Observation& told) {
    if (is_full(told)) {
        return how_full(told);
    }
    if (told.fsync.silent >= timings.dead_after) {
        return "its disk does not finish an fsync" + silence_of(told.fsync);
    }
    if (told.sql.silent >= timings.dead_after) {
        return "its database does not answer SQL" + silence_of(told.sql);
    }
    return {};
}

const Observation* heard(const PairRecord& record, const View& view, const MemberId& id) {
    const auto* member = member_view(view, id);
    if (member == nullptr || !member->connected || !member->observation ||
        member->silent >= timings_for(record).dead_after) {
        return nullptr;
    }
    return &*member->observation;
}

bool long_silent(const PairRecord& record, const View& view, const MemberId& id) {
    const auto* member = member_view(view, id);
    return member == nullptr || member->silent >= 2 * timings_for(record).dead_after;
}

bool same_data(const PairRecord& record, const Observation& told) {
    const auto known = record.members.find(told.member);
    return known != record.members.end() &&
           (known->second.data_id.empty() || known->second.data_id == told.data_id);
}

bool promise_ended(const PairRecord& record, const Observation& told) {
    const auto& promised =
        record.grant ? record.grant->start : record.in_sync.at(told.member).start;
    // What does not answer yet, or to an agent that was just started, does not say its start.
    return told.server == ServerState::standby && told.start != promised;
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
    // It would fail as soon as it writes; whoever makes room first serves. A lost primary leaves no
    // choice.
    if (is_full(*told) && heard(record, view, record.primary) != nullptr) {
        return how_full(*told);
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
    // What a standby promises no more it cannot lower: nobody counts on it until it is let in anew.
    const auto* told = heard(record, view, standby);
    if (told != nullptr && !told->unfit.empty() && !promise_ended(record, *told)) {
        return standby + ": " + told->unfit;
    }
    return {};
}

Milliseconds clean_stream_needed(const PairRecord& record, std::int64_t unix_ms) {
    const auto timings = timings_for(record);
    const auto& held = record.hold_down;
    const bool forgotten = unix_ms - held.last_loss_unix_ms > timings.flap_window.count();
    if (held.losses < 2 || forgotten) {
        return Milliseconds{0};
    }
    const auto doublings = std::min<std::uint32_t>(held.losses - 2, 10);
    return std::min(timings.clean_stream_after * (1U << doublings), timings.flap_window);
}

} // namespace lockstep
