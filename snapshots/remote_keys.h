#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/snapshot.h"
#include "snapshots/description.h"

/// How a pair's objects are named where there are neither locks nor renames, and which of them
/// count (docs/decisions/0022-snapshots-in-an-object-store.md). Below the pair's prefix:
///
///     claims/HAND.announced.json, claims/HAND.json   who wants to write; who writes
///     snapshots/ID/HAND/N.json                       descriptions, of which the last one counts
///     snapshots/ID/HAND/files/PATH                   a snapshot's files
///     log/SYSTEM/HAND/NAME, NAME.json                a segment and its description
///     forks/HAND/forks.json, forks.copy.json
///
/// HAND is "EPOCH.MEMBER", and nobody else ever writes below it: so nothing can be overwritten by
/// another one, however late what it sent arrives.
namespace lockstep::snapshots {

struct RemoteKey {
    enum class Kind {
        announcement,
        claim,
        snapshot,
        snapshot_file,
        segment,
        segment_object,
        forks
    };
    Kind kind = Kind::claim;
    Claim hand;
    std::string place;        // The snapshot's id, or the log's system id.
    std::string name;         // The segment's, or the file's path.
    std::uint64_t number = 0; // Of a snapshot's description.
    friend bool operator==(const RemoteKey&, const RemoteKey&) = default;
};

[[nodiscard]] std::string hand_of(const Claim& claim); // "0000000003.a"
/// None: it is not one of ours.
[[nodiscard]] std::optional<RemoteKey> parse_key(std::string_view key);

[[nodiscard]] std::string claim_key(const Claim& claim);
[[nodiscard]] std::string announcement_key(const Claim& claim);
[[nodiscard]] std::string snapshot_prefix(const std::string& id); // "snapshots/ID"
/// Below snapshot_prefix(): "HAND/files".
[[nodiscard]] std::string files_prefix(const Claim& hand);
[[nodiscard]] std::string description_key(const std::string& id, const Claim& hand,
                                          std::uint64_t number);
/// "log/SYSTEM/HAND/NAME"
[[nodiscard]] std::string segment_key(const LogSegment& segment, const Claim& hand);
[[nodiscard]] std::string forks_key(const Claim& hand, const char* name);

using KeySizes = std::map<std::string, std::uint64_t>; // Bytes by key.

/// Which descriptions count: those that the highest claimed epoch wrote, and those of earlier ones
/// that its claims found. Without a readable claim of the highest epoch that wrote: all.
class Counted {
public:
    Counted() = default;
    Counted(const KeySizes& keys, const std::vector<RemoteClaim>& claims);
    [[nodiscard]] bool counts(const std::string& key, const RemoteKey& parsed) const;
    /// Whether a claim says what counts, or there is nothing to be told apart.
    [[nodiscard]] bool told() const { return told_; }
    [[nodiscard]] Epoch epoch() const { return epoch_; }

private:
    Epoch epoch_{}; // The highest that wrote.
    bool told_ = true;
    std::set<std::string, std::less<>> earlier_;
};

/// What counts and is older than `claim`: what its claim takes over.
[[nodiscard]] std::vector<std::string> taken_over(const KeySizes& keys, const Counted& counted,
                                                  const Claim& claim);

/// What nobody will ever read: left half made by this hand or by lower epochs, or written by them
/// after they were succeeded, and their claims. `unfinished` are snapshots that this hand still
/// brings there.
[[nodiscard]] std::vector<std::string> leftovers(const KeySizes& keys, const Counted& counted,
                                                 const Claim& mine,
                                                 const std::set<std::string>& unfinished);

/// The highest claim or announcement above `mine`.
[[nodiscard]] std::optional<Claim> higher_claim(const KeySizes& keys, Epoch mine);

} // namespace lockstep::snapshots
