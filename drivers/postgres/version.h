#pragma once

#include <string>
#include <string_view>

namespace lockstep::postgres {

/// F14: why a server of this version (150020) cannot be in sync; empty: it can. Older releases
/// acknowledge without waiting right after a restart.
[[nodiscard]] std::string unfit_version(int version);

/// "postgres (PostgreSQL) 15.18 (Debian …)": 150018. 0: it tells none.
[[nodiscard]] int version_in(std::string_view told);

} // namespace lockstep::postgres
