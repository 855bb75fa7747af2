#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::cli {

/// How many columns UTF-8 text without escape sequences takes, at one a character.
[[nodiscard]] std::size_t shown_width(std::string_view text);

/// Text from outside, made harmless to show: control characters become spaces, so that nothing
/// that an agent reports moves the cursor or paints.
[[nodiscard]] std::string harmless(std::string_view text);

/// The text in lines of at most `width` columns, broken between words; a longer word is broken
/// inside. At least one line.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t width);

/// The same as one text: the first line begins with `first`, the others with as many spaces.
[[nodiscard]] std::string paragraph(std::string_view first, std::string_view text,
                                    std::size_t width);

/// Filled up with spaces to `width` columns.
[[nodiscard]] std::string padded(std::string_view text, std::size_t width);

} // namespace lockstep::cli
