#pragma once

#include "controller/decision/view.h"
#include "core/goal.h"
#include "core/record.h"

/// A pair of two members, a (primary) and b, healthy and in sync, with the view that goes with it.
/// Tests change one thing in it.
namespace lockstep::fixture {

constexpr std::int64_t now_unix_ms = 1'800'000'000'000;
inline const History first_history{"1"};

inline Member member(const MemberId& id, const std::string& address) {
    Member value;
    value.id = id;
    value.zone = "zone-" + id;
    value.host = "host-" + id;
    value.address = address;
    value.port = 5432;
    value.data_id = "data-" + id;
    return value;
}

inline PairRecord solo_record() {
    PairRecord record;
    record.pair = "shop";
    record.engine = "postgresql";
    record.store_id = "store";
    record.revision = Revision{10};
    record.epoch = Epoch{1};
    record.primary = "a";
    record.served = true;
    record.members = {{"a", member("a", "10.0.0.1")}, {"b", member("b", "10.0.0.2")}};
    record.in_sync = {{"a", Promise{}}};
    return record;
}

inline PairRecord in_sync_record() {
    auto record = solo_record();
    record.in_sync["b"] = Promise{Revision{9}, ""};
    return record;
}

inline PairRecord granted_record() {
    auto record = solo_record();
    record.grant = Grant{"b", "", now_unix_ms};
    return record;
}

inline PairRecord promoting_record() {
    auto record = solo_record();
    record.epoch = Epoch{2};
    record.primary = "b";
    record.former = "a";
    record.served = false;
    record.in_sync = {{"b", Promise{Revision{9}, ""}}};
    return record;
}

inline PairRecord forming_record() {
    auto record = solo_record();
    record.served = false;
    for (auto& [id, value] : record.members) {
        value.data_id.clear();
    }
    return record;
}

inline Observation observed(const PairRecord& record, const MemberId& id) {
    Observation told;
    told.member = id;
    told.data_id = "data-" + id;
    told.store_id = record.store_id;
    told.accepted = record.revision;
    told.position = {first_history, 1000};
    if (id == record.primary && record.served) {
        told.server = ServerState::primary;
        told.serving = record.epoch;
        told.acknowledgements.name = sync_name_of(record);
        told.acknowledgements.streaming = true;
        return told;
    }
    told.server = ServerState::standby;
    told.stream.connected = true;
    told.stream.name = goal_for(record, id).sync_name;
    told.stream.clean_for = Milliseconds{60000};
    return told;
}

/// Everybody talks and everything is well.
inline View view_of(const PairRecord& record) {
    View view;
    view.unix_ms = now_unix_ms;
    for (const auto& [id, value] : record.members) {
        MemberView seen;
        seen.connected = true;
        seen.observation = observed(record, id);
        seen.highest = seen.observation->position;
        view.members[id] = seen;
    }
    return view;
}

inline Observation& told(View& view, const MemberId& id) {
    return *view.members.at(id).observation;
}

} // namespace lockstep::fixture
