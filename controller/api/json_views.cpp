#include "controller/api/json_views.h"

#include "controller/decision/rules.h"
#include "controller/flight.h"
#include "core/wire/json.h"
#include "platform/clock.h"

namespace lockstep {
namespace {

using nlohmann::json;

std::string text_of(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json optional_id(const std::optional<MemberId>& id) {
    return id ? json(*id) : json(nullptr);
}

json job_view(const std::optional<Job>& job) {
    if (!job) {
        return nullptr;
    }
    return {{"what", job->what},
            {"done_bytes", job->done_bytes},
            {"total_bytes", job->total_bytes},
            {"running_for_ms", job->running_for.count()}};
}

json disk_view(const Disk& disk) {
    return {{"path", disk.path},
            {"free_bytes", disk.free_bytes},
            {"total_bytes", disk.total_bytes},
            {"ballast_bytes", disk.ballast_bytes},
            {"full", disk.full_for > Milliseconds{0}}};
}

json stream_view(const Stream& stream) {
    return {{"connected", stream.connected},
            {"name", stream.name},
            {"silent_ms", stream.silent.count()}};
}

/// What the member's agent says of it; nulls where it never said anything.
void add_observation(const std::optional<Observation>& observation, json& out) {
    if (!observation) {
        for (const auto* key : {"server", "server_version", "position", "unit", "history", "stream",
                                "job", "free_bytes", "disk", "data_id"}) {
            out[key] = nullptr;
        }
        out["unfit"] = out["death"] = out["lowered"] = out["door"] = "";
        out["rpo_notes"] = out["alarms"] = json::array();
        return;
    }
    const auto& seen = *observation;
    const auto known = seen.position.history.known();
    out["server"] = to_string(seen.server);
    out["server_version"] = seen.server_version;
    out["position"] = known ? json(seen.position.offset_bytes) : json(nullptr);
    out["unit"] = known ? json(seen.unit) : json(nullptr);
    out["history"] = known ? json(seen.position.history.text) : json(nullptr);
    out["stream"] = stream_view(seen.stream);
    out["job"] = job_view(seen.job);
    out["unfit"] = seen.unfit;
    out["lowered"] = seen.lowered;
    out["rpo_notes"] = seen.rpo_notes;
    out["alarms"] = seen.alarms;
    out["death"] = seen.death;
    out["door"] = seen.door;
    out["free_bytes"] = seen.disk.free_bytes;
    out["disk"] = disk_view(seen.disk);
    out["data_id"] = seen.data_id;
}

json member_view(const MemberStatus& status) {
    json out = {{"id", status.member.id},
                {"role", to_string(status.role)},
                {"kind", status.member.kind},
                {"in_sync", status.in_sync},
                {"zone", status.member.zone},
                {"host", status.member.host},
                {"address", status.member.address},
                {"port", status.member.port},
                {"connected", status.seen.connected},
                {"silent_ms", status.seen.silent.count()},
                {"probe_failed", status.seen.probe_failed},
                {"refused_stream", status.seen.refused_stream}};
    add_observation(status.seen.observation, out);
    return out;
}

json publisher_view(const PublisherStatus& publisher) {
    return {{"publisher", publisher.publisher},
            {"name", publisher.name},
            {"read_only_name", publisher.read_only_name},
            {"published", publisher.published},
            {"laggards", publisher.laggards}};
}

json endpoint_view(const EndpointStatus& endpoint) {
    json publishers = json::array();
    for (const auto& publisher : endpoint.publishers) {
        publishers.push_back(publisher_view(publisher));
    }
    return {{"name", endpoint.name},
            {"read_only_name", endpoint.read_only_name},
            {"address", endpoint.wanted.primary_address},
            {"read_only_address", endpoint.wanted.read_only_address},
            {"ttl_seconds", endpoint.wanted.ttl_seconds},
            {"published", endpoint.published},
            {"laggards", endpoint.laggards},
            {"publishers", std::move(publishers)}};
}

json intent_view(const Intent& intent) {
    return intent.kind == IntentKind::none ? json(nullptr) : json(intent);
}

json deletion_view(const std::optional<SnapshotOrder>& deletion) {
    if (!deletion) {
        return nullptr;
    }
    return {{"final_snapshot", deletion->id},
            {"asked_by", deletion->asked_by},
            {"asked_time", format_time(deletion->asked_unix_ms)}};
}

json pair_view(const PairStatus& status) {
    const auto& record = status.record;
    json members = json::array();
    for (const auto& member : status.members) {
        members.push_back(member_view(member));
    }
    return {{"pair", record.pair},
            {"engine", record.engine},
            {"phase", to_string(status.phase)},
            {"because", status.because},
            {"alarm", status.alarm},
            {"epoch", record.epoch},
            {"revision", record.revision},
            {"primary", record.primary},
            {"standby", optional_id(standby_of(record))},
            {"granted", record.grant ? json(record.grant->member) : json(nullptr)},
            {"intent", intent_view(record.intent)},
            {"paused", record.paused},
            {"deletion_protection", status.deletion_protection},
            {"deletion", deletion_view(status.deletion)},
            {"away", record.away ? json(*record.away) : json(nullptr)},
            {"served", record.served},
            {"policy", record.policy},
            {"endpoint", endpoint_view(status.endpoint)},
            {"members", std::move(members)}};
}

json pair_views(const ControllerStatus& status) {
    json pairs = json::array();
    for (const auto& pair : status.pairs) {
        pairs.push_back(pair_view(pair));
    }
    return pairs;
}

json agent_view(const AgentStatus& agent) {
    return {{"member", agent.member},
            {"pair", agent.pair.empty() ? json(nullptr) : json(agent.pair)},
            {"zone", agent.zone},
            {"host", agent.host},
            {"address", agent.address},
            {"port", agent.port},
            {"engine", agent.engine},
            {"connected", agent.connected},
            {"silent_ms", agent.silent.count()}};
}

json agent_views(const ControllerStatus& status) {
    json agents = json::array();
    for (const auto& agent : status.agents) {
        agents.push_back(agent_view(agent));
    }
    return agents;
}

} // namespace

std::string view_of(const ControllerStatus& status) {
    return text_of({{"store_id", status.store_id},
                    {"head", status.head},
                    {"zone", status.zone},
                    {"dns_servers", status.dns_servers},
                    {"pairs", pair_views(status)},
                    {"agents", agent_views(status)}});
}

std::string view_of(const PairStatus& pair) {
    return text_of(pair_view(pair));
}

std::string view_of_pairs(const ControllerStatus& status) {
    return text_of({{"pairs", pair_views(status)}});
}

std::string view_of_agents(const ControllerStatus& status) {
    return text_of({{"agents", agent_views(status)}});
}

std::string view_of(const std::vector<Event>& events) {
    json list = json::array();
    for (const auto& event : events) {
        json out = event;
        out["time"] = format_time(event.unix_ms);
        list.push_back(std::move(out));
    }
    return text_of({{"events", std::move(list)}});
}

std::string view_of(const IssuedToken& token) {
    return text_of({{"dry_run", false},
                    {"member", token.member},
                    {"token", token.token},
                    {"expires_unix_ms", token.expires_unix_ms}});
}

std::string view_of_token_not_made(const MemberId& member) {
    const std::vector<std::string> changes = {"a join token for member " + member +
                                              " would be made; an earlier one would be void"};
    return text_of({{"dry_run", true}, {"member", member}, {"changes", changes}});
}

std::string view_of_incident(const PairName& pair, const std::vector<std::string>& lines) {
    auto header = encode_flight_header({pair, unix_ms()});
    header.back() = ','; // Its closing brace: the entries follow inside it.
    std::string text = std::move(header) + "\"entries\":[";
    for (const auto& line : lines) {
        text += (text.back() == '[' ? "" : ",") + line;
    }
    return text + "]}";
}

std::string view_of_rules() {
    json list = json::array();
    for (const auto& rule : rules()) {
        list.push_back({{"from", to_string(rule.from)},
                        {"condition", rule.condition},
                        {"action", to_string(rule.action)},
                        {"to", to_string(rule.to)},
                        {"severity", to_string(rule.severity)},
                        {"because", rule.because}});
    }
    return text_of({{"rules", std::move(list)}});
}

std::string view_of_change(const PairRecord& record) {
    return text_of({{"dry_run", false}, {"pair", record.pair}, {"record", record}});
}

std::string view_of_dry_run(const PairRecord& record, const std::vector<std::string>& changes) {
    return text_of(
        {{"dry_run", true}, {"pair", record.pair}, {"changes", changes}, {"record", record}});
}

std::string view_of_removal(const PairName& pair) {
    return text_of({{"dry_run", false}, {"pair", pair}});
}

std::string view_of_removal(const PairName& pair, const std::optional<SnapshotOrder>& first) {
    return text_of({{"dry_run", false},
                    {"pair", pair},
                    {"final_snapshot", first ? json(first->id) : json(nullptr)}});
}

std::string view_of_protection(const PairName& pair, Protection protection) {
    return text_of({{"dry_run", false},
                    {"pair", pair},
                    {"deletion_protection", protection == Protection::on}});
}

std::string view_of_dry_removal(const PairName& pair, const std::vector<std::string>& changes) {
    return text_of({{"dry_run", true}, {"pair", pair}, {"changes", changes}});
}

std::string view_of_error(std::string_view code, std::string_view message) {
    return text_of({{"error", {{"code", code}, {"message", message}}}});
}

} // namespace lockstep
