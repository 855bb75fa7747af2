#include "cli/views.h"

#include "cli/read_json.h"

namespace lockstep::cli {
namespace {

using nlohmann::json;

std::chrono::milliseconds span_of(const json& value) {
    return std::chrono::milliseconds{value.get<std::int64_t>()};
}

/// For keys that came later than the API's first version.
std::string text_if_any(const json& object, const char* key) {
    const auto found = object.find(key);
    return found == object.end() ? std::string() : text_or_null(*found);
}

std::optional<JobView> job_of(const json& in) {
    if (in.is_null()) {
        return std::nullopt;
    }
    return JobView{in.at("what").get<std::string>(), in.at("done_bytes").get<std::uint64_t>(),
                   in.at("total_bytes").get<std::uint64_t>(), span_of(in.at("running_for_ms"))};
}

void read_place(const json& in, MemberView& out) {
    out.zone = in.at("zone").get<std::string>();
    out.host = in.at("host").get<std::string>();
    out.address = in.at("address").get<std::string>();
    out.port = in.at("port").get<std::uint16_t>();
}

MemberView member_of(const json& in) {
    MemberView out;
    out.id = in.at("id").get<std::string>();
    out.role = in.at("role").get<std::string>();
    out.kind = in.at("kind").get<std::string>();
    out.in_sync = in.at("in_sync").get<bool>();
    read_place(in, out);
    out.connected = in.at("connected").get<bool>();
    out.silent = span_of(in.at("silent_ms"));
    out.server = text_or_null(in.at("server"));
    out.server_version = text_if_any(in, "server_version");
    if (const auto& position = in.at("position"); !position.is_null()) {
        out.position = position.get<std::uint64_t>();
    }
    if (const auto unit = in.find("unit"); unit != in.end()) {
        out.unit = text_or_null(*unit);
    }
    out.history = text_or_null(in.at("history"));
    out.job = job_of(in.at("job"));
    out.unfit = in.at("unfit").get<std::string>();
    out.lowered = text_if_any(in, "lowered");
    out.rpo_notes = in.at("rpo_notes").get<std::vector<std::string>>();
    out.alarms = in.at("alarms").get<std::vector<std::string>>();
    out.death = in.at("death").get<std::string>();
    out.door = text_if_any(in, "door");
    return out;
}

EndpointView endpoint_of(const json& in) {
    EndpointView out;
    out.name = in.at("name").get<std::string>();
    out.read_only_name = in.at("read_only_name").get<std::string>();
    out.address = in.at("address").get<std::string>();
    out.read_only_address = in.at("read_only_address").get<std::string>();
    out.ttl_seconds = in.at("ttl_seconds").get<std::uint32_t>();
    out.published = in.at("published").get<bool>();
    out.laggards = in.at("laggards").get<std::vector<std::string>>();
    for (const auto& publisher : in.at("publishers")) {
        out.publishers.push_back({publisher.at("publisher").get<std::string>(),
                                  publisher.at("name").get<std::string>(),
                                  publisher.at("read_only_name").get<std::string>(),
                                  publisher.at("published").get<bool>()});
    }
    return out;
}

std::string intent_of(const json& in) {
    const auto found = in.find("intent");
    return found == in.end() || found->is_null() ? "" : found->at("kind").get<std::string>();
}

PairView pair_of(const json& in) {
    PairView out;
    out.pair = in.at("pair").get<std::string>();
    out.engine = in.at("engine").get<std::string>();
    out.phase = in.at("phase").get<std::string>();
    out.because = in.at("because").get<std::string>();
    out.alarm = in.at("alarm").get<bool>();
    out.epoch = in.at("epoch").get<std::uint64_t>();
    out.revision = in.at("revision").get<std::uint64_t>();
    out.primary = in.at("primary").get<std::string>();
    out.standby = text_or_null(in.at("standby"));
    out.granted = text_if_any(in, "granted");
    out.intent = intent_of(in);
    out.paused = in.at("paused").get<bool>();
    out.served = in.at("served").get<bool>();
    out.deletion_protection = in.at("deletion_protection").get<bool>();
    if (const auto& deletion = in.at("deletion"); !deletion.is_null()) {
        out.final_snapshot = deletion.at("final_snapshot").get<std::string>();
    }
    out.policy = {in.at("policy").at("when_standby_lost").get<std::string>(),
                  in.at("policy").at("profile").get<std::string>()};
    out.endpoint = endpoint_of(in.at("endpoint"));
    for (const auto& member : in.at("members")) {
        out.members.push_back(member_of(member));
    }
    return out;
}

AgentView agent_of(const json& in) {
    AgentView out;
    out.member = in.at("member").get<std::string>();
    out.pair = text_or_null(in.at("pair"));
    out.zone = in.at("zone").get<std::string>();
    out.host = in.at("host").get<std::string>();
    out.address = in.at("address").get<std::string>();
    out.port = in.at("port").get<std::uint16_t>();
    out.engine = in.at("engine").get<std::string>();
    out.connected = in.at("connected").get<bool>();
    out.silent = span_of(in.at("silent_ms"));
    return out;
}

EventView event_of(const json& in) {
    return {in.at("id").get<std::uint64_t>(),     in.at("time").get<std::string>(),
            in.at("pair").get<std::string>(),     in.at("member").get<std::string>(),
            in.at("severity").get<std::string>(), in.at("kind").get<std::string>(),
            in.at("message").get<std::string>(),  in.dump()};
}

RuleView rule_of(const json& in) {
    return {in.at("from").get<std::string>(), in.at("condition").get<std::string>(),
            in.at("action").get<std::string>(), in.at("to").get<std::string>(),
            in.at("because").get<std::string>()};
}

DivergenceLogView log_of(const json& in) {
    DivergenceLogView out;
    out.decoded = in.at("decoded").get<bool>();
    out.trouble = in.at("trouble").get<std::string>();
    out.end = in.at("end").get<std::string>();
    out.read_with = in.at("read_with").get<std::string>();
    out.committed = in.at("committed").get<std::uint64_t>();
    out.rolled_back = in.at("rolled_back").get<std::uint64_t>();
    out.unfinished = in.at("unfinished").get<std::uint64_t>();
    out.heartbeats = in.at("heartbeats").get<std::uint64_t>();
    return out;
}

DivergenceSourceView source_of(const json& in) {
    return {in.at("member").get<std::string>(), in.at("connected").get<bool>(),
            in.at("told").get<bool>(), span_of(in.at("silent_ms"))};
}

DivergenceTransactionView transaction_of(const json& in) {
    return {in.at("id").get<std::string>(), in.at("end").get<std::string>(),
            in.at("position").get<std::string>(), in.at("changes").get<std::uint64_t>(),
            in.at("objects").get<std::vector<std::string>>()};
}

/// Each of the list; the transactions and the source come with one alone.
DivergenceView divergence_of(const json& in) {
    DivergenceView out;
    out.id = in.at("id").get<std::string>();
    out.pair = in.at("pair").get<std::string>();
    out.host = in.at("host").get<std::string>();
    out.folder = in.at("folder").get<std::string>();
    out.time = in.at("time").get<std::string>();
    out.remove_time = in.at("remove_time").get<std::string>();
    out.epoch = in.at("epoch").get<std::uint64_t>();
    out.fork = in.at("fork").get<std::string>();
    out.why = in.at("why").get<std::string>();
    out.bytes = in.at("bytes").get<std::uint64_t>();
    out.overwritten_bytes = in.at("overwritten_bytes").get<std::uint64_t>();
    out.rejoined = text_or_null(in.at("rejoined"));
    out.rejoined_why = in.at("rejoined_why").get<std::string>();
    out.log = log_of(in.at("log"));
    if (const auto found = in.find("transactions"); found != in.end()) {
        for (const auto& one : *found) {
            out.transactions.push_back(transaction_of(one));
        }
    }
    if (const auto found = in.find("source"); found != in.end() && !found->is_null()) {
        out.sources.push_back(source_of(*found));
    }
    return out;
}

ChangeView change_of(const json& in) {
    ChangeView out;
    out.dry_run = in.at("dry_run").get<bool>();
    if (const auto changes = in.find("changes"); changes != in.end()) {
        out.changes = changes->get<std::vector<std::string>>();
    }
    if (const auto record = in.find("record"); record != in.end()) {
        out.revision = record->at("revision").get<std::uint64_t>();
        out.epoch = record->at("epoch").get<std::uint64_t>();
    }
    out.final_snapshot = text_if_any(in, "final_snapshot");
    return out;
}

TokenView token_of(const json& in) {
    return {in.at("token").get<std::string>(), in.at("expires_unix_ms").get<std::int64_t>()};
}

ControllerView controller_of(const json& in) {
    ControllerView out;
    out.zone = in.at("zone").get<std::string>();
    for (const auto& pair : in.at("pairs")) {
        out.pairs.push_back(pair_of(pair));
    }
    for (const auto& agent : in.at("agents")) {
        out.agents.push_back(agent_of(agent));
    }
    return out;
}

} // namespace

Answer<PairView> read_pair(const std::string& body) {
    return read_json(body, pair_of);
}

Answer<ControllerView> read_controller(const std::string& body) {
    return read_json(body, controller_of);
}

Answer<std::vector<AgentView>> read_agents(const std::string& body) {
    return read_json(body,
                     [](const json& in) { return all_of<AgentView>(in, "agents", agent_of); });
}

Answer<std::vector<EventView>> read_events(const std::string& body) {
    return read_json(body,
                     [](const json& in) { return all_of<EventView>(in, "events", event_of); });
}

Answer<std::vector<RuleView>> read_rules(const std::string& body) {
    return read_json(body, [](const json& in) { return all_of<RuleView>(in, "rules", rule_of); });
}

Answer<DivergencesView> read_divergences(const std::string& body) {
    return read_json(body, [](const json& in) {
        return DivergencesView{all_of<DivergenceView>(in, "divergences", divergence_of),
                               all_of<DivergenceSourceView>(in, "sources", source_of)};
    });
}

Answer<DivergenceView> read_divergence(const std::string& body) {
    return read_json(body, divergence_of);
}

Answer<ChangeView> read_change(const std::string& body) {
    return read_json(body, change_of);
}

Answer<TokenView> read_token(const std::string& body) {
    return read_json(body, token_of);
}

ErrorView read_error(const std::string& body) {
    auto error = read_json(body, [](const json& in) {
        return ErrorView{in.at("error").at("code").get<std::string>(),
                         in.at("error").at("message").get<std::string>()};
    });
    return error ? *error : ErrorView{"", body};
}

} // namespace lockstep::cli
