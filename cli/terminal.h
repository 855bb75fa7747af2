#pragma once

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep::cli {

using Variables = std::function<std::optional<std::string>(const std::string&)>;

/// One of the streams that people read, and what it can show.
struct Screen {
    std::ostream& stream;
    bool is_terminal = false;
    bool colours = false;
    bool unicode = false;
    std::size_t width = 100;
};

struct Terminal {
    Screen out;
    Screen err;
    std::istream& in;
    bool in_is_terminal = false;
};

/// Standard input, output and error: colours only on a terminal and without NO_COLOR, the width
/// from TIOCGWINSZ, characters beyond ASCII where the locale says UTF-8.
[[nodiscard]] Terminal standard_terminal(const Variables& variables);

enum class Ink { plain, bold, faint, red, green, yellow };

/// The text with the screen's escape sequences around it, if it has colours.
[[nodiscard]] std::string painted(const Screen& screen, Ink ink, std::string_view text);

/// The one of two spellings that the screen can show.
[[nodiscard]] std::string either(const Screen& screen, std::string_view unicode,
                                 std::string_view ascii);

} // namespace lockstep::cli
