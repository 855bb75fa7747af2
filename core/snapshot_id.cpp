#include "core/snapshot_id.h"

#include <array>
#include <cstdio>
#include <regex>

#include <ctime>

namespace lockstep {

std::string snapshot_id(const PairName& pair, std::int64_t unix_ms, std::string_view random) {
    const std::time_t seconds = unix_ms / 1000;
    std::tm utc{};
    std::array<char, 32> text{};
    if (gmtime_r(&seconds, &utc) == nullptr ||
        std::strftime(text.data(), text.size(), "%Y%m%dt%H%M%Sz", &utc) == 0) {
        return pair + "-" + std::to_string(unix_ms) + "-" + std::string(random);
    }
    return pair + "-" + text.data() + "-" + std::string(random);
}

Result<PairName> pair_of_snapshot(std::string_view id) {
    static const std::regex form(R"(([a-z][a-z0-9-]*)-\d{8}t\d{6}z-[0-9a-f]+)");
    std::match_results<std::string_view::const_iterator> found;
    if (!std::regex_match(id.begin(), id.end(), found, form)) {
        return fail(Errc::refused, "\"" + std::string(id) + "\" is no snapshot's id");
    }
    return parse_pair_name(found[1].str());
}

Result<std::string> parse_snapshot_name(std::string_view text) {
    static const std::regex form("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
    if (std::regex_match(text.begin(), text.end(), form)) {
        return std::string(text);
    }
    return fail(Errc::refused, "snapshot name \"" + std::string(text) +
                                   "\": allowed are letters, digits and . _ -, beginning with a "
                                   "letter or a digit, at most 63 characters");
}

} // namespace lockstep
