#include "drivers/postgres/version.h"

#include <charconv>
#include <utility>

#include <spdlog/fmt/fmt.h>

namespace lockstep::postgres {

std::string unfit_version(int version) {
    static constexpr std::pair<int, int> first_good[] = {
        {13, 130021}, {14, 140018}, {15, 150013}, {16, 160009}, {17, 170005}};
    const int major = version / 10000;
    if (major < 13) {
        return fmt::format("PostgreSQL {} is too old: 13.21 or later is wanted", major);
    }
    for (const auto& [of_major, good] : first_good) {
        if (of_major == major && version < good) {
            return fmt::format("PostgreSQL {}.{} does not wait for its standby right after a "
                               "restart: update to {}.{} or later",
                               major, version % 10000, major, good % 10000);
        }
    }
    return {};
}

int version_in(std::string_view told) {
    constexpr std::string_view mark = "(PostgreSQL) ";
    const auto at = told.find(mark);
    if (at == std::string_view::npos) {
        return 0;
    }
    const auto* const end = told.data() + told.size();
    int major = 0;
    int minor = 0;
    const auto [stop, error] = std::from_chars(told.data() + at + mark.size(), end, major);
    if (error != std::errc{}) {
        return 0;
    }
    if (stop != end && *stop == '.') { // Not in "18beta1".
        std::from_chars(stop + 1, end, minor);
    }
    return major * 10000 + minor;
}

} // namespace lockstep::postgres
