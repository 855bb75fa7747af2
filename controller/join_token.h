#pragma once

#include <string>

#include "core/ids.h"

namespace lockstep {

/// The token as an operator carries it to a new host, and pastes it into a shell: base64url of a
/// JSON object.
[[nodiscard]] std::string join_token(const MemberId& member, const std::string& secret,
                                     const std::string& authority_fingerprint,
                                     const std::string& controller);

} // namespace lockstep
