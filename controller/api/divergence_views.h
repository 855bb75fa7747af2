#pragma once

#include <string>

#include "controller/operations.h"

/// How the API shows what agents keep (docs/api.md).
namespace lockstep {

/// {"divergences": […], "sources": […]}
[[nodiscard]] std::string view_of(const DivergencesStatus& status);
/// One, with its first transactions. Errors: `unreachable`, naming the id.
[[nodiscard]] Result<std::string> view_of_divergence(const DivergencesStatus& status,
                                                     const std::string& id);

} // namespace lockstep
