#pragma once

#include <optional>
#include <string_view>

#include "drivers/driver.h"

namespace lockstep::postgres {

/// A line of pg_basebackup's progress meter: "  1234/5678 kB (21%), 0/1 tablespace".
[[nodiscard]] std::optional<Progress> parse_progress(std::string_view line);

} // namespace lockstep::postgres
