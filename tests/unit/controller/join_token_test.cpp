#include "controller/join_token.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "platform/base64url.h"

namespace lockstep {
namespace {

TEST(JoinToken, IsOnePieceOfText) {
    const auto token = join_token("db_1", "00ff", "abcd", "10.0.0.1:7400");
    EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789-_"),
              std::string::npos);
    EXPECT_GT(token.size(), 60U);
}

TEST(JoinToken, HoldsWhatTheNewHostNeeds) {
    const auto text = from_base64url(join_token("db_1", "00ff", "abcd", "10.0.0.1:7400"));
    const nlohmann::json expected = {{"v", 1},
                                     {"member", "db_1"},
                                     {"secret", "00ff"},
                                     {"ca", "abcd"},
                                     {"controller", "10.0.0.1:7400"}};
    EXPECT_EQ(nlohmann::json::parse(text.value()), expected);
}

} // namespace
} // namespace lockstep
