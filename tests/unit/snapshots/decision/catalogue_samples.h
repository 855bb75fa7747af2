#pragma once

#include "snapshots/decision/retention.h"

namespace lockstep::snapshots {

/// Times of the samples count from here, in seconds, days …
constexpr std::int64_t epoch_ms = 1'800'000'000'000;
constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t sample_day_ms = 86'400'000;

/// A snapshot that ends with the commit of second `end`; a place is a second, too.
inline Snapshot taken(std::string id, std::string history, std::uint64_t begin, std::uint64_t end) {
    Snapshot snapshot;
    snapshot.id = std::move(id);
    snapshot.pair = "shop";
    snapshot.system_id = "7";
    snapshot.epoch = Epoch{1};
    snapshot.begin = {{history}, begin};
    snapshot.end = {{history}, end};
    snapshot.begun_unix_ms = epoch_ms + static_cast<std::int64_t>(begin) * 1000;
    snapshot.end_unix_ms = epoch_ms + static_cast<std::int64_t>(end) * 1000;
    snapshot.bytes = 5000;
    return snapshot;
}

/// Log with a commit each second.
inline LogSegment logged(std::string history, std::uint64_t from, std::uint64_t to,
                         std::uint64_t epoch = 1) {
    LogSegment segment;
    segment.name = history + "-" + std::to_string(from) + "-" + std::to_string(to);
    segment.system_id = "7";
    segment.history.text = std::move(history);
    segment.from = from;
    segment.to = to;
    segment.first_unix_ms = epoch_ms + static_cast<std::int64_t>(from + 1) * 1000;
    segment.last_unix_ms = epoch_ms + static_cast<std::int64_t>(to) * 1000;
    segment.epoch = Epoch{epoch};
    segment.bytes = 10;
    return segment;
}

inline std::int64_t second(std::int64_t seconds) {
    return epoch_ms + seconds * 1000;
}

} // namespace lockstep::snapshots
