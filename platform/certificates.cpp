#include "platform/certificates.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>
#include <openssl/ec.h>

#include "platform/openssl.h"

namespace lockstep {

namespace {

constexpr int authority_days = 3650;
constexpr long day_seconds = 86400;
// Clocks of hosts differ: a certificate is good a little before it was made.
constexpr long clock_skew_seconds = 3600;
constexpr std::size_t longest_name = 64; // X.520's limit for a common name.

using NamesPtr = std::unique_ptr<GENERAL_NAMES, ReleaseWith<GENERAL_NAMES_free>>;
using GeneralNamePtr = std::unique_ptr<GENERAL_NAME, ReleaseWith<GENERAL_NAME_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, ReleaseWith<X509_EXTENSION_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, ReleaseWith<BN_free>>;

struct Authority {
    KeyPtr key;
    CertificatePtr certificate;
};

tl::unexpected<Error> failed(std::string_view doing) {
    return fail(Errc::refused, std::string(doing) + ": " + openssl_reason());
}

Result<KeyPtr> make_key() {
    KeyPtr key(EVP_EC_gen("P-256"));
    if (!key) {
        return failed("making a P-256 key");
    }
    return key;
}

template <class T, class Write> Result<std::string> to_pem(const T* object, Write write) {
    // Secure memory: what is written here may be a key.
    const BioPtr bio(BIO_new(BIO_s_secmem()));
    if (!bio || write(bio.get(), object) != 1) {
        return failed("writing PEM");
    }
    const char* data = nullptr;
    const long length = BIO_get_mem_data(bio.get(), &data);
    return std::string(data, static_cast<std::size_t>(length));
}

Result<std::string> key_to_pem(const EVP_PKEY* key) {
    return to_pem(key, [](BIO* bio, const EVP_PKEY* object) {
        return PEM_write_bio_PrivateKey(bio, object, nullptr, nullptr, 0, nullptr, nullptr);
    });
}

Result<std::string> certificate_to_pem(const X509* certificate) {
    return to_pem(certificate,
                  [](BIO* bio, const X509* object) { return PEM_write_bio_X509(bio, object); });
}

Result<void> check_name(const std::string& name) {
    const auto unprintable = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
    if (name.empty() || name.size() > longest_name || std::ranges::any_of(name, unprintable)) {
        return fail(Errc::refused, "a certificate's name has 1 to 64 printable characters, not \"" +
                                       name.substr(0, longest_name) + "\"");
    }
    return {};
}

bool is_dns_name(const std::string& name) {
    return std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_';
    });
}

Result<void> set_subject(X509_NAME* target, const std::string& name, std::string_view unit) {
    const auto add = [target](const char* field, std::string_view value) {
        return value.empty() ||
               X509_NAME_add_entry_by_txt(target, field, MBSTRING_UTF8,
                                          reinterpret_cast<const unsigned char*>(value.data()),
                                          static_cast<int>(value.size()), -1, 0) == 1;
    };
    if (!add("O", "Lockstep") || !add("OU", unit) || !add("CN", name)) {
        return failed("naming a certificate \"" + name + "\"");
    }
    return {};
}

Result<void> set_serial_and_life(X509* certificate, int days) {
    const NumberPtr serial(BN_new());
    // 127 random bits: positive, and within X.509's 20 bytes.
    if (!serial || BN_rand(serial.get(), 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) != 1 ||
        BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) == nullptr) {
        return failed("making a certificate's serial number");
    }
    if (X509_gmtime_adj(X509_getm_notBefore(certificate), -clock_skew_seconds) == nullptr ||
        X509_gmtime_adj(X509_getm_notAfter(certificate), day_seconds * days) == nullptr) {
        return failed("dating a certificate");
    }
    return {};
}

Result<void> add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const ExtensionPtr extension(X509V3_EXT_nconf_nid(nullptr, &context, nid, value));
    if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) {
        return failed(std::string("adding ") + OBJ_nid2sn(nid) + " to a certificate");
    }
    return {};
}

struct Extension {
    int nid;
    const char* value;
};

