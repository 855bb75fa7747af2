#include "controller/flight.h"

#include "core/wire/json.h"

namespace lockstep {

using nlohmann::json;

namespace {

constexpr const char* format_name = "lockstep-incident";
constexpr int format_version = 1;

} // namespace

// Each names all members of its type, so that one which is added and not written here does not
// compile: an input that is not kept whole replays to another decision.

static void to_json(json& out, const MemberView& value) {
    const auto& [connected, silent, observation, highest, probe_failed, database_port_dead,
                 refused_stream, database_down_for] = value;
    out = {{"connected", connected},           {"silent", silent},
           {"observation", observation},       {"highest", highest},
           {"probe_failed", probe_failed},     {"database_port_dead", database_port_dead},
           {"refused_stream", refused_stream}, {"database_down_for", database_down_for}};
}

static void from_json(const json& in, MemberView& value) {
    auto& [connected, silent, observation, highest, probe_failed, database_port_dead,
           refused_stream, database_down_for] = value;
    in.at("connected").get_to(connected);
    in.at("silent").get_to(silent);
    in.at("observation").get_to(observation);
    in.at("highest").get_to(highest);
    in.at("probe_failed").get_to(probe_failed);
    in.at("database_port_dead").get_to(database_port_dead);
    in.at("refused_stream").get_to(refused_stream);
    in.at("database_down_for").get_to(database_down_for);
}

static void to_json(json& out, const View& value) {
    const auto& [members, unix_ms] = value;
    out = {{"members", members}, {"unix_ms", unix_ms}};
}

static void from_json(const json& in, View& value) {
    auto& [members, unix_ms] = value;
    in.at("members").get_to(members);
    in.at("unix_ms").get_to(unix_ms);
}

static void to_json(json& out, const FlightDecision& value) {
    const auto& [phase, action, condition, because, alarm, next] = value;
    out = {{"phase", phase},     {"action", action}, {"condition", condition},
           {"because", because}, {"alarm", alarm},   {"next", next}};
}

static void from_json(const json& in, FlightDecision& value) {
    auto& [phase, action, condition, because, alarm, next] = value;
    in.at("phase").get_to(phase);
    in.at("action").get_to(action);
    in.at("condition").get_to(condition);
    in.at("because").get_to(because);
    in.at("alarm").get_to(alarm);
    in.at("next").get_to(next);
}

FlightDecision noted(const Decision& decision) {
    FlightDecision note;
    note.phase = to_string(decision.phase);
    note.action = to_string(decision.action);
    note.condition = decision.rule == nullptr ? "" : decision.rule->condition;
    note.because = decision.because;
    note.alarm = decision.alarm;
    note.next = decision.next;
    return note;
}

std::string encode_flight(const FlightEntry& entry) {
    const json line = {
        {"record", *entry.record}, {"view", entry.view}, {"decision", entry.decision}};
    return line.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<FlightEntry> decode_flight(std::string_view line) {
    try {
        const auto whole = json::parse(line);
        FlightEntry entry;
        entry.record = std::make_shared<const PairRecord>(whole.at("record").get<PairRecord>());
        whole.at("view").get_to(entry.view);
        whole.at("decision").get_to(entry.decision);
        return entry;
    } catch (const json::exception& error) {
        return fail(Errc::corrupt, std::string("an incident's line: ") + error.what());
    }
}

std::string encode_flight_header(const FlightHeader& header) {
    const json line = {{"format", format_name},
                       {"version", format_version},
                       {"pair", header.pair},
                       {"written_unix_ms", header.written_unix_ms}};
    return line.dump();
}

Result<FlightHeader> decode_flight_header(std::string_view line) {
    try {
        const auto whole = json::parse(line);
        if (whole.at("format") != format_name || whole.at("version") != format_version) {
            return fail(Errc::corrupt, "this is no incident of version " +
                                           std::to_string(format_version) + ": " +
                                           std::string(line.substr(0, 200)));
        }
        return FlightHeader{whole.at("pair").get<std::string>(),
                            whole.at("written_unix_ms").get<std::int64_t>()};
    } catch (const json::exception& error) {
        return fail(Errc::corrupt, std::string("an incident's first line: ") + error.what());
    }
}

} // namespace lockstep
