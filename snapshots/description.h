#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/snapshot.h"

namespace lockstep::snapshots {

/// A file of a snapshot.
struct ObjectFile {
    std::string path; // Below the snapshot's folder.
    std::uint64_t bytes = 0;
    std::string sha256;
    friend bool operator==(const ObjectFile&, const ObjectFile&) = default;
};

/// What is written beside a snapshot.
struct SnapshotDescription {
    Snapshot snapshot;
    std::vector<ObjectFile> files;
    friend bool operator==(const SnapshotDescription&, const SnapshotDescription&) = default;
};

/// Who writes to a pair's part of a repository.
struct Claim {
    MemberId writer;
    Epoch epoch{};
    friend bool operator==(const Claim&, const Claim&) = default;
};

/// The same where there are no locks: with it go the keys of the descriptions of earlier epochs
/// that count. What an earlier writer adds later is not among them.
struct RemoteClaim {
    Claim claim;
    std::vector<std::string> earlier;
    friend bool operator==(const RemoteClaim&, const RemoteClaim&) = default;
};

// Each as JSON that holds its own SHA-256, so that a flipped bit is seen. Reading errors:
// `corrupt`.
[[nodiscard]] std::string encode(const SnapshotDescription& description);
[[nodiscard]] Result<SnapshotDescription> decode_snapshot(std::string_view text);
[[nodiscard]] std::string encode(const LogSegment& segment);
[[nodiscard]] Result<LogSegment> decode_segment(std::string_view text);
[[nodiscard]] std::string encode(const std::vector<HistoryFork>& forks);
[[nodiscard]] Result<std::vector<HistoryFork>> decode_forks(std::string_view text);
[[nodiscard]] std::string encode(const Claim& claim);
[[nodiscard]] Result<Claim> decode_claim(std::string_view text);
[[nodiscard]] std::string encode(const RemoteClaim& claim);
[[nodiscard]] Result<RemoteClaim> decode_remote_claim(std::string_view text);

} // namespace lockstep::snapshots
