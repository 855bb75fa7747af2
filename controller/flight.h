#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "controller/decision/decide.h"

namespace lockstep {

/// What decide() made of one input: enough to see whether another run makes the same of it.
struct FlightDecision {
    std::string phase;
    std::string action;
    std::string condition; // Of the rule that matched.
    std::string because;
    bool alarm = false;
    std::optional<PairRecord> next;
    friend bool operator==(const FlightDecision&, const FlightDecision&) = default;
};

/// One input of decide(), whole, with its decision: the record's and the view's time is
/// `view.unix_ms`.
struct FlightEntry {
    std::shared_ptr<const PairRecord> record; // Never null.
    View view;
    FlightDecision decision;
};

[[nodiscard]] FlightDecision noted(const Decision& decision);

/// One line of JSON, without secrets: a record holds none, and neither does an observation.
[[nodiscard]] std::string encode_flight(const FlightEntry& entry);
/// Errors: `corrupt`, naming the place.
[[nodiscard]] Result<FlightEntry> decode_flight(std::string_view line);

/// The first line of an incident's file.
struct FlightHeader {
    PairName pair;
    std::int64_t written_unix_ms = 0;
};
[[nodiscard]] std::string encode_flight_header(const FlightHeader& header);
/// Errors: `corrupt`: no incident's file, or one of another version.
[[nodiscard]] Result<FlightHeader> decode_flight_header(std::string_view line);

} // namespace lockstep
