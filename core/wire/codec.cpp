#include "core/wire/codec.h"

#include <array>
#include <type_traits>

#include "core/wire/json.h"

namespace lockstep::wire {
namespace {

using nlohmann::json;

constexpr std::array<const char*, std::variant_size_v<Message>> type_names = {
    "hello",  "status",   "report",      "told",     "refused",
    "enroll", "enrolled", "divergences", "snapshots"};

template <class T> Result<T> from_text(std::string_view text, std::string_view what) {
    try {
        return json::parse(text).get<T>();
    } catch (const json::exception& error) {
        return fail(Errc::corrupt, std::string(what) + ": " + error.what());
    }
}

template <std::size_t I = 0> Message body_of(std::size_t index, const json& body) {
    if constexpr (I < std::variant_size_v<Message>) {
        if (index == I) {
            return body.get<std::variant_alternative_t<I, Message>>();
        }
        return body_of<I + 1>(index, body);
    } else {
        throw json::other_error::create(501, "no such message", &body);
    }
}

Message parse_message(std::string_view text) {
    const auto whole = json::parse(text);
    const auto type = whole.at("type").get<std::string>();
    for (std::size_t i = 0; i < type_names.size(); ++i) {
        if (type == type_names[i]) {
            return body_of(i, whole.at("body"));
        }
    }
    throw json::other_error::create(501, "unknown type \"" + type + "\"", &whole);
}

} // namespace

std::string encode(const Message& message) {
    const auto body = std::visit([](const auto& value) { return json(value); }, message);
    return json{{"type", type_names[message.index()]}, {"body", body}}.dump(
        -1, ' ', false, json::error_handler_t::replace);
}

Result<Message> decode(std::string_view text) {
    try {
        return parse_message(text);
    } catch (const json::exception& error) {
        return fail(Errc::corrupt, std::string("frame: ") + error.what());
    }
}

std::string encode_record(const PairRecord& record) {
    return json(record).dump();
}

Result<PairRecord> decode_record(std::string_view text) {
    auto record = from_text<PairRecord>(text, "record");
    if (!record) {
        return record;
    }
    if (auto sound = check(*record); !sound) {
        return tl::unexpected(sound.error());
    }
    return record;
}

std::string encode_observation(const Observation& observation) {
    return json(observation).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string encode_divergence(const KeptDivergence& divergence) {
    return json(divergence).dump(2, ' ', false, json::error_handler_t::replace);
}

Result<KeptDivergence> decode_divergence(std::string_view text) {
    return from_text<KeptDivergence>(text, "divergence");
}

std::string encode_event(const Event& event) {
    return json(event).dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Event> decode_event(std::string_view text) {
    return from_text<Event>(text, "event");
}

std::string encode_order(const SnapshotOrder& order) {
    return json(order).dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<SnapshotOrder> decode_order(std::string_view text) {
    return from_text<SnapshotOrder>(text, "order");
}

std::string encode_report(const SnapshotReport& report) {
    return json(report).dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<SnapshotReport> decode_report(std::string_view text) {
    return from_text<SnapshotReport>(text, "snapshot report");
}

std::string encode_zone(const Zone& zone) {
    return json(zone).dump();
}

Result<Zone> decode_zone(std::string_view text) {
    return from_text<Zone>(text, "zone");
}

} // namespace lockstep::wire
