#include "cli/request_bodies.h"

#include <nlohmann/json.hpp>

namespace lockstep::cli {
namespace {

using nlohmann::json;

/// The words of a command line may be no UTF-8.
std::string text_of(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace

std::string create_pair_body(const NewPair& pair) {
    return text_of({{"name", pair.name},
                    {"engine", pair.engine},
                    {"primary", pair.primary},
                    {"members", std::vector<std::string>{pair.primary, pair.standby}},
                    {"policy",
                     {{"when_standby_lost", pair.when_standby_lost},
                      {"profile", pair.profile},
                      {"dns_ttl_seconds", pair.ttl_seconds},
                      {"replace_after_seconds", pair.replace_after_seconds}}},
                    {"deletion_protection", pair.deletion_protection}});
}

std::string delete_pair_body(const std::string& final_snapshot, bool skip) {
    json body = json::object();
    if (!final_snapshot.empty()) {
        body["final_snapshot"] = final_snapshot;
    }
    if (skip) {
        body["skip_final_snapshot"] = true;
    }
    return text_of(body);
}

std::string failover_body(const Failover& failover) {
    return text_of({{"to", failover.to},
                    {"accept_data_loss", failover.accept_data_loss},
                    {"fenced_by", failover.fenced_by}});
}

std::string switchover_body(const std::string& to) {
    return text_of({{"to", to}});
}

std::string add_member_body(const std::string& member, const std::string& kind) {
    return text_of({{"member", member}, {"kind", kind}});
}

std::string token_body(const std::string& member) {
    return text_of({{"member", member}});
}

std::string take_snapshot_body(const std::vector<std::string>& tags) {
    return text_of({{"tags", tags}});
}

std::string schedule_body(const Schedule& schedule) {
    json body = json::object();
    const auto add = [&body](const char* key, const auto& value) {
        if (value) {
            body[key] = *value;
        }
    };
    add("retention_days", schedule.retention_days);
    add("minimum", schedule.minimum);
    add("window", schedule.window);
    add("time_zone", schedule.time_zone);
    add("verify", schedule.verify);
    return text_of(body);
}

std::string restore_body(const Restore& restore) {
    json target = json::object();
    if (restore.unix_ms) {
        target["unix_ms"] = *restore.unix_ms;
    }
    if (restore.position) {
        target["position"] = *restore.position;
    }
    if (!restore.transaction.empty()) {
        target["transaction"] = restore.transaction;
        target["exclusive"] = restore.exclusive;
    }
    if (!restore.name.empty()) {
        target["name"] = restore.name;
    }
    if (restore.consistent) {
        target["consistent"] = true;
    }
    return text_of({{"pair", restore.pair},
                    {"snapshot", restore.snapshot},
                    {"target", std::move(target)},
                    {"as", restore.as},
                    {"to", restore.to},
                    {"standby", restore.standby}});
}

std::string made_identity_json(const std::string& folder, const std::vector<std::string>& files,
                               const std::string& ca_fingerprint) {
    return text_of({{"dir", folder}, {"files", files}, {"ca_fingerprint", ca_fingerprint}});
}

} // namespace lockstep::cli
