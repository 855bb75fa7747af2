#include <utility>

#include "controller/decision/evidence.h"
#include "controller/decision/switchover.h"

/// What counts as the failure of a primary or of a standby, row by row of DESIGN.md 5.
namespace lockstep {
namespace {

/// A standby's disk has more room than the primary's, by at least two pieces of log.
constexpr std::uint64_t better_by_bytes = 32U << 20U;

bool has_no_server(const Observation& told) {
    return told.server == ServerState::stopped || told.server == ServerState::no_data ||
           told.server == ServerState::foreign;
}

std::string how_it_ended(const Observation& told) {
    const auto end = told.death.empty() ? std::string(to_string(told.server)) : told.death;
    return told.member + "'s database process is gone (" + end + "), says its agent" +
           (is_full(told) ? "; " + how_full(told) : "");
}

Failure certain(std::string words) {
    return {true, std::move(words), false};
}

Failure in_doubt(std::string words) {
    return {false, std::move(words), true};
}

// The primary, whose agent talks ------------------------------------------------------------------

Failure stall(const Timings& timings, const Observation& told) {
    const std::pair<const Probe&, const char*> probes[] = {
        {told.sql, "does not answer SQL"},
        {told.fsync, "does not finish an fsync"},
        {told.heartbeat, "does not finish a commit, and not for want of its standby"},
    };
    for (const auto& [probe, what] : probes) {
        if (probe.silent >= timings.stall_after) {
            return certain(told.member + " " + what + silence_of(probe) + ", says its agent");
        }
    }
    return {};
}

/// Without room nothing can be written; but to leave helps only if the other side has more of it.
Failure full_disk(const PairRecord& record, const View& view, const Observation& told) {
    const auto words = how_full(told);
    if (told.disk.full_for < timings_for(record).dead_after) {
        return {false, words, false};
    }
    const auto standby = standby_of(record);
    if (!standby) {
        return in_doubt(words + ", and no other member holds every acknowledged commit: make room");
    }
    const auto* other = heard(record, view, *standby);
    if (other == nullptr || other->disk.total_bytes == 0) {
        return in_doubt(words + ", and " + *standby + " does not say how much room it has");
    }
    const auto room = other->disk.free_bytes + other->disk.ballast_bytes;
    const auto own_room = told.disk.free_bytes + told.disk.ballast_bytes;
    const auto there = *standby + " has " + in_megabytes(room) + " left";
    if (is_full(*other) || room < own_room + better_by_bytes) {
        return in_doubt(words + ", but " + there + ", which is no better: no failover; make room");
    }
    return certain(words + ", and " + there);
}

Failure failure_told(const PairRecord& record, const View& view, const Observation& told) {
    if (!same_data(record, told)) {
        return certain(told.member + "'s data folder is not the one this pair was promised on");
    }
    if (stops_on_purpose(record, told)) {
        return {};
    }
    if (has_no_server(told)) {
        return certain(how_it_ended(told));
    }
    if (record.served && told.server == ServerState::standby) {
        return certain(told.member + "'s database runs as a standby, though it is the primary");
    }
    if (!is_full(told)) {
        return stall(timings_for(record), told);
    }
    // Commits that fail for want of room are no stall of their own.
    auto others = told;
    others.heartbeat = {};
    const auto stalled = stall(timings_for(record), others);
    return stalled.certain ? stalled : full_disk(record, view, told);
}

// The primary, whose agent is silent --------------------------------------------------------------

/// Both the controller's own probe and the standby's stream have their say.
Failure failure_by_stream(const PairRecord& record, const MemberView& primary,
                          const Observation& standby, const std::string& silence) {
    const auto timings = timings_for(record);
    const bool port_dead = primary.probe_failed || primary.database_port_dead;
    const auto port = port_dead ? ", its database's port does not answer the controller" : "";
    if (standby.server != ServerState::standby) {
        return in_doubt(silence + port + ", and " + standby.member +
                        "'s database does not run either: no failover");
    }
    const auto stream = seconds(standby.stream.silent);
    if (standby.stream.silent < timings.dead_after) {
        return in_doubt(silence + port + ", but " + standby.member + " heard it over the stream " +
                        stream + " ago: no failover");
    }
    const auto unheard =
        ", and " + standby.member + " hears nothing over the stream since " + stream;
    if (port_dead) {
        return certain(silence + port + unheard);
    }
    if (primary.silent >= timings.frozen_after && standby.stream.silent >= timings.frozen_after) {
        return certain(silence + unheard + ", its last question unanswered: " + record.primary +
                       " is frozen or cut off, though its host still takes connections");
    }
    return in_doubt(silence + unheard + ", but its host still answers: no failover yet");
}

Failure failure_of_silent(const PairRecord& record, const View& view) {
    const auto* member = member_view(view, record.primary);
    if (member == nullptr) {
        return {};
    }
    const auto silence = record.primary + "'s agent is silent since " + seconds(member->silent);
    if (member->silent < timings_for(record).dead_after) {
        return {false, silence, false};
    }
    const auto standby = standby_of(record);
    if (!standby) {
        // A hung agent's port is still answered by the kernel: the database's own port decides.
        const bool port_dead = member->probe_failed || member->database_port_dead;
        return port_dead ? certain(silence + ", and its database's port does not answer")
                         : in_doubt(silence + ", but its host still answers");
    }
    const auto* told = heard(record, view, *standby);
    if (told == nullptr) {
        return in_doubt(silence + ", and " + *standby +
                        "'s agent is silent too: both are lost, or the controller is cut off. "
                        "Nothing is decided");
    }
    return failure_by_stream(record, *member, *told, silence);
}

// The standby -------------------------------------------------------------------------------------

/// What ends a standby's part whatever the primary hears of it; empty: nothing.
Failure failure_as_told(const PairRecord& record, const Observation& told, bool primary_is_up) {
    if (has_no_server(told)) {
        return {primary_is_up, how_it_ended(told), false};
    }
    if (!same_data(record, told)) {
        return certain(told.member + "'s data folder is not the one this pair was promised on");
    }
    if (promise_ended(record, told)) {
        return certain(told.member + "'s database was restarted, which ended its promise");
    }
    return {};
}

/// The standby acknowledges nothing, though the primary's own disk is good (F19).
Failure failure_to_acknowledge(const Timings& timings, const MemberId& standby,
                               const MemberView* member, const Observation* told,
                               const Acknowledgements& acks) {
    const auto words = standby + " has acknowledged nothing since " + seconds(acks.silent) +
                       ", while the primary's disk is good";
    if (told == nullptr) {
        const bool agent_lost = member != nullptr && member->silent >= timings.dead_after;
        const bool host_lost = agent_lost && member->database_port_dead;
        const bool is_lost = host_lost || acks.silent >= timings.solo_after;
        return {is_lost,
                words + ", and its agent is silent" +
                    (host_lost ? ": its host is lost, its database's port is dead too" : ""),
                !is_lost};
    }
    if (const auto trouble = own_trouble(timings, *told); !trouble.empty()) {
        return certain(words + "; " + trouble + ", says its agent");
    }
    const bool overdue = acks.silent >= timings.solo_after;
    return {overdue,
            words + ", and both agents talk: " +
                (overdue ? "the link between the two is cut, or its database hangs"
                         : "commits wait for it, until " + seconds(timings.solo_after)),
            !overdue};
}

Failure failure_by_silence(const PairRecord& record, const View& view, const MemberId& standby,
                           const Acknowledgements& acks) {
    const auto timings = timings_for(record);
    const auto* told = heard(record, view, standby);
    const auto* member = member_view(view, standby);
    if (acks.silent < timings.dead_after) {
        const bool lost =
            told == nullptr && member != nullptr && long_silent(record, view, standby);
        return lost ? in_doubt(standby + "'s agent is silent since " + seconds(member->silent) +
                               ", but its database acknowledges: it stays in sync, and no failover "
                               "is possible until its agent is back")
                    : Failure{};
    }
    if (!acks.disk_proved) {
        return {
            false,
            standby + " has acknowledged nothing since " + seconds(acks.silent) +
                ", but the primary's own disk is not proved good since: it may be the silent one",
            acks.silent >= timings.solo_after};
    }
    return failure_to_acknowledge(timings, standby, member, told, acks);
}

} // namespace

Failure primary_failure(const PairRecord& record, const View& view) {
    if (const auto* told = heard(record, view, record.primary)) {
        return failure_told(record, view, *told);
    }
    return failure_of_silent(record, view);
}

Failure standby_failure(const PairRecord& record, const View& view, const MemberId& standby) {
    const auto* told = heard(record, view, standby);
    // To narrow helps only a primary that is there to be told of it; while it is not, the standby
    // may be the one that is promoted once it is up again.
    const auto* primary = heard(record, view, record.primary);
    const bool primary_is_up = primary != nullptr && primary->server == ServerState::primary;
    if (told != nullptr) {
        auto failure = failure_as_told(record, *told, primary_is_up);
        if (!failure.words.empty()) {
            return failure;
        }
    }
    if (primary == nullptr || primary->acknowledgements.name != sync_name_of(record)) {
        return {};
    }
    return failure_by_silence(record, view, standby, primary->acknowledgements);
}

} // namespace lockstep
