#pragma once

#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "core/result.h"

/// OpenSSL's objects with owners, and its errors in words. For platform/ only.
namespace lockstep {

template <auto release> struct ReleaseWith {
    template <class T> void operator()(T* object) const { release(object); }
};
using BioPtr = std::unique_ptr<BIO, ReleaseWith<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, ReleaseWith<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, ReleaseWith<X509_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, ReleaseWith<X509_REQ_free>>;

/// What OpenSSL says went wrong last on this thread, in words; forgets it.
[[nodiscard]] std::string openssl_reason();

[[nodiscard]] Result<CertificatePtr> parse_certificate(const std::string& pem);
/// SHA-256 of the certificate (DER), hexadecimal, lower case.
[[nodiscard]] std::string fingerprint_of(const X509& certificate);
/// SHA-256 of its public key (DER SubjectPublicKeyInfo), hexadecimal, lower case.
[[nodiscard]] std::string key_fingerprint_of(const X509& certificate);
/// The first entry of that kind (NID_commonName …) of the subject; empty if there is none.
[[nodiscard]] std::string subject_entry(const X509& certificate, int nid);

} // namespace lockstep
