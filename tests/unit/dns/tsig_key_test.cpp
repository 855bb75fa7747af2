#include "dns/rfc2136/tsig_key.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace lockstep::dns {
namespace {

const std::string secret = "c2VjcmV0//0123456789abcdefghijklmnopqrstuvw=";

void expect_key(const std::string& text, const std::string& algorithm = "hmac-sha256") {
    const auto key = parse_tsig_key(text);
    ASSERT_TRUE(key) << text << key.error().message;
    EXPECT_EQ(key->name(), "lockstep.example") << text;
    EXPECT_EQ(key->algorithm(), algorithm) << text;
    EXPECT_EQ(key->secret(), secret) << text;
}

TEST(TsigKey, IsReadAsBindsToolPrintsIt) {
    expect_key("key \"lockstep.example\" {\n\talgorithm hmac-sha256;\n\tsecret \"" + secret +
               "\";\n};\n");
    expect_key("# made by hand\n// for the controller\nkey lockstep.example. { /* the new one */ "
               "secret \"" +
                   secret + "\"; algorithm HMAC-SHA512; };",
               "hmac-sha512");
}

TEST(TsigKey, IsReadAsKnotsToolPrintsIt) {
    expect_key("# hmac-sha512:lockstep.example:" + secret +
                   "\nkey:\n  - id: lockstep.example\n    algorithm: hmac-sha512\n    secret: " +
                   secret + "\n",
               "hmac-sha512");
}

TEST(TsigKey, IsReadFromOneLine) {
    expect_key("hmac-sha256 lockstep.example " + secret + "\n");
    expect_key("hmac-sha512:lockstep.example:" + secret, "hmac-sha512");
    expect_key("hmac-sha256 lockstep.example. \"" + secret + "\"");
}

TEST(TsigKey, IsRefusedWithoutSayingWhatTheFileHolds) {
    const std::vector<std::string> files{
        "",
        "hmac-sha256",
        "hmac-sha256 lockstep",
        "hmac-md5 lockstep " + secret,
        secret + " lockstep hmac-sha256",
        "hmac-sha256 lockstep not-base64!",
        "hmac-sha256 lockstep =" + secret,
        "hmac-sha256 lockstep YQ",
        "hmac-sha256 a..b " + secret,
        "hmac-sha256 a b " + secret,
        "key lockstep { algorithm hmac-sha256; };",
        "key lockstep { algorithm hmac-sha256; password \"" + secret + "\"; };",
        "key a { algorithm hmac-sha256; secret \"" + secret +
            "\"; }; key b { algorithm hmac-sha256; secret \"" + secret + "\"; };",
    };
    for (const auto& text : files) {
        const auto key = parse_tsig_key(text);
        ASSERT_FALSE(key) << text;
        EXPECT_EQ(key.error().code, Errc::refused);
        EXPECT_EQ(key.error().message.find("c2Vjcm"), std::string::npos) << key.error().message;
    }
}

TEST(TsigKey, IsReadOnlyFromAFileThatIsNotOpenToEverybody) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "lockstep.key";
    const auto missing = read_tsig_key(path);
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message.find(path.string()), std::string::npos);
    std::ofstream(path) << "hmac-sha256 lockstep " << secret << "\n";
    using std::filesystem::perms;
    for (const auto open : {perms::others_read, perms::others_write}) {
        std::filesystem::permissions(path, perms::owner_read | perms::owner_write | open);
        const auto refused = read_tsig_key(path);
        ASSERT_FALSE(refused);
        EXPECT_NE(refused.error().message.find("chmod o="), std::string::npos);
    }
    std::filesystem::permissions(path, perms::owner_read | perms::group_read);
    EXPECT_TRUE(read_tsig_key(path));
}

} // namespace
} // namespace lockstep::dns
