#pragma once

#include <string>
#include <string_view>

#include "core/event.h"
#include "core/result.h"
#include "core/wire/messages.h"

/// Values as JSON text. Decoding is strict: a missing key, a wrong type or an unknown enumerator
/// is `corrupt`, and the error names the place.
namespace lockstep::wire {

/// Largest frame either side accepts; a longer one closes the connection.
inline constexpr std::size_t largest_frame_bytes = 1U << 20U;

/// {"type": "status", "body": {…}}
[[nodiscard]] std::string encode(const Message& message);
[[nodiscard]] Result<Message> decode(std::string_view text);

/// A record as it is stored, sent and shown. Two records are equal if and only if their texts are.
[[nodiscard]] std::string encode_record(const PairRecord& record);
[[nodiscard]] Result<PairRecord> decode_record(std::string_view text);

[[nodiscard]] std::string encode_observation(const Observation& observation);
[[nodiscard]] std::string encode_event(const Event& event);
[[nodiscard]] Result<Event> decode_event(std::string_view text);
/// As it is kept beside the copy, for people too: with line ends.
[[nodiscard]] std::string encode_divergence(const KeptDivergence& divergence);
[[nodiscard]] Result<KeptDivergence> decode_divergence(std::string_view text);
[[nodiscard]] std::string encode_order(const SnapshotOrder& order);
[[nodiscard]] Result<SnapshotOrder> decode_order(std::string_view text);
[[nodiscard]] std::string encode_report(const SnapshotReport& report);
[[nodiscard]] Result<SnapshotReport> decode_report(std::string_view text);
[[nodiscard]] std::string encode_zone(const Zone& zone);
[[nodiscard]] Result<Zone> decode_zone(std::string_view text);

} // namespace lockstep::wire
