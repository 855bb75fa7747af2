#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/result.h"

/// The one certificate authority of an installation (DECISIONS.md 5): it signs controllers,
/// agents (also as database servers and replication clients) and operators. Keys are ECDSA P-256.
namespace lockstep {

struct KeyAndCertificate {
    std::string key_pem;
    std::string certificate_pem;
};

/// Who a certificate is for: the kind goes into OU, so that no agent passes for an operator.
enum class CertificateUse { controller, agent, operator_ };
[[nodiscard]] std::string_view to_string(CertificateUse use); // "controller" "agent" "operator"

struct Subject {
    std::string name; // CN
    CertificateUse use = CertificateUse::agent;
    std::vector<std::string> dns_names;    // subjectAltName, besides CN
    std::vector<std::string> ip_addresses; // subjectAltName
};

/// A new authority; valid for 10 years.
[[nodiscard]] Result<KeyAndCertificate> make_authority(const std::string& name);
/// A key and a certificate signed by the authority; valid for `days`.
[[nodiscard]] Result<KeyAndCertificate> issue(const KeyAndCertificate& authority,
                                              const Subject& subject, int days = 825);
/// A key, and a request for a certificate for it.
struct KeyAndRequest {
    std::string key_pem;
    std::string request_pem;
};
/// `address`: an IP address that the certificate should hold besides the name; empty: none.
[[nodiscard]] Result<KeyAndRequest> make_request(const std::string& name,
                                                 const std::string& address = {});
/// The IP address for which a request asks; empty: none. Errors: `corrupt`.
[[nodiscard]] Result<std::string> requested_address(const std::string& request_pem);
/// Signs a request after checking its signature; subject and names come from `subject`, not from
/// the request.
[[nodiscard]] Result<std::string> sign_request(const KeyAndCertificate& authority,
                                               const std::string& request_pem,
                                               const Subject& subject, int days = 825);
/// SHA-256 of the certificate (DER), hexadecimal, lower case.
[[nodiscard]] Result<std::string> fingerprint(const std::string& certificate_pem);
/// SHA-256 of the certificate's public key (DER SubjectPublicKeyInfo), hexadecimal.
[[nodiscard]] Result<std::string> key_fingerprint(const std::string& certificate_pem);
/// The subject in one line, as MySQL and MariaDB compare it: `/O=Lockstep/OU=agent/CN=a`.
[[nodiscard]] Result<std::string> subject_line(const std::string& certificate_pem);
/// SHA-256 of any text, hexadecimal.
[[nodiscard]] std::string sha256_hex(std::string_view text);

} // namespace lockstep