template <std::size_t count>
Result<void> add_extensions(X509* certificate, X509* issuer,
                            const std::array<Extension, count>& extensions) {
    for (const Extension& extension : extensions) {
        if (auto added = add_extension(certificate, issuer, extension.nid, extension.value);
            !added) {
            return added;
        }
    }
    return {};
}

// Names are built as objects, not as OpenSSL's "DNS:x,IP:y" text, in which a name could hide
// another one.
bool append(GENERAL_NAMES* names, int kind, const std::string& text) {
    GeneralNamePtr name(GENERAL_NAME_new());
    ASN1_STRING* value = kind == GEN_IPADD ? a2i_IPADDRESS(text.c_str()) : ASN1_IA5STRING_new();
    if (!name || value == nullptr) {
        return false;
    }
    GENERAL_NAME_set0_value(name.get(), kind, value); // The name owns it from here.
    if (kind == GEN_DNS &&
        ASN1_STRING_set(value, text.data(), static_cast<int>(text.size())) != 1) {
        return false;
    }
    if (sk_GENERAL_NAME_push(names, name.get()) <= 0) {
        return false;
    }
    (void)name.release(); // The list owns it from here.
    return true;
}

Result<void> add_alternative_names(X509* certificate, const Subject& subject) {
    const NamesPtr names(GENERAL_NAMES_new());
    std::vector<std::string> dns_names = subject.dns_names;
    if (is_dns_name(subject.name)) {
        dns_names.insert(dns_names.begin(), subject.name);
    }
    for (const std::string& name : dns_names) {
        if (name.empty() || !is_dns_name(name) || !append(names.get(), GEN_DNS, name)) {
            return fail(Errc::refused, "\"" + name + "\" is no DNS name for a certificate");
        }
    }
    for (const std::string& address : subject.ip_addresses) {
        if (!append(names.get(), GEN_IPADD, address)) {
            ERR_clear_error();
            return fail(Errc::refused, "\"" + address + "\" is no IP address for a certificate");
        }
    }
    if (sk_GENERAL_NAME_num(names.get()) > 0 &&
        X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) != 1) {
        return failed("adding subjectAltName to a certificate");
    }
    return {};
}

Result<CertificatePtr> begin_certificate(EVP_PKEY* key, int days) {
    CertificatePtr certificate(X509_new());
    if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
        X509_set_pubkey(certificate.get(), key) != 1) {
        return failed("making a certificate");
    }
    if (auto dated = set_serial_and_life(certificate.get(), days); !dated) {
        return tl::unexpected(dated.error());
    }
    return certificate;
}

Result<std::string> finish_certificate(X509* certificate, X509* issuer, EVP_PKEY* issuer_key) {
    if (X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) != 1 ||
        X509_sign(certificate, issuer_key, EVP_sha256()) == 0) {
        return failed("signing a certificate");
    }
    return certificate_to_pem(certificate);
}

Result<KeyPtr> parse_key(const std::string& pem) {
    const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    // The empty passphrase keeps OpenSSL from asking a terminal for one.
    std::string passphrase;
    KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, passphrase.data()));
    if (!key) {
        return fail(Errc::corrupt, "not a private key in PEM form: " + openssl_reason());
    }
    return key;
}

Result<Authority> open_authority(const KeyAndCertificate& pem) {
    auto certificate = parse_certificate(pem.certificate_pem);
    if (!certificate) {
        return within("the authority's certificate", certificate.error());
    }
    auto key = parse_key(pem.key_pem);
    if (!key) {
        return within("the authority's key", key.error());
    }
    if (X509_check_private_key(certificate->get(), key->get()) != 1) {
        ERR_clear_error();
        return fail(Errc::refused, "the authority's key does not belong to its certificate");
    }
    if (X509_check_ca(certificate->get()) != 1) {
        return fail(Errc::refused, "the authority's certificate is not that of an authority");
    }
    return Authority{std::move(*key), std::move(*certificate)};
}

