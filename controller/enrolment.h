#pragma once

#include <string>

#include "controller/store_thread.h"
#include "core/wire/messages.h"
#include "platform/certificates.h"

namespace lockstep {

/// Lets new hosts in: takes a join token, once, and signs the host's certificate.
class Enrolment {
public:
    Enrolment(StoreThread& store, KeyAndCertificate authority);

    /// Errors: `refused`: an invalid name or request, a token that is wrong, used or expired.
    /// Never tells the secret.
    [[nodiscard]] Awaitable<Result<wire::Enrolled>> enrol(wire::Enroll request);
    /// A new token's secret part, valid for `valid_for`; the store keeps its hash alone.
    struct Secret {
        std::string text;
        std::int64_t expires_unix_ms = 0;
    };
    [[nodiscard]] Awaitable<Result<Secret>> make_secret(MemberId member);

    /// SHA-256 of the authority's certificate: what a joining host pins.
    [[nodiscard]] const std::string& authority_fingerprint() const { return fingerprint_; }

private:
    StoreThread& store_;
    KeyAndCertificate authority_;
    std::string fingerprint_;
};

} // namespace lockstep
