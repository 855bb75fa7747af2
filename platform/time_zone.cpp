#include "platform/time_zone.h"

#include <algorithm>
#include <filesystem>

#include "platform/files.h"

namespace lockstep {
namespace {

constexpr std::size_t largest_bytes = 1U << 20U;

bool is_a_name(const std::string& name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '+' || c == '/';
    };
    return !name.empty() && name.front() != '/' && std::ranges::all_of(name, allowed);
}

} // namespace

Result<TimeZone> load_time_zone(const std::string& name) {
    if (name == "UTC") {
        return utc_zone();
    }
    const std::filesystem::path database = "/usr/share/zoneinfo";
    auto bytes = is_a_name(name) ? read_file(database / name, largest_bytes)
                                 : Result<std::string>(fail(Errc::refused, "not a name"));
    if (!bytes) {
        return fail(
            Errc::refused,
            "there is no time zone \"" + name + "\" in " + database.string() +
                " (write it like Europe/Berlin; the package is tzdata): " + bytes.error().message);
    }
    return parse_time_zone(name, *bytes);
}

} // namespace lockstep
