#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "snapshots/description.h"
#include "snapshots/repository.h"

/// What every kind of repository does alike.
namespace lockstep::snapshots {

/// All files below `folder` but the description, by path, each with its SHA-256.
[[nodiscard]] Result<std::vector<ObjectFile>> digest(const std::filesystem::path& folder,
                                                     const Repository::OnBytes& on_bytes);
[[nodiscard]] std::uint64_t total_bytes(const std::vector<ObjectFile>& files);
[[nodiscard]] std::uint64_t total_bytes(const std::vector<LogSegment>& segments);

/// Whether the files in `folder` are those described. Errors: `corrupt`, naming the file.
[[nodiscard]] Result<void> compare(const std::filesystem::path& folder,
                                   const SnapshotDescription& description,
                                   Repository::Verify verify, const Repository::OnBytes& on_bytes);

/// What is known and what comes to it. Errors: `refused` if a history would have two parents; the
/// message begins with `where`.
[[nodiscard]] Result<std::vector<HistoryFork>> joined_forks(std::vector<HistoryFork> known,
                                                            const std::vector<HistoryFork>& more,
                                                            const std::string& where);
/// Adds one copy's forks, or why it cannot be read, to what is read.
void note_copy(const Result<std::vector<HistoryFork>>& copy, Reading& reading);

/// A place with other things in it was hardly meant. `entries` are the names in the repository's
/// root.
inline constexpr const char* marker_name = ".lockstep-repository";
inline constexpr const char* marker_text =
    "Snapshots and log of Lockstep's pairs, a folder each.\n";
[[nodiscard]] Result<void> check_fits(const std::vector<std::string>& entries, const PairName& pair,
                                      const std::string& root);

/// A repository that this machine has seen and that is empty now is one that is not mounted, or was
/// emptied by mistake: it is not made anew. `memory` is a file of this machine that holds the roots
/// seen; empty: nothing is remembered. Errors: `unreachable`.
[[nodiscard]] Result<void> check_seen(const std::filesystem::path& memory,
                                      const std::vector<std::string>& entries,
                                      const std::string& root);
[[nodiscard]] Result<void> remember(const std::filesystem::path& memory, const std::string& root);

// Why a writer is turned away: `refused`.
[[nodiscard]] Error outranked(const Claim& higher, Epoch wanted, const std::string& where);
[[nodiscard]] Error deposed(const std::optional<Claim>& now, const Claim& mine,
                            const std::string& where);
[[nodiscard]] Error never_claimed(const std::string& where);
[[nodiscard]] Error second_content(const std::string& object);
[[nodiscard]] Error other_content(const std::string& object); // `corrupt`

} // namespace lockstep::snapshots
