#include "core/record.h"

#include <algorithm>

namespace lockstep {

std::string_view to_string(Phase phase) {
    switch (phase) {
    case Phase::forming: return "forming";
    case Phase::solo: return "solo";
    case Phase::granted: return "granted";
    case Phase::in_sync: return "in sync";
    case Phase::promoting: return "promoting";
    case Phase::stranded: return "stranded";
    }
    return "unknown";
}

Phase phase_of(const PairRecord& record) {
    if (!record.served) { // The first primary of a pair has no predecessor, whatever its epoch.
        return record.former.empty() ? Phase::forming : Phase::promoting;
    }
    if (record.grant) {
        return Phase::granted;
    }
    return standby_of(record) ? Phase::in_sync : Phase::solo;
}

std::optional<MemberId> standby_of(const PairRecord& record) {
    for (const auto& [member, promise] : record.in_sync) {
        if (member != record.primary) {
            return member;
        }
    }
    return std::nullopt;
}

std::string sync_name(const MemberId& member, Revision granted_at) {
    return "ls_" + member + "_" + std::to_string(number(granted_at));
}

std::optional<Entrant> entrant_of(const PairRecord& record) {
    if (record.grant) {
        return Entrant{record.grant->member, record.grant->start};
    }
    const auto standby = standby_of(record);
    if (!standby || record.in_sync.at(*standby).next_start.empty()) {
        return std::nullopt;
    }
    return Entrant{*standby, record.in_sync.at(*standby).next_start};
}

std::string sync_name_of(const PairRecord& record) {
    if (const auto entrant = entrant_of(record)) {
        return sync_name(entrant->member, record.revision);
    }
    if (const auto standby = standby_of(record)) {
        return sync_name(*standby, record.in_sync.at(*standby).granted_at);
    }
    return {};
}

bool is_protected(const PairRecord& record, const MemberId& member) {
    return record.in_sync.contains(member) || (record.grant && record.grant->member == member);
}

Result<void> check(const PairRecord& record) {
    const auto broken = [&record](const std::string& what) {
        return fail(Errc::corrupt, "record of pair " + record.pair + " at revision " +
                                       std::to_string(number(record.revision)) + ": " + what);
    };
    if (!record.members.contains(record.primary)) {
        return broken("primary \"" + record.primary + "\" is not a member");
    }
    if (!record.in_sync.contains(record.primary)) {
        return broken("primary \"" + record.primary + "\" is not in its in-sync set");
    }
    if (record.in_sync.size() > 2) {
        return broken("more than one standby in the in-sync set");
    }
    for (const auto& [member, promise] : record.in_sync) {
        if (!record.members.contains(member)) {
            return broken("in-sync member \"" + member + "\" is not a member");
        }
    }
    if (!record.grant) {
        return {};
    }
    if (!record.members.contains(record.grant->member) ||
        record.in_sync.contains(record.grant->member) || record.in_sync.size() > 1) {
        return broken("a grant to \"" + record.grant->member + "\" that cannot be given");
    }
    return {};
}

} // namespace lockstep
