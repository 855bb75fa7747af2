#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "drivers/mysql/config.h"

/// What donor and receiver of a copy of files say to each other, and how a copy is chosen: the pure
/// part (docs/decisions/0020).
namespace lockstep::mysql {

/// One frame: what it is, and its bytes.
enum class CopyWord : char {
    offer = 'o',  // Donor: what it would send (CopyOffer).
    none = 'n',   // Donor: it sends nothing, ever, and why. The receiver dumps.
    accept = 'a', // Receiver: send it, at most so many bytes a second (decimal; 0: any).
    data = 'd',   // Donor: the next bytes of the stream.
    alive = 'l',  // Donor: nothing to send just now.
    end = 'e',    // Donor: all was sent, and its tool ended well.
    broken = 'x', // Donor: it failed, and why. What was sent is worth nothing.
};
struct CopyFrame {
    CopyWord word = CopyWord::alive;
    std::string_view bytes; // Into the frame that was parsed.
};
inline constexpr std::size_t largest_copy_frame = (1U << 20U) + 1;
[[nodiscard]] std::string copy_frame(CopyWord word, std::string_view bytes);
/// Errors: `corrupt`.
[[nodiscard]] Result<CopyFrame> parse_copy_frame(std::string_view frame);

struct CopyOffer {
    std::uint64_t bytes = 0; // About: the donor goes on writing.
    std::string version;     // Of the donor's server.
    friend bool operator==(const CopyOffer&, const CopyOffer&) = default;
};
[[nodiscard]] std::string print(const CopyOffer& offer);
/// Errors: `corrupt`.
[[nodiscard]] Result<CopyOffer> parse_copy_offer(std::string_view text);
/// Errors: `corrupt`.
[[nodiscard]] Result<std::uint64_t> parse_copy_number(std::string_view text);

/// By which lock on the donor's server `member` asks for a copy. It goes with its session.
[[nodiscard]] std::string copy_lock(const MemberId& member);

/// What a line of mariadb-backup's log says of commits.
enum class CommitBlock {
    begins, // It asks for the lock that holds commits up.
    ends,   // It gave it back.
};
[[nodiscard]] std::optional<CommitBlock> commit_block_in(std::string_view line);

/// "10.11" of "10.11.19-MariaDB-0+deb12u1".
[[nodiscard]] std::string_view series_of(std::string_view version);
/// "10.11.19" in what mariadb-backup says of itself with --version; empty: it is not told.
[[nodiscard]] std::string_view backup_version_in(std::string_view said);

/// Room for a copy: the donor goes on writing, and recovery needs some, too. Errors: `refused`:
/// how much is needed, and free.
[[nodiscard]] Result<void> check_room(std::uint64_t copied_bytes, std::uint64_t free_bytes);

enum class CopyBy { files, dump };
struct CopyFacts {
    std::string missing_here; // A program of it that is not installed here; empty: none.
    std::string elsewhere;    // A setting that puts files outside the data folder; empty: none.
    bool asked = false;       // The donor was, and
    std::string hindrance;    // that is why it sends none; empty: it does.
};
struct CopyChoice {
    CopyBy by = CopyBy::files;
    std::string why; // Of a dump.
};
/// By a copy of files wherever it can be.
[[nodiscard]] CopyChoice choose_copy(const CopyFacts& facts);
/// The first of the user's settings that puts files of InnoDB or Aria elsewhere; empty: none.
[[nodiscard]] std::string setting_elsewhere(const Settings& settings);

} // namespace lockstep::mysql
