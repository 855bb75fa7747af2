#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace lockstep {

/// RFC 4648's alphabet for URLs and file names, without padding.
[[nodiscard]] std::string to_base64url(std::string_view bytes);
/// Errors: `corrupt` unless `text` is exactly what to_base64url yields. The message doesn't hold
/// it.
[[nodiscard]] Result<std::string> from_base64url(std::string_view text);

} // namespace lockstep
