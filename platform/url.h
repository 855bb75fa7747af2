#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/result.h"

namespace lockstep {

/// What an HTTP request asks for: "/v1/pairs/my%20shop?dry_run=true", decoded.
struct Target {
    std::string path;
    std::map<std::string, std::string> query; // A key that comes twice has its last value.
};

/// Errors: `corrupt` unless it begins with '/' and every '%' is followed by two hex digits.
[[nodiscard]] Result<Target> parse_target(std::string_view text);
/// The opposite: everything is encoded but RFC 3986's unreserved characters, and '/' in the path.
[[nodiscard]] std::string format_target(const Target& target);

} // namespace lockstep
