#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/ids.h"
#include "core/policy.h"
#include "core/snapshot.h"

namespace lockstep {

enum class MemberKind { data, spare };

/// A member as the record knows it (R11: id, key and data id together are its identity).
struct Member {
    MemberId id;
    std::string zone;
    std::string host;             // The machine: two members on one host protect from nothing.
    std::string address;          // IP address at which clients and peers reach its database.
    std::uint16_t port = 0;       // The database's port.
    std::uint16_t probe_port = 0; // Where its agent answers TCP (DNS): the controller's own probe.
    std::string key;              // SHA-256 of the agent's public key, hexadecimal.
    std::string data_id;          // The mark on its data folder; empty: none seen yet.
    MemberKind kind = MemberKind::data;
    friend bool operator==(const Member&, const Member&) = default;
};

/// A member's place in the in-sync set: from which grant its sync name is made, and the engine's
/// start to which the promise belongs (empty where promises outlive restarts, as PostgreSQL's do).
struct Promise {
    Revision granted_at{};
    std::string start;
    std::string next_start{}; // A later start that is to be promised instead; empty: none. The name
                              // is then made from the record's own revision (docs/decisions/0021).
    bool may_lack = false;    // Of a primary: acknowledged commits may be missing on it, which an
                              // operator accepted.
    friend bool operator==(const Promise&, const Promise&) = default;
};

/// A standby that is being let in (R4). The grant's revision is the record's own: any other swap
/// drops the grant.
struct Grant {
    MemberId member;
    std::string start;
    std::int64_t granted_unix_ms = 0; // A grant that leads nowhere ends; carries no safety.
    friend bool operator==(const Grant&, const Grant&) = default;
};

enum class IntentKind {
    none,
    fail_over,   // Promote `member`, which must be in the in-sync set.
    switch_over, // The primary stops cleanly, then `member`, the in-sync standby, is promoted.
    force,       // Promote `member` though acknowledged commits may be missing on it.
    give_back, // While promoting: the new primary stands down, so that the former may return (F23).
    remove,    // Take `member` out of the pair.
};

/// What an operator asked for and the controller has still to do.
struct Intent {
    IntentKind kind = IntentKind::none;
    MemberId member;
    std::string
        fenced_by; // With `force`: how the old primary was stopped, in the operator's words.
    std::string asked_by;
    std::int64_t asked_unix_ms = 0; // With `switch_over`: how long ago; carries no safety.
    friend bool operator==(const Intent&, const Intent&) = default;
};

/// How often the standby was lost lately: from the second loss on, it must first stream cleanly.
struct HoldDown {
    std::uint32_t losses = 0;
    std::int64_t last_loss_unix_ms = 0;
    friend bool operator==(const HoldDown&, const HoldDown&) = default;
};

/// A member that stays away while the primary is alone, and since when: a spare takes its place
/// after a while. Carries no safety.
struct Away {
    MemberId member;
    std::int64_t since_unix_ms = 0;
    friend bool operator==(const Away&, const Away&) = default;
};

/// The one record of a pair, changed only by compare-and-swap on `revision` (DESIGN.md 3).
struct PairRecord {
    PairName pair;
    std::string engine; // A driver's name: "postgresql".
    std::string store_id;
    Revision revision{};
    Epoch epoch{1};
    MemberId primary;
    MemberId former;     // Primary of the epoch before, while this one has not served (F23).
    bool served = false; // `primary` has served in this epoch.
    std::map<MemberId, Promise> in_sync;
    std::optional<Grant> grant;
    std::map<MemberId, Member> members;
    Intent intent;
    bool paused = false;
    Policy policy;
    HoldDown hold_down;
    std::optional<Away> away;
    std::optional<Origin> origin; // It is made from a snapshot; of no meaning once it has served.
    friend bool operator==(const PairRecord&, const PairRecord&) = default;
};

/// The phase of a pair: a function of its record, never a field in it.
enum class Phase {
    forming,   // The first primary is being made.
    solo,      // The in-sync set is the primary alone.
    granted,   // A standby is being let in.
    in_sync,   // Primary and standby hold every acknowledged commit.
    promoting, // The record names a new primary that has not served yet.
    stranded,  // Seen, not recorded: the primary failed and no member may be promoted.
};

[[nodiscard]] std::string_view to_string(Phase phase);
[[nodiscard]] Phase phase_of(const PairRecord& record);

/// The in-sync standby, if there is one.
[[nodiscard]] std::optional<MemberId> standby_of(const PairRecord& record);

/// The name under which `member`'s stream counts, made for one grant: `ls_<member>_<revision>`
/// (R1: a name alone is not a member, so each grant makes a new one). At most 63 bytes, which is
/// PostgreSQL's limit for application_name.
[[nodiscard]] std::string sync_name(const MemberId& member, Revision granted_at);

/// The name that the primary's commits wait for under this record; empty: it waits for nobody.
[[nodiscard]] std::string sync_name_of(const PairRecord& record);

/// The standby that has a barrier to pass (R4), and as of which start: the granted one, or the one
/// in sync whose promise is being renewed.
struct Entrant {
    MemberId member;
    std::string start;
};
[[nodiscard]] std::optional<Entrant> entrant_of(const PairRecord& record);

/// In the in-sync set or granted: R10 forbids to touch its data.
[[nodiscard]] bool is_protected(const PairRecord& record, const MemberId& member);

/// What no record may violate, whoever wrote it: the primary is a member and in the in-sync set,
/// at most one standby besides, a grant names another member. Errors: `corrupt`.
[[nodiscard]] Result<void> check(const PairRecord& record);

} // namespace lockstep
