#include "cli/terminal.h"

#include <algorithm>
#include <cctype>
#include <iostream>

#include <sys/ioctl.h>
#include <unistd.h>

namespace lockstep::cli {
namespace {

constexpr std::size_t width_without_terminal = 100;

std::size_t width_of(int descriptor) {
    winsize size{};
    if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return width_without_terminal;
    }
    return size.ws_col;
}

/// POSIX: the first of these that is set and not empty decides.
bool speaks_utf8(const Variables& variables) {
    for (const auto* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        auto value = variables(name).value_or("");
        if (!value.empty()) {
            std::transform(value.begin(), value.end(), value.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
            return value.find("UTF-8") != std::string::npos ||
                   value.find("UTF8") != std::string::npos;
        }
    }
    return false;
}

Screen screen_of(std::ostream& stream, int descriptor, const Variables& variables) {
    const bool terminal = isatty(descriptor) == 1;
    // https://no-color.org: set to anything but nothing. A dumb terminal knows no escapes.
    const bool plain =
        !variables("NO_COLOR").value_or("").empty() || variables("TERM").value_or("dumb") == "dumb";
    return {stream, terminal, terminal && !plain, speaks_utf8(variables), width_of(descriptor)};
}

std::string_view escape_of(Ink ink) {
    switch (ink) {
    case Ink::plain: return "";
    case Ink::bold: return "\033[1m";
    case Ink::faint: return "\033[2m";
    case Ink::red: return "\033[31m";
    case Ink::green: return "\033[32m";
    case Ink::yellow: return "\033[33m";
    }
    return "";
}

} // namespace

Terminal standard_terminal(const Variables& variables) {
    return {screen_of(std::cout, STDOUT_FILENO, variables),
            screen_of(std::cerr, STDERR_FILENO, variables), std::cin, isatty(STDIN_FILENO) == 1};
}

std::string painted(const Screen& screen, Ink ink, std::string_view text) {
    if (!screen.colours || ink == Ink::plain || text.empty()) {
        return std::string(text);
    }
    return std::string(escape_of(ink)) + std::string(text) + "\033[0m";
}

std::string either(const Screen& screen, std::string_view unicode, std::string_view ascii) {
    return std::string(screen.unicode ? unicode : ascii);
}

} // namespace lockstep::cli
