#include "platform/base64url.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

// RFC 4648, section 10, without padding.
TEST(Base64Url, EncodesAndDecodesTheVectorsOfTheRfc) {
    const std::pair<const char*, const char*> vectors[] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "-_8"}};
    for (const auto& [bytes, text] : vectors) {
        EXPECT_EQ(to_base64url(bytes), text);
        EXPECT_EQ(from_base64url(text).value(), bytes);
    }
}

TEST(Base64Url, CarriesEveryByte) {
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte) {
        bytes += static_cast<char>(byte);
        EXPECT_EQ(from_base64url(to_base64url(bytes)).value(), bytes);
    }
}

TEST(Base64Url, RefusesWhatNoEncoderWritesWithoutRepeatingIt) {
    for (const char* text : {"Z", "Zm9vY", "Zg==", "Zm 9v", "+/8", "Zh", "Zm9"}) {
        const auto refused = from_base64url(text);
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code, Errc::corrupt);
        EXPECT_EQ(refused.error().message.find(text), std::string::npos);
    }
}

} // namespace
} // namespace lockstep
