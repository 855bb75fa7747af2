#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/ids.h"

namespace lockstep {

enum class Severity { info, warning, alarm };

/// Something that happened, or was decided, or was decided against: one line for an operator at
/// 3 a.m., read alike by the log, the audit trail and the tests.
struct Event {
    std::uint64_t id = 0; // Given by the store, rising.
    std::int64_t unix_ms = 0;
    PairName pair;       // Empty: of no pair.
    MemberId member;     // Empty: of no member.
    Revision revision{}; // The record at that moment.
    std::string kind;    // A short stable word: "promote", "narrow", "published".
    Severity severity = Severity::info;
    std::string message; // What, and why.
    friend bool operator==(const Event&, const Event&) = default;
};

[[nodiscard]] std::string_view to_string(Severity severity);

} // namespace lockstep
