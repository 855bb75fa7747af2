#pragma once

#include <string>
#include <string_view>

#include "core/ids.h"

namespace lockstep {

/// RFC 4648, 5, without padding: an operator pastes it into a shell.
[[nodiscard]] std::string base64url(std::string_view bytes);

/// The token as an operator carries it to a new host: base64url of a JSON object.
[[nodiscard]] std::string join_token(const MemberId& member, const std::string& secret,
                                     const std::string& authority_fingerprint,
                                     const std::string& controller);

} // namespace lockstep
