#include "controller/join_token.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(Base64Url, EncodesTheVectorsOfRfc4648WithoutPadding) {
    EXPECT_EQ(base64url(""), "");
    EXPECT_EQ(base64url("f"), "Zg");
    EXPECT_EQ(base64url("fo"), "Zm8");
    EXPECT_EQ(base64url("foo"), "Zm9v");
    EXPECT_EQ(base64url("foob"), "Zm9vYg");
    EXPECT_EQ(base64url("fooba"), "Zm9vYmE");
    EXPECT_EQ(base64url("foobar"), "Zm9vYmFy");
}

TEST(Base64Url, UsesNoCharacterThatAShellOrAnAddressReads) {
    EXPECT_EQ(base64url("\xfb\xff\xfe"), "-__-");
}

TEST(JoinToken, IsOnePieceOfText) {
    const auto token = join_token("db_1", "00ff", "abcd", "10.0.0.1:7400");
    EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789-_"),
              std::string::npos);
    EXPECT_GT(token.size(), 60U);
}

} // namespace
} // namespace lockstep
