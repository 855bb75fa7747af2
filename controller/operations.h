#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "controller/decision/requests.h"
#include "controller/decision/view.h"
#include "controller/state_store.h"
#include "core/endpoint.h"
#include "core/event.h"
#include "core/goal.h"
#include "core/kept_divergence.h"
#include "core/record.h"
#include "core/snapshot.h"
#include "platform/asio.h"

namespace lockstep {

/// A member of a pair with everything known of it now.
struct MemberStatus {
    Member member;
    Role role = Role::none; // By the record.
    bool in_sync = false;   // In the record's in-sync set.
    MemberView seen;
};

/// How far the names are published by one publisher: published means that every server answers
/// them.
struct PublisherStatus {
    std::string publisher;      // "embedded", "rfc2136 10.0.0.2:53"
    std::string name;           // "shop.db.example.org"
    std::string read_only_name; // "shop-ro.db.example.org"
    bool published = false;
    std::vector<std::string> laggards; // "ns-b (10.0.0.2:53): timeout", those that don't yet.
};

/// The endpoint and how far it is published: published means by every publisher.
struct EndpointStatus {
    std::string name; // Of the embedded servers.
    std::string read_only_name;
    Endpoint wanted;
    bool published = false;
    std::vector<std::string> laggards; // Of all publishers.
    std::vector<PublisherStatus> publishers;
};

struct PairStatus {
    PairRecord record;
    bool deletion_protection = false;
    std::optional<SnapshotOrder> deletion; // It is deleted once this final snapshot is taken.
    Phase phase = Phase::forming;
    std::string because;
    bool alarm = false;
    std::vector<MemberStatus> members;
    EndpointStatus endpoint;
};

/// An agent whose stream is open, in a pair or not.
struct AgentStatus {
    MemberId member;
    PairName pair; // Empty: in none.
    std::string zone;
    std::string host;
    std::string address;
    std::uint16_t port = 0;
    std::string engine;
    bool connected = false;
    Milliseconds silent{0};
};

struct ControllerStatus {
    std::string store_id;
    Revision head{};
    std::string zone;
    std::vector<std::string> dns_servers; // "ADDRESS:PORT"
    std::vector<PairStatus> pairs;
    std::vector<AgentStatus> agents;
};

/// An agent that may keep something (R8), and how fresh its word is.
struct DivergenceSource {
    MemberId member;
    PairName pair; // Empty: in none.
    bool connected = false;
    bool told = false; // Since this controller started.
    Milliseconds silent{0};
};

/// What agents said that they keep. An agent that is away may keep more by now, or less.
struct DivergencesStatus {
    std::vector<KeptDivergence> kept; // Newest first.
    std::vector<DivergenceSource> sources;
};

/// Which times a restore can reach. The first and the last commit in log without a gap.
struct Restorable {
    std::int64_t earliest_unix_ms = 0; // 0: none
    std::int64_t latest_unix_ms = 0;
    std::string gap; // Where the log ends before its end; empty: nowhere.
};

/// A pair's snapshots and log, as its archiver told last.
struct PairSnapshots {
    PairName pair;
    std::int64_t deleted_unix_ms = 0; // When the pair was deleted; 0: it is there.
    MemberId archiver;
    bool told = false;      // Since this controller started.
    bool connected = false; // The archiver; of a deleted pair: and it is in no other.
    SnapshotReport report;
    Restorable restorable;
    std::vector<SnapshotOrder> orders;                           // Not ended yet.
    std::vector<std::pair<SnapshotOrder, std::string>> failures; // The last few, and why.
};

/// What restores a pair's snapshots into a new pair.
struct RestoreRequest {
    Origin origin;
    PairName as;
    MemberId to;      // An agent that is in no pair.
    MemberId standby; // Empty: the new pair is solo until a member is added.
    Policy policy;
};

/// What becomes of a pair's snapshots when it is deleted: one of these must be said, unless it has
/// no repository.
struct DeletePair {
    std::string final_snapshot; // Take a last one under this name first; empty: none is asked for.
    bool skip_final_snapshot = false;
};

/// A join token, told once.
struct IssuedToken {
    MemberId member;
    std::string token; // Secret: shown to the operator, never logged.
    std::int64_t expires_unix_ms = 0;
};

/// What an operator can ask of a controller: the API speaks to this and to nothing else.
///
/// Changes are checked by the pure functions of decision/requests.h, then swapped into the store.
/// With `dry_run` everything is checked and nothing changed. `who` is the operator's certificate
/// name; it is written into the event. Errors: `unreachable` (no such pair, member, agent),
/// `refused` (says why and what to do), `conflict` (the record changed: ask again).
class Operations {
public:
    virtual ~Operations() = default;

