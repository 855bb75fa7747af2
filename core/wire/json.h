#pragma once

#include <chrono>
#include <optional>

#include <nlohmann/json.hpp>

#include "core/event.h"
#include "core/snapshot.h"
#include "core/wire/messages.h"

/// How each type looks in JSON. Included only where JSON is made or read: it is slow to compile.

namespace nlohmann {

template <class T> struct adl_serializer<std::optional<T>> {
    static void to_json(json& out, const std::optional<T>& value) {
        out = value ? json(*value) : json(nullptr);
    }
    static void from_json(const json& in, std::optional<T>& value) {
        if (in.is_null()) {
            value.reset();
            return;
        }
        value = in.get<T>();
    }
};

template <> struct adl_serializer<std::chrono::milliseconds> {
    static void to_json(json& out, const std::chrono::milliseconds& value) { out = value.count(); }
    static void from_json(const json& in, std::chrono::milliseconds& value) {
        value = std::chrono::milliseconds{in.get<std::int64_t>()};
    }
};

} // namespace nlohmann

namespace lockstep {

/// An enumerator's name in JSON. Unlike the library's own macro, an unknown name is an error.
template <class E> struct Named {
    E value;
    const char* name;
};

template <class E, std::size_t N>
void enum_to_json(nlohmann::json& out, E value, const Named<E> (&names)[N]) {
    for (const auto& named : names) {
        if (named.value == value) {
            out = named.name;
            return;
        }
    }
    out = "unknown";
}

template <class E, std::size_t N>
void enum_from_json(const nlohmann::json& in, E& value, const Named<E> (&names)[N]) {
    const auto text = in.get<std::string>();
    for (const auto& named : names) {
        if (text == named.name) {
            value = named.value;
            return;
        }
    }
    throw nlohmann::json::other_error::create(501, "unknown word \"" + text + "\"", &in);
}

#define LOCKSTEP_JSON_ENUM(Type, ...)                                                              \
    inline void to_json(nlohmann::json& out, const Type& value) {                                  \
        static const Named<Type> names[] = __VA_ARGS__;                                            \
        enum_to_json(out, value, names);                                                           \
    }                                                                                              \
    inline void from_json(const nlohmann::json& in, Type& value) {                                 \
        static const Named<Type> names[] = __VA_ARGS__;                                            \
        enum_from_json(in, value, names);                                                          \
    }

LOCKSTEP_JSON_ENUM(MemberKind, {{MemberKind::data, "data"}, {MemberKind::spare, "spare"}})
LOCKSTEP_JSON_ENUM(WhenStandbyLost,
                   {{WhenStandbyLost::go_on, "continue"}, {WhenStandbyLost::wait, "wait"}})
LOCKSTEP_JSON_ENUM(Profile, {{Profile::lan, "lan"}, {Profile::wan, "wan"}})
LOCKSTEP_JSON_ENUM(IntentKind, {{IntentKind::none, "none"},
                                {IntentKind::fail_over, "fail_over"},
                                {IntentKind::switch_over, "switch_over"},
                                {IntentKind::force, "force"},
                                {IntentKind::give_back, "give_back"},
                                {IntentKind::remove, "remove"}})
LOCKSTEP_JSON_ENUM(ServerState, {{ServerState::no_data, "no_data"},
                                 {ServerState::foreign, "foreign"},
                                 {ServerState::stopped, "stopped"},
                                 {ServerState::starting, "starting"},
                                 {ServerState::primary, "primary"},
                                 {ServerState::standby, "standby"}})
LOCKSTEP_JSON_ENUM(Unit, {{Unit::bytes, "bytes"}, {Unit::transactions, "transactions"}})
LOCKSTEP_JSON_ENUM(HandOverStage, {{HandOverStage::preparing, "preparing"},
                                   {HandOverStage::draining, "draining"},
                                   {HandOverStage::stopping, "stopping"},
                                   {HandOverStage::stopped, "stopped"}})
LOCKSTEP_JSON_ENUM(Severity, {{Severity::info, "info"},
                              {Severity::warning, "warning"},
                              {Severity::alarm, "alarm"}})

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(History, text)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Position, history, offset_bytes)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SnapshotPolicy, retention_days, minimum, window, time_zone,
                                   verify)
/// Records are kept, by stores and by agents: what an older version did not know yet may be
/// missing. (The names of the parameters are those that the library's macros want.)
#define LOCKSTEP_FIRST_POLICY_FIELDS                                                               \
    when_standby_lost, profile, dns_ttl_seconds, replace_after_seconds
inline void to_json(nlohmann::json& nlohmann_json_j, const Policy& nlohmann_json_t) {
    NLOHMANN_JSON_EXPAND(
        NLOHMANN_JSON_PASTE(NLOHMANN_JSON_TO, LOCKSTEP_FIRST_POLICY_FIELDS, snapshots))
}
inline void from_json(const nlohmann::json& nlohmann_json_j, Policy& nlohmann_json_t) {
    NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NLOHMANN_JSON_FROM, LOCKSTEP_FIRST_POLICY_FIELDS))
    if (nlohmann_json_j.contains("snapshots")) {
        NLOHMANN_JSON_FROM(snapshots)
    }
}
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Member, id, zone, host, address, port, probe_port, key, data_id,
                                   kind)
LOCKSTEP_JSON_ENUM(SnapshotKind, {{SnapshotKind::automated, "automated"},
                                  {SnapshotKind::manual, "manual"},
                                  {SnapshotKind::final, "final"}})
LOCKSTEP_JSON_ENUM(SnapshotProof, {{SnapshotProof::taken, "taken"},
                                   {SnapshotProof::checksummed, "checksummed"},
                                   {SnapshotProof::restored, "restored"},
                                   {SnapshotProof::queried, "queried"}})
