#include <random>

#include <gtest/gtest.h>

#include "drivers/mysql/descent.h"

/// What a server says of its GTIDs and what stands in its history is read without trust.
namespace lockstep::mysql {
namespace {

std::string draw(std::mt19937& random) {
    constexpr std::string_view letters = "0123456789abcdefgz:::---,,@  \n_";
    const std::string uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
    std::string text;
    const auto length = random() % 40;
    for (std::size_t n = 0; n < length; ++n) {
        text += random() % 12 == 0 ? uuid : std::string(1, letters[random() % letters.size()]);
    }
    return text;
}

TEST(GtidSetFuzz, WhatIsReadIsPrintedAndReadAgain) {
    std::mt19937 random(20261125);
    for (int round = 0; round < 40000; ++round) {
        const auto text = draw(random);
        for (const auto flavour : {Flavour::mysql, Flavour::mariadb}) {
            const auto set = GtidSet::parse(flavour, text);
            if (set) {
                ASSERT_EQ(GtidSet::parse(flavour, set->print()).value(), *set) << text;
                ASSERT_TRUE(set->minus(*set).empty()) << text;
            }
            const auto descent = parse_history(flavour, History{text});
            if (descent) {
                ASSERT_EQ(parse_history(flavour, to_history(*descent)).value(), *descent) << text;
            }
        }
    }
}

} // namespace
} // namespace lockstep::mysql
