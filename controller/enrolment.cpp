#include "controller/enrolment.h"

#include "platform/clock.h"

namespace lockstep {
namespace {

constexpr std::size_t secret_bytes = 32;
constexpr std::int64_t valid_for_ms = 3600 * 1000;

} // namespace

Enrolment::Enrolment(StoreThread& store, KeyAndCertificate authority)
    : store_(store), authority_(std::move(authority)),
      fingerprint_(fingerprint(authority_.certificate_pem).value_or("")) {}

Awaitable<Result<wire::Enrolled>> Enrolment::enrol(wire::Enroll request) {
    const auto member = parse_member_id(request.member);
    if (!member) {
        co_return tl::unexpected(member.error());
    }
    Subject subject;
    subject.name = *member;
    subject.use = CertificateUse::agent;
    subject.dns_names.push_back(*member);
    // The databases of some engines know each other by address.
    const auto address = requested_address(request.csr_pem);
    if (!address) {
        co_return within("certificate request of " + *member, address.error());
    }
    if (!address->empty()) {
        subject.ip_addresses.push_back(*address);
    }
    // Signed before the token is taken, so that a request that cannot be signed costs no token.
    auto certificate = sign_request(authority_, request.csr_pem, subject);
    if (!certificate) {
        co_return within("certificate request of " + *member, certificate.error());
    }
    auto take = [member = *member, hash = sha256_hex(request.secret),
                 now = unix_ms()](StateStore& store) { return store.use_token(member, hash, now); };
    const auto taken = co_await store_.call(take);
    if (!taken) {
        co_return tl::unexpected(taken.error());
    }
    co_return wire::Enrolled{*certificate, authority_.certificate_pem, store_.store_id()};
}

Awaitable<Result<Enrolment::Secret>> Enrolment::make_secret(MemberId member) {
    Secret secret;
    secret.text = random_hex(secret_bytes);
    secret.expires_unix_ms = unix_ms() + valid_for_ms;
    StoredToken token;
    token.member = std::move(member);
    token.secret_sha256 = sha256_hex(secret.text);
    token.expires_unix_ms = secret.expires_unix_ms;
    auto put = [token](StateStore& store) { return store.put_token(token); };
    const auto done = co_await store_.call(put);
    if (!done) {
        co_return tl::unexpected(done.error());
    }
    co_return secret;
}

} // namespace lockstep
