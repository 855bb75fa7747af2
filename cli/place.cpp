#include "cli/place.h"

#include <charconv>
#include <limits>

namespace lockstep::cli {
namespace {

constexpr int hexadecimal = 16;
constexpr std::uint64_t half = std::numeric_limits<std::uint32_t>::max();
/// What the API takes (docs/api.md): no engine's log is as long.
constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();

/// The whole of `text`, and no more than `largest`.
bool read(std::string_view text, int base, std::uint64_t largest, std::uint64_t& out) {
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, out, base);
    return error == std::errc{} && stop == end && out <= largest;
}

} // namespace

Result<std::uint64_t> parse_place(const std::string& text) {
    const auto slash = text.find('/');
    if (slash == std::string::npos) {
        std::uint64_t count = 0;
        if (read(text, 10, most, count)) {
            return count;
        }
    } else {
        const std::string_view all = text;
        std::uint64_t high = 0;
        std::uint64_t low = 0;
        if (read(all.substr(0, slash), hexadecimal, half >> 1U, high) &&
            read(all.substr(slash + 1), hexadecimal, half, low)) {
            return high << 32U | low;
        }
    }
    return fail(Errc::refused, "\"" + text +
                                   "\" is no place in a log: give an LSN, such as 0/32DCC00, or a "
                                   "number");
}

} // namespace lockstep::cli