    struct Asked {
        std::string who;
        bool dry_run = false;
    };

    [[nodiscard]] virtual Awaitable<Result<ControllerStatus>> status() = 0;
    [[nodiscard]] virtual Awaitable<Result<PairStatus>> pair(PairName name) = 0;
    [[nodiscard]] virtual Awaitable<Result<std::vector<Event>>>
    events(StateStore::EventQuery query) = 0;
    /// Every input of decide() since then that is still kept, with its decision: a line of JSON
    /// each (flight.h), oldest first.
    [[nodiscard]] virtual Awaitable<Result<std::vector<std::string>>>
    incident(PairName name, std::int64_t since_unix_ms) = 0;
    /// Of a pair, or of all with an empty name.
    [[nodiscard]] virtual Awaitable<Result<DivergencesStatus>> divergences(PairName pair) = 0;
    /// The request's members have an id and a kind; the rest is filled in from their agents, so
    /// each must be connected.
    [[nodiscard]] virtual Awaitable<Result<PairRecord>> create_pair(CreatePair request,
                                                                    Asked asked) = 0;
    /// With a final snapshot: the order to take it, and the pair is deleted once it is whole; if it
    /// fails, or the pair is protected by then, the pair stays. Without: nothing, it is deleted.
    [[nodiscard]] virtual Awaitable<Result<std::optional<SnapshotOrder>>>
    delete_pair(PairName name, DeletePair request, Asked asked) = 0;
    /// Whether the pair can be deleted.
    [[nodiscard]] virtual Awaitable<Result<void>> protect(PairName name, Protection protection,
                                                          Asked asked) = 0;
    [[nodiscard]] virtual Awaitable<Result<PairRecord>>
    add_member(PairName name, MemberId member, MemberKind kind, Asked asked) = 0;
    [[nodiscard]] virtual Awaitable<Result<PairRecord>>
    remove_member(PairName name, MemberId member, Asked asked) = 0;
    [[nodiscard]] virtual Awaitable<Result<PairRecord>>
    fail_over(PairName name, FailoverRequest request, Asked asked) = 0;
    [[nodiscard]] virtual Awaitable<Result<PairRecord>>
    switch_over(PairName name, SwitchoverRequest request, Asked asked) = 0;
    [[nodiscard]] virtual Awaitable<Result<PairRecord>> set_paused(PairName name, bool paused,
                                                                   Asked asked) = 0;
    /// Of a pair, or of all with an empty name; deleted ones come last, and not where there is
    /// another pair of that name.
    [[nodiscard]] virtual Awaitable<Result<std::vector<PairSnapshots>>>
    snapshots(PairName pair) = 0;
    /// When automated snapshots are taken, and how long they stay.
    [[nodiscard]] virtual Awaitable<Result<PairRecord>>
    set_schedule(PairName name, ScheduleChange change, Asked asked) = 0;
    /// Asks the pair's archiver for a manual snapshot; returns the order, with its id.
    [[nodiscard]] virtual Awaitable<Result<SnapshotOrder>>
    take_snapshot(PairName pair, std::map<std::string, std::string> tags, Asked asked) = 0;
    /// Asks the archiver to check a snapshot, or to remove one.
    [[nodiscard]] virtual Awaitable<Result<SnapshotOrder>>
    order_snapshot(SnapshotWork work, std::string id, Asked asked) = 0;
    /// Lists a deleted pair's snapshots no longer; nothing in its repository is touched.
    [[nodiscard]] virtual Awaitable<Result<void>> forget_deleted(PairName pair, Asked asked) = 0;
    /// Refused before anything is made if the target cannot be reached: says which can.
    [[nodiscard]] virtual Awaitable<Result<PairRecord>> restore(RestoreRequest request,
                                                                Asked asked) = 0;
    /// `controller` in the token is this controller's address for agents.
    [[nodiscard]] virtual Awaitable<Result<IssuedToken>> create_token(MemberId member,
                                                                      Asked asked) = 0;
};

} // namespace lockstep
