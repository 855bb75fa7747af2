#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/policy.h"
#include "core/wire/messages.h"
#include "platform/tls_stream.h"

namespace lockstep {

/// The stream that a member has already.
struct HeldStream {
    std::string instance;
    std::string machine_id;
    std::string host;
    Milliseconds silent{0};            // Since anything came over it.
    std::vector<std::string> replaced; // Instances whose stream gave way to a later start's.
};

/// What the record says of a member, if it is in a pair.
struct RecordedMember {
    PairName pair;
    Revision revision{};
    std::string key;
    std::string engine; // Of its pair.
    Profile profile = Profile::lan;
};

/// Whether the certificate fits the greeting. Errors: `refused`, with what to do.
[[nodiscard]] Result<void> check_greeting(const PeerIdentity& peer, const wire::Hello& hello);

/// R11: the key is part of a member's identity. Errors: `refused`.
[[nodiscard]] Result<void> check_key(const PeerIdentity& peer,
                                     const std::optional<RecordedMember>& recorded);

/// A member's data is of one engine. Errors: `refused`.
[[nodiscard]] Result<void> check_engine(const wire::Hello& hello,
                                        const std::optional<RecordedMember>& recorded);

/// R11: one stream per identity. A stream from the same machine replaces the one before at once
/// (its agent was restarted), a stale one is replaced too. Refused is a second, living holder of
/// the same identity: on another machine, or on this one when a start that was replaced already
/// comes back, which only one that still runs can do. Errors: `refused`.
[[nodiscard]] Result<void> check_second(const wire::Hello& hello,
                                        const std::optional<HeldStream>& held,
                                        Milliseconds dead_after);

} // namespace lockstep
