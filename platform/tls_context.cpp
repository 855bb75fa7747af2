#include "platform/tls_context.h"

#include <openssl/ssl.h>

#include "platform/files.h"
#include "platform/openssl.h"

namespace lockstep {

namespace {

constexpr std::size_t largest_pem_bytes = 1U << 20U;

using StackPtr = std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * stack) {
                                     sk_X509_free(stack); // The certificates stay their owners'.
                                 })>;

Result<std::string> read_pem(const std::filesystem::path& path) {
    return read_file(path, largest_pem_bytes);
}

Result<void> trust(TlsContext& context, const TlsFiles& files) {
    const auto ca_pem = read_pem(files.ca);
    if (!ca_pem) {
        return within("certificate authority", ca_pem.error());
    }
    error_code failure;
    context.ssl.add_certificate_authority(asio::buffer(*ca_pem), failure);
    if (failure) {
        return fail(Errc::refused, files.ca.string() + ": no certificate authority in PEM form: " +
                                       failure.message());
    }
    return {};
}

Result<void> show(TlsContext& context, const TlsFiles& files, const std::string& chain_end_pem) {
    const auto certificate_pem = read_pem(files.certificate);
    if (!certificate_pem) {
        return within("certificate", certificate_pem.error());
    }
    const auto key_pem = read_pem(files.key);
    if (!key_pem) {
        return within("key", key_pem.error());
    }
    error_code failure;
    const std::string chain_pem = *certificate_pem + "\n" + chain_end_pem;
    context.ssl.use_certificate_chain(asio::buffer(chain_pem), failure);
    if (failure) {
        return fail(Errc::refused, files.certificate.string() +
                                       ": no certificate in PEM form: " + failure.message());
    }
    context.ssl.use_private_key(asio::buffer(*key_pem), asio::ssl::context::pem, failure);
    if (failure) {
        return fail(Errc::refused, files.key.string() + ": no key in PEM form that belongs to " +
                                       files.certificate.string() + ": " + failure.message());
    }
    return {};
}

// Stands in for OpenSSL's own start of the check: the authority that the join token names becomes
// the only trusted one, and the chain is then checked in full.
int verify_by_fingerprint(X509_STORE_CTX* check, void* argument) {
    const auto& context = *static_cast<const TlsContext*>(argument);
    const StackPtr trusted(sk_X509_new_null());
    STACK_OF(X509)* shown = X509_STORE_CTX_get0_untrusted(check);
    for (int i = 0; i < sk_X509_num(shown); ++i) {
        X509* const certificate = sk_X509_value(shown, i);
        if (fingerprint_of(*certificate) == context.expected_ca_fingerprint) {
            sk_X509_push(trusted.get(), certificate);
        }
    }
    if (sk_X509_num(trusted.get()) <= 0) {
        X509_STORE_CTX_set_error(check, X509_V_ERR_APPLICATION_VERIFICATION);
        return 0;
    }
    X509_STORE_CTX_set0_trusted_stack(check, trusted.get());
    return X509_verify_cert(check);
}

std::shared_ptr<TlsContext> begin_context(asio::ssl::context::method method) {
    auto context = std::make_shared<TlsContext>(method);
    SSL_CTX* const native = context->ssl.native_handle();
    SSL_CTX_set_min_proto_version(native, TLS1_3_VERSION);
    // No resumption: every connection proves its certificate anew.
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(native, 0);
    return context;
}

} // namespace

Result<std::shared_ptr<TlsContext>> server_context(const TlsFiles& files,
                                                   ClientCertificate certificate) {
    auto context = begin_context(asio::ssl::context::tls_server);
    const auto ca_pem = read_pem(files.ca);
    if (!ca_pem) {
        return within("certificate authority", ca_pem.error());
    }
    const auto ready =
        trust(*context, files).and_then([&] { return show(*context, files, *ca_pem); });
    if (!ready) {
        return tl::unexpected(ready.error());
    }
    const int mode = certificate == ClientCertificate::demanded
                         ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                         : SSL_VERIFY_PEER;
    SSL_CTX_set_verify(context->ssl.native_handle(), mode, nullptr);
    return context;
}

Result<std::shared_ptr<TlsContext>> client_context(const TlsFiles& files,
                                                   const std::string& expected_ca_fingerprint) {
    auto context = begin_context(asio::ssl::context::tls_client);
    SSL_CTX* const native = context->ssl.native_handle();
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
    context->expected_ca_fingerprint = expected_ca_fingerprint;
    if (!expected_ca_fingerprint.empty()) {
        SSL_CTX_set_cert_verify_callback(native, verify_by_fingerprint, context.get());
    } else if (auto trusted = trust(*context, files); !trusted) {
        return tl::unexpected(trusted.error());
    }
    if (files.certificate.empty()) {
        return context;
    }
    if (auto shown = show(*context, files, {}); !shown) {
        return tl::unexpected(shown.error());
    }
    return context;
}

std::optional<PeerIdentity> peer_identity(const SSL* ssl) {
    const CertificatePtr certificate(SSL_get1_peer_certificate(ssl));
    if (!certificate) {
        return std::nullopt;
    }
    return PeerIdentity{subject_entry(*certificate, NID_commonName),
                        subject_entry(*certificate, NID_organizationalUnitName),
                        key_fingerprint_of(*certificate)};
}

std::string handshake_reason(const SSL* ssl, const error_code& failure) {
    const long verdict = SSL_get_verify_result(ssl);
    if (verdict == X509_V_ERR_APPLICATION_VERIFICATION) {
        return "its certificate authority is not the one of the join token: the fingerprints "
               "differ";
    }
    if (verdict != X509_V_OK) {
        return std::string("its certificate is not accepted: ") +
               X509_verify_cert_error_string(verdict);
    }
    if (const std::string alert = received_alert(failure); !alert.empty()) {
        return "it refused the handshake: " + alert;
    }
    return failure.message();
}

std::string received_alert(const error_code& failure) {
    if (failure.category() != asio::error::get_ssl_category()) {
        return {};
    }
    const auto code = static_cast<unsigned long>(static_cast<unsigned int>(failure.value()));
    if (ERR_GET_REASON(code) < SSL_AD_REASON_OFFSET) {
        return {};
    }
    const char* words = ERR_reason_error_string(code); // "tlsv1 alert unknown ca"
    std::string text = words != nullptr ? words : failure.message();
    constexpr std::string_view before = "alert ";
    const auto at = text.find(before);
    return at == std::string::npos ? text : text.substr(at + before.size());
}

} // namespace lockstep