LOCKSTEP_JSON_ENUM(SnapshotWork, {{SnapshotWork::take, "take"},
                                  {SnapshotWork::check, "check"},
                                  {SnapshotWork::verify, "verify"},
                                  {SnapshotWork::remove, "remove"}})
LOCKSTEP_JSON_ENUM(SnapshotJob::State, {{SnapshotJob::State::waiting, "waiting"},
                                        {SnapshotJob::State::running, "running"},
                                        {SnapshotJob::State::done, "done"},
                                        {SnapshotJob::State::failed, "failed"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Snapshot, id, pair, kind, engine, version, system_id, taken_from,
                                   epoch, begin, end, begun_unix_ms, end_unix_ms, bytes, data_bytes,
                                   self_contained, proof, proved_unix_ms, restore_ms, damage, keep,
                                   tags)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LogSegment, name, system_id, history, from, to, first_unix_ms,
                                   last_unix_ms, epoch, bytes, sha256)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(HistoryFork, history, parent, fork)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RestoreTarget, unix_ms, position, transaction, exclusive, name,
                                   consistent)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Origin, pair, snapshot, target)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SnapshotOrder, work, id, pair, kind, tags, target, asked_by,
                                   asked_unix_ms)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SnapshotJob, work, id, state, step, done_bytes, total_bytes,
                                   begun_unix_ms, trouble)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SnapshotPlan::Removal, id, bytes, why)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(WindowAdvice, time_zone, present, quietest,
                                   present_bytes_per_second, quietest_bytes_per_second, why)
/// Stores keep one with a pair that was deleted: what an older version did not know may be missing.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(SnapshotPlan, unix_ms, takes, takes_bytes, why,
                                                removals, log_pieces, log_bytes, kept_bytes, window)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SnapshotReport, pair, repository, trouble, read, snapshots, log,
                                   forks, jobs, plan)

/// As with the policy.
inline void to_json(nlohmann::json& nlohmann_json_j, const Promise& nlohmann_json_t) {
    NLOHMANN_JSON_EXPAND(
        NLOHMANN_JSON_PASTE(NLOHMANN_JSON_TO, granted_at, start, next_start, may_lack))
}
inline void from_json(const nlohmann::json& nlohmann_json_j, Promise& nlohmann_json_t) {
    NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NLOHMANN_JSON_FROM, granted_at, start))
    if (nlohmann_json_j.contains("next_start")) {
        NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NLOHMANN_JSON_FROM, next_start, may_lack))
    }
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Grant, member, start, granted_unix_ms)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Intent, kind, member, fenced_by, asked_by, asked_unix_ms)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(HoldDown, losses, last_loss_unix_ms)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Away, member, since_unix_ms)

/// As with the policy.
#define LOCKSTEP_FIRST_RECORD_FIELDS                                                               \
    pair, engine, store_id, revision, epoch, primary, former, served, in_sync, grant, members,     \
        intent, paused, policy, hold_down, away
inline void to_json(nlohmann::json& nlohmann_json_j, const PairRecord& nlohmann_json_t) {
    NLOHMANN_JSON_EXPAND(
        NLOHMANN_JSON_PASTE(NLOHMANN_JSON_TO, LOCKSTEP_FIRST_RECORD_FIELDS, origin))
}
inline void from_json(const nlohmann::json& nlohmann_json_j, PairRecord& nlohmann_json_t) {
    NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NLOHMANN_JSON_FROM, LOCKSTEP_FIRST_RECORD_FIELDS))
    if (nlohmann_json_j.contains("origin")) {
        NLOHMANN_JSON_FROM(origin)
    }
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Probe, silent, trouble)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Acknowledgements, name, streaming, silent, disk_proved)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Barrier, revision, name, position)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(HandOver, revision, stage, in_stage, end, trouble)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Stream, connected, name, silent, clean_for)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Job, what, done_bytes, total_bytes, running_for)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Disk, free_bytes, total_bytes, ballast_bytes, full_for, path)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Observation, member, data_id, system_id, store_id, accepted,
                                   server, server_version, door, death, start, position, unit,
                                   unreplayed_bytes, serving, never_promoted, stream,
                                   acknowledgements, barrier, hand_over, lowered, unfit, rpo_notes,
                                   sql, fsync, heartbeat, disk, job, start_request, alarms)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(KeptTransaction, id, end, position, changes, objects)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DecodedLog, done, trouble, end, read_with, committed,
                                   rolled_back, unfinished, heartbeats, transactions)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(KeptDivergence, id, pair, member, upstream, host, folder,
                                   unix_ms, remove_unix_ms, epoch, data_id, system_id, fork,
                                   fork_offset_bytes, why, bytes, overwritten_bytes, rejoined,
                                   rejoined_why, log)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Event, id, unix_ms, pair, member, revision, kind, severity,
                                   message)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Endpoint, pair, primary_address, read_only_address, epoch,
                                   revision, ttl_seconds)

namespace wire {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Hello, protocol, member, instance, machine_id, zone, host,
                                   address, port, probe_port, dns_address, engine)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Stamp, instance, at)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Status, observation, stamp)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Report, kind, severity, message, unix_ms)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(NameServer, host, address, port)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Zone, name, serial, servers, endpoints)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StartPermit, request, epoch)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Told, store_id, record, permit, proof, zone, orders)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Refused, reason)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Enroll, member, secret, csr_pem)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Enrolled, certificate_pem, ca_pem, store_id)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Divergences, kept)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Snapshots, report)

} // namespace wire
} // namespace lockstep
