#pragma once

#include <string>
#include <string_view>

#include "agent/config.h"
#include "core/wire/messages.h"
#include "platform/asio.h"
#include "platform/deadline.h"

namespace lockstep {

/// What a join token says (DECISIONS.md 5).
struct JoinToken {
    MemberId member;
    std::string secret;
    std::string ca; // SHA-256 of the CA's certificate.
    HostPort controller;
};

/// Errors: `refused`, saying what is wrong; never showing the token.
[[nodiscard]] Result<JoinToken> parse_token(std::string_view text);

/// Makes a key, has it signed, and leaves the identity in the state folder: all of it or nothing.
/// Errors: `refused` (joined already, token for another member, wrong, used or expired),
/// `unreachable`, `timeout`.
[[nodiscard]] Awaitable<Result<void>> join(AgentConfig config, JoinToken token, Deadline deadline);

} // namespace lockstep
