#include "platform/certificates.h"

#include <gtest/gtest.h>

#include "platform/openssl.h"

namespace lockstep {
namespace {

const KeyAndCertificate& authority() {
    static const KeyAndCertificate made = make_authority("lockstep test").value();
    return made;
}

std::string printed(const std::string& certificate_pem) {
    const auto certificate = parse_certificate(certificate_pem).value();
    const BioPtr bio(BIO_new(BIO_s_mem()));
    X509_print(bio.get(), certificate.get());
    const char* data = nullptr;
    const long length = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(length)};
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::string issued_text(CertificateUse use) {
    const Subject subject{"db1", use, {"db1.example.test"}, {"10.0.0.7", "fd00::7"}};
    return printed(issue(authority(), subject).value().certificate_pem);
}

TEST(Authority, MaySignCertificatesAndNothingElse) {
    const std::string text = printed(authority().certificate_pem);
    EXPECT_TRUE(has(text, "CA:TRUE, pathlen:0")) << text;
    EXPECT_TRUE(has(text, "Certificate Sign, CRL Sign")) << text;
    EXPECT_TRUE(has(text, "NIST CURVE: P-256")) << text;
    EXPECT_TRUE(has(text, "ecdsa-with-SHA256")) << text;
}

TEST(Certificate, OfAnAgentServesItsDatabaseAsServerAndAsClient) {
    const std::string text = issued_text(CertificateUse::agent);
    EXPECT_TRUE(has(text, "TLS Web Server Authentication, TLS Web Client Authentication")) << text;
    EXPECT_TRUE(has(text, "CA:FALSE")) << text;
    EXPECT_TRUE(has(text, "Subject Key Identifier")) << text;
    EXPECT_TRUE(has(text, "Authority Key Identifier")) << text;
}

TEST(Certificate, OfAnOperatorIsNoServer) {
    const std::string text = issued_text(CertificateUse::operator_);
    EXPECT_TRUE(has(text, "TLS Web Client Authentication")) << text;
    EXPECT_FALSE(has(text, "TLS Web Server Authentication")) << text;
}

TEST(Certificate, NamesItsHolderAndItsAddresses) {
    const std::string text = issued_text(CertificateUse::agent);
    EXPECT_TRUE(has(text, "DNS:db1, DNS:db1.example.test, IP Address:10.0.0.7, "
                          "IP Address:FD00:0:0:0:0:0:0:7"))
        << text;
}

TEST(Certificate, SaysInItsUnitWhatItIsFor) {
    for (const auto use :
         {CertificateUse::controller, CertificateUse::agent, CertificateUse::operator_}) {
        const auto pem = issue(authority(), Subject{"db1", use, {}, {}}).value();
        const auto certificate = parse_certificate(pem.certificate_pem).value();
        EXPECT_EQ(subject_entry(*certificate, NID_commonName), "db1");
        EXPECT_EQ(subject_entry(*certificate, NID_organizationalUnitName), to_string(use));
    }
}

TEST(Certificate, IsGoodForAClockThatIsBehind) {
    const auto pem = issue(authority(), Subject{"db1", CertificateUse::agent, {}, {}}).value();
    const auto certificate = parse_certificate(pem.certificate_pem).value();
    std::time_t half_an_hour_ago = std::time(nullptr) - 1800;
    EXPECT_LT(X509_cmp_time(X509_get0_notBefore(certificate.get()), &half_an_hour_ago), 0);
}

TEST(Certificate, HasASerialNumberOfItsOwn) {
    const Subject subject{"db1", CertificateUse::agent, {}, {}};
    const auto one = issue(authority(), subject).value();
    const auto other = issue(authority(), subject).value();
    EXPECT_NE(fingerprint(one.certificate_pem).value(), fingerprint(other.certificate_pem).value());
    EXPECT_NE(key_fingerprint(one.certificate_pem).value(),
              key_fingerprint(other.certificate_pem).value());
}

TEST(Certificate, HidesNoSecondNameInAName) {
    const Subject smuggler{"db1", CertificateUse::agent, {"x,DNS:controller"}, {}};
    const auto refused = issue(authority(), smuggler);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_TRUE(has(refused.error().message, "x,DNS:controller")) << refused.error().message;
}

TEST(Certificate, RefusesAnAddressThatIsNone) {
    const auto refused =
        issue(authority(), Subject{"db1", CertificateUse::agent, {}, {"db1.example.test"}});
    ASSERT_FALSE(refused);
    EXPECT_TRUE(has(refused.error().message, "no IP address")) << refused.error().message;
}

TEST(Certificate, RefusesANameThatIsEmptyOrTooLong) {
    EXPECT_FALSE(issue(authority(), Subject{"", CertificateUse::agent, {}, {}}));
    EXPECT_FALSE(issue(authority(), Subject{std::string(65, 'x'), CertificateUse::agent, {}, {}}));
    EXPECT_FALSE(issue(authority(), Subject{"a\nb", CertificateUse::agent, {}, {}}));
    EXPECT_FALSE(make_request(""));
    EXPECT_FALSE(make_authority(""));
}

TEST(Certificate, IsSignedByAnAuthorityOnly) {
    const Subject subject{"db1", CertificateUse::agent, {}, {}};
    const auto agent = issue(authority(), subject).value();
    const auto refused = issue(agent, subject);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(has(refused.error().message, "not that of an authority"))
        << refused.error().message;
}

TEST(Certificate, RefusesAnAuthorityWhoseKeyIsAnothersAndShowsNoKey) {
    const auto other = make_authority("other").value();
    const KeyAndCertificate mixed{other.key_pem, authority().certificate_pem};
    const auto refused = issue(mixed, Subject{"db1", CertificateUse::agent, {}, {}});
    ASSERT_FALSE(refused);
    EXPECT_TRUE(has(refused.error().message, "does not belong")) << refused.error().message;
    const KeyAndCertificate broken{"secret words", authority().certificate_pem};
    const auto corrupt = issue(broken, Subject{"db1", CertificateUse::agent, {}, {}});
    ASSERT_FALSE(corrupt);
    EXPECT_EQ(corrupt.error().code, Errc::corrupt);
    EXPECT_FALSE(has(corrupt.error().message, "secret words")) << corrupt.error().message;
}

TEST(Request, IsSignedWithTheNamesThatTheControllerChose) {
    const auto request = make_request("wants to be controller").value();
    const Subject subject{"a", CertificateUse::agent, {}, {"10.0.0.8"}};
    const auto pem = sign_request(authority(), request.request_pem, subject).value();
    const std::string text = printed(pem);
    EXPECT_FALSE(has(text, "wants to be")) << text;
    const auto certificate = parse_certificate(pem).value();
    EXPECT_EQ(subject_entry(*certificate, NID_commonName), "a");
    EXPECT_EQ(subject_entry(*certificate, NID_organizationalUnitName), "agent");
    const BioPtr bio(BIO_new_mem_buf(request.key_pem.data(), -1));
    const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    EXPECT_EQ(X509_check_private_key(certificate.get(), key.get()), 1);
}

TEST(Request, MayAskForAnAddress) {
    const auto none = make_request("a").value();
    EXPECT_EQ(requested_address(none.request_pem).value(), "");
    for (const std::string address : {"10.0.0.8", "2001:db8::8"}) {
        const auto request = make_request("a", address).value();
        EXPECT_EQ(requested_address(request.request_pem).value(), address);
    }
    EXPECT_FALSE(make_request("a", "db-a"));
    EXPECT_FALSE(requested_address("no request"));
}

TEST(Request, IsRefusedWhenItWasTamperedWith) {
    const auto request = make_request("a").value();
    const BioPtr in(BIO_new_mem_buf(request.request_pem.data(), -1));
    const RequestPtr tampered(PEM_read_bio_X509_REQ(in.get(), nullptr, nullptr, nullptr));
    const KeyPtr other(EVP_EC_gen("P-256"));
    X509_REQ_set_pubkey(tampered.get(), other.get());
    const BioPtr out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509_REQ(out.get(), tampered.get());
    const char* data = nullptr;
    const long length = BIO_get_mem_data(out.get(), &data);
    const std::string pem(data, static_cast<std::size_t>(length));
    const auto refused =
        sign_request(authority(), pem, Subject{"a", CertificateUse::agent, {}, {}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_TRUE(has(refused.error().message, "not signed by its own key"));
}

TEST(Request, IsCorruptWhenItIsSomethingElse) {
    const auto corrupt = sign_request(authority(), authority().certificate_pem,
                                      Subject{"a", CertificateUse::agent, {}, {}});
    ASSERT_FALSE(corrupt);
    EXPECT_EQ(corrupt.error().code, Errc::corrupt);
}

TEST(Fingerprint, IsSha256InLowerCase) {
    EXPECT_EQ(sha256_hex("abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(fingerprint(authority().certificate_pem).value().size(), 64U);
    EXPECT_EQ(fingerprint("no certificate").error().code, Errc::corrupt);
    EXPECT_EQ(key_fingerprint("").error().code, Errc::corrupt);
}

} // namespace
} // namespace lockstep