Result<std::string> sign_key(const KeyAndCertificate& authority_pem, EVP_PKEY* key,
                             const Subject& subject, int days) {
    if (auto named = check_name(subject.name); !named) {
        return tl::unexpected(named.error());
    }
    const auto authority = open_authority(authority_pem);
    if (!authority) {
        return tl::unexpected(authority.error());
    }
    const auto certificate = begin_certificate(key, days);
    if (!certificate) {
        return tl::unexpected(certificate.error());
    }
    X509* const made = certificate->get();
    // Agents' certificates serve their databases too: as servers and as replication clients.
    const char* const usage =
        subject.use == CertificateUse::operator_ ? "clientAuth" : "serverAuth,clientAuth";
    const auto ready =
        set_subject(X509_get_subject_name(made), subject.name, to_string(subject.use))
            .and_then([&] {
                return add_extensions(
                    made, authority->certificate.get(),
                    std::array{Extension{NID_basic_constraints, "critical,CA:FALSE"},
                               Extension{NID_key_usage, "critical,digitalSignature"},
                               Extension{NID_ext_key_usage, usage},
                               Extension{NID_subject_key_identifier, "hash"},
                               Extension{NID_authority_key_identifier, "keyid:always"}});
            })
            .and_then([&] { return add_alternative_names(made, subject); });
    if (!ready) {
        return tl::unexpected(ready.error());
    }
    return finish_certificate(made, authority->certificate.get(), authority->key.get());
}

struct FreeExtensions {
    void operator()(STACK_OF(X509_EXTENSION) * list) const {
        sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    }
};
using ExtensionsPtr = std::unique_ptr<STACK_OF(X509_EXTENSION), FreeExtensions>;

Result<void> ask_for_address(X509_REQ* request, const std::string& address) {
    const NamesPtr names(GENERAL_NAMES_new());
    if (!append(names.get(), GEN_IPADD, address)) {
        ERR_clear_error();
        return fail(Errc::refused, "\"" + address + "\" is no IP address for a certificate");
    }
    STACK_OF(X509_EXTENSION)* list = nullptr;
    const int added = X509V3_add1_i2d(&list, NID_subject_alt_name, names.get(), 0, 0);
    const ExtensionsPtr owner(list);
    if (added != 1 || X509_REQ_add_extensions(request, list) != 1) {
        return failed("adding an address to a certificate request");
    }
    return {};
}

std::string address_text(const GENERAL_NAME& name) {
    const auto* const bytes = name.d.iPAddress;
    const int length = ASN1_STRING_length(bytes);
    std::array<char, INET6_ADDRSTRLEN> text{};
    if ((length != 4 && length != 16) ||
        ::inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(bytes), text.data(),
                    text.size()) == nullptr) {
        return {};
    }
    return text.data();
}

Result<RequestPtr> parse_request(const std::string& pem) {
    const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    RequestPtr request(PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
    if (!request) {
        return fail(Errc::corrupt, "not a certificate request in PEM form: " + openssl_reason());
    }
    return request;
}

bool is_p256(const EVP_PKEY* key) {
    std::array<char, 32> group{};
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
           EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1 &&
           std::string_view(group.data()) == SN_X9_62_prime256v1;
}

} // namespace

std::string_view to_string(CertificateUse use) {
    switch (use) {
    case CertificateUse::controller: return "controller";
    case CertificateUse::agent: return "agent";
    case CertificateUse::operator_: return "operator";
    }
    return "unknown";
}

