#include "core/ids.h"

#include <algorithm>

namespace lockstep {
namespace {

constexpr std::size_t longest_name = 32;

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_name(std::string_view text, char extra) {
    const auto allowed = [extra](char c) { return is_lower(c) || is_digit(c) || c == extra; };
    return !text.empty() && text.size() <= longest_name && is_lower(text.front()) &&
           std::all_of(text.begin(), text.end(), allowed);
}

} // namespace

Result<MemberId> parse_member_id(std::string_view text) {
    if (is_name(text, '_')) {
        return std::string(text);
    }
    return fail(Errc::refused, "member name \"" + std::string(text) +
                                   "\": allowed are lower case letters, digits and _, beginning "
                                   "with a letter, at most 32 characters");
}

Result<PairName> parse_pair_name(std::string_view text) {
    if (is_name(text, '-') && text.back() != '-' && !text.ends_with("-ro")) {
        return std::string(text);
    }
    return fail(Errc::refused, "pair name \"" + std::string(text) +
                                   "\": allowed are lower case letters, digits and -, beginning "
                                   "with a letter, not ending in - or -ro, at most 32 characters");
}

} // namespace lockstep
