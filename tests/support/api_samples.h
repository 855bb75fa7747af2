#pragma once

#include <string>

#include <nlohmann/json.hpp>

/// Answers of the API as docs/api.md shows them, to be changed by a test.
namespace lockstep::samples {

using nlohmann::json;

inline json member(const std::string& id, const std::string& role, const std::string& address) {
    return {{"id", id},
            {"role", role},
            {"kind", "data"},
            {"in_sync", true},
            {"zone", "zone-" + id},
            {"host", "host-" + id},
            {"address", address},
            {"port", 5432},
            {"connected", true},
            {"silent_ms", 120},
            {"server", role},
            {"position", 100000},
            {"unit", "bytes"},
            {"history", "1"},
            {"stream", {{"connected", true}, {"name", "ls_b_4"}, {"silent_ms", 80}}},
            {"job", nullptr},
            {"unfit", ""},
            {"rpo_notes", json::array()},
            {"alarms", json::array()},
            {"death", ""},
            {"door", ""},
            {"free_bytes", 1000000000}};
}

inline json endpoint() {
    return {{"name", "shop.db.example.test"},
            {"read_only_name", "shop-ro.db.example.test"},
            {"address", "10.77.0.11"},
            {"read_only_address", "10.77.0.12"},
            {"ttl_seconds", 2},
            {"published", true},
            {"laggards", json::array()},
            {"publishers", json::array({{{"publisher", "embedded"},
                                         {"name", "shop.db.example.test"},
                                         {"read_only_name", "shop-ro.db.example.test"},
                                         {"published", true},
                                         {"laggards", json::array()}}})}};
}

/// In sync: a is the primary, b the standby.
inline json pair() {
    return {
        {"pair", "shop"},
        {"engine", "postgresql"},
        {"phase", "in sync"},
        {"because", "primary and standby in step"},
        {"alarm", false},
        {"epoch", 3},
        {"revision", 118},
        {"primary", "a"},
        {"standby", "b"},
        {"granted", nullptr},
        {"intent", nullptr},
        {"paused", false},
        {"deletion_protection", false},
        {"deletion", nullptr},
        {"served", true},
        {"policy", {{"when_standby_lost", "continue"}, {"profile", "lan"}, {"dns_ttl_seconds", 2}}},
        {"endpoint", endpoint()},
        {"members", {member("a", "primary", "10.77.0.11"), member("b", "standby", "10.77.0.12")}}};
}

/// a alone; b is not in sync.
inline json solo() {
    auto out = pair();
    out["phase"] = "solo";
    out["because"] = "standby is silent; the primary goes on alone";
    out["standby"] = nullptr;
    out["members"][1]["in_sync"] = false;
    out["endpoint"]["read_only_address"] = "10.77.0.11";
    return out;
}

inline json agent(const std::string& id, const json& pair_name) {
    return {{"member", id},           {"pair", pair_name},     {"zone", "zone-" + id},
            {"host", "host-" + id},   {"address", "10.0.0.1"}, {"port", 5432},
            {"engine", "postgresql"}, {"connected", true},     {"silent_ms", 90}};
}

inline json status(const json& pairs) {
    return {{"store_id", "5ca1e"},
            {"head", 118},
            {"zone", "db.example.test"},
            {"dns_servers", {"10.77.0.1:53"}},
            {"pairs", pairs},
            {"agents", {agent("a", "shop"), agent("b", "shop")}}};
}

inline json event(int id, const std::string& severity, const std::string& message) {
    return {{"id", id},
            {"unix_ms", 1795383200123},
            {"time", "2026-11-22T21:33:20.123Z"},
            {"pair", "shop"},
            {"member", "a"},
            {"revision", 118},
            {"kind", "promote"},
            {"severity", severity},
            {"message", message}};
}

/// The answer to a change: the record's revision and epoch.
inline json changed(int revision, int epoch) {
    return {{"dry_run", false},
            {"pair", "shop"},
            {"record", {{"pair", "shop"}, {"revision", revision}, {"epoch", epoch}}}};
}

inline json dry_run(const json& changes) {
    return {{"dry_run", true}, {"pair", "shop"}, {"changes", changes}};
}

} // namespace lockstep::samples
