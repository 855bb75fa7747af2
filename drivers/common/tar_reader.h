#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace lockstep {

/// What an archive says of one of its members.
struct TarEntry {
    enum class Kind { file, folder, link, other } kind = Kind::other;
    std::string name;   // Without a trailing slash.
    std::string target; // Of a link.
    std::uint64_t bytes = 0;
};

/// Reads an archive in the ustar format piece by piece, as it comes. Source: POSIX.1, pax,
/// "ustar Interchange Format"; sizes from 8 GiB on and names of more than 100 characters as GNU tar
/// writes them.
class TarReader {
public:
    /// Called for each member, for the bytes of a file as they come, and at its end.
    struct Into {
        std::function<Result<void>(const TarEntry&)> begin;
        std::function<Result<void>(std::string_view)> bytes;
        std::function<Result<void>()> end;
    };
    explicit TarReader(Into into) : into_(std::move(into)) {}

    /// Errors: `corrupt` (a header that is none, bytes after the end), or what `into` returned.
    [[nodiscard]] Result<void> take(std::string_view bytes);
    /// Errors: `corrupt` if the archive does not end here.
    [[nodiscard]] Result<void> finish() const;
    /// The member that is being read; empty: none.
    [[nodiscard]] const std::string& at() const { return at_; }

private:
    [[nodiscard]] Result<void> take_block(std::string_view block);
    [[nodiscard]] Result<void> take_header(std::string_view header);
    [[nodiscard]] Result<void> begin_long_name(std::string_view header);
    [[nodiscard]] Result<void> take_content(std::string_view bytes);

    Into into_;
    std::string block_; // Of which only a part has come.
    std::string at_;
    std::string long_name_;  // Of the next member.
    bool naming_ = false;    // What is being read is that name.
    std::uint64_t left_ = 0; // Bytes of the member that is being read.
    int end_blocks_ = 0;
};

} // namespace lockstep