Result<KeyAndCertificate> make_authority(const std::string& name) {
    if (auto named = check_name(name); !named) {
        return tl::unexpected(named.error());
    }
    const auto key = make_key();
    if (!key) {
        return tl::unexpected(key.error());
    }
    const auto certificate = begin_certificate(key->get(), authority_days);
    if (!certificate) {
        return tl::unexpected(certificate.error());
    }
    X509* const made = certificate->get();
    const auto ready = set_subject(X509_get_subject_name(made), name, {}).and_then([made] {
        return add_extensions(
            made, made,
            std::array{Extension{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                       Extension{NID_key_usage, "critical,keyCertSign,cRLSign"},
                       Extension{NID_subject_key_identifier, "hash"},
                       Extension{NID_authority_key_identifier, "keyid:always"}});
    });
    if (!ready) {
        return tl::unexpected(ready.error());
    }
    auto certificate_pem = finish_certificate(made, made, key->get());
    auto key_pem = key_to_pem(key->get());
    if (!certificate_pem || !key_pem) {
        return tl::unexpected(certificate_pem ? key_pem.error() : certificate_pem.error());
    }
    return KeyAndCertificate{std::move(*key_pem), std::move(*certificate_pem)};
}

Result<KeyAndCertificate> issue(const KeyAndCertificate& authority, const Subject& subject,
                                int days) {
    const auto key = make_key();
    if (!key) {
        return tl::unexpected(key.error());
    }
    auto certificate_pem = sign_key(authority, key->get(), subject, days);
    if (!certificate_pem) {
        return tl::unexpected(certificate_pem.error());
    }
    auto key_pem = key_to_pem(key->get());
    if (!key_pem) {
        return tl::unexpected(key_pem.error());
    }
    return KeyAndCertificate{std::move(*key_pem), std::move(*certificate_pem)};
}

Result<std::string> requested_address(const std::string& request_pem) {
    const auto request = parse_request(request_pem);
    if (!request) {
        return tl::unexpected(request.error());
    }
    const ExtensionsPtr extensions(X509_REQ_get_extensions(request->get()));
    const NamesPtr names(static_cast<GENERAL_NAMES*>(
        X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const auto* const name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type == GEN_IPADD) {
            return address_text(*name);
        }
    }
    ERR_clear_error();
    return std::string{};
}

Result<KeyAndRequest> make_request(const std::string& name, const std::string& address) {
    if (auto named = check_name(name); !named) {
        return tl::unexpected(named.error());
    }
    const auto key = make_key();
    if (!key) {
        return tl::unexpected(key.error());
    }
    const RequestPtr request(X509_REQ_new());
    if (!request || X509_REQ_set_pubkey(request.get(), key->get()) != 1) {
        return failed("making a certificate request");
    }
    if (auto set = set_subject(X509_REQ_get_subject_name(request.get()), name, {}); !set) {
        return tl::unexpected(set.error());
    }
    if (auto asked = address.empty() ? Result<void>{} : ask_for_address(request.get(), address);
        !asked) {
        return tl::unexpected(asked.error());
    }
    if (X509_REQ_sign(request.get(), key->get(), EVP_sha256()) == 0) {
        return failed("signing a certificate request");
    }
    auto request_pem = to_pem(request.get(), [](BIO* bio, const X509_REQ* object) {
        return PEM_write_bio_X509_REQ(bio, object);
    });
    auto key_pem = key_to_pem(key->get());
    if (!request_pem || !key_pem) {
        return tl::unexpected(request_pem ? key_pem.error() : request_pem.error());
    }
    return KeyAndRequest{std::move(*key_pem), std::move(*request_pem)};
}

Result<std::string> sign_request(const KeyAndCertificate& authority, const std::string& request_pem,
                                 const Subject& subject, int days) {
    const auto request = parse_request(request_pem);
    if (!request) {
        return tl::unexpected(request.error());
    }
    EVP_PKEY* const key = X509_REQ_get0_pubkey(request->get());
    if (key == nullptr || !is_p256(key)) {
        ERR_clear_error();
        return fail(Errc::refused, "the certificate request's key is not an ECDSA P-256 key");
    }
    if (X509_REQ_verify(request->get(), key) != 1) {
        ERR_clear_error();
        return fail(Errc::refused, "the certificate request is not signed by its own key");
    }
    return sign_key(authority, key, subject, days);
}

Result<std::string> fingerprint(const std::string& certificate_pem) {
    return parse_certificate(certificate_pem).map([](const CertificatePtr& certificate) {
        return fingerprint_of(*certificate);
    });
}

Result<std::string> key_fingerprint(const std::string& certificate_pem) {
    return parse_certificate(certificate_pem).map([](const CertificatePtr& certificate) {
        return key_fingerprint_of(*certificate);
    });
}

Result<std::string> subject_line(const std::string& certificate_pem) {
    return parse_certificate(certificate_pem)
        .and_then([](const CertificatePtr& certificate) -> Result<std::string> {
            const std::unique_ptr<char, decltype([](char* text) { OPENSSL_free(text); })> line(
                X509_NAME_oneline(X509_get_subject_name(certificate.get()), nullptr, 0));
            if (!line) {
                return failed("reading a certificate's subject");
            }
            return std::string(line.get());
        });
}

} // namespace lockstep
