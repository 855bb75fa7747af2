#pragma once

#include <string>

namespace lockstep::postgres {

/// F14: why a server of this version (150020) cannot be in sync; empty: it can. Older releases
/// acknowledge without waiting right after a restart.
[[nodiscard]] std::string unfit_version(int version);

} // namespace lockstep::postgres
