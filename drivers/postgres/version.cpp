#include "drivers/postgres/version.h"

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

} // namespace lockstep::postgres
