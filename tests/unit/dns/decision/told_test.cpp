#include "dns/decision/told.h"

#include <gtest/gtest.h>

namespace lockstep::dns {
namespace {

TEST(Told, IsReadAsItIsWritten) {
    const Told told{Epoch{3}, Revision{17}};
    EXPECT_EQ(to_text(told), "\"epoch=3 revision=17\"");
    EXPECT_EQ(parse_told(to_text(told)), told);
    EXPECT_EQ(parse_told("\"epoch=18446744073709551615 revision=0\""),
              (Told{Epoch{18446744073709551615U}, Revision{0}}));
}

TEST(Told, IsNothingElseThanThat) {
    for (const auto* text :
         {"", "\"\"", "epoch=3 revision=17", "\"epoch=3\"", "\"epoch=3 revision=17",
          "\"epoch=3 x\"", "\"epoch=03 revision=17\"", "\"epoch=-3 revision=17\"",
          "\"epoch=3  revision=17\"", "\"epoch=3 revision=17 \"", "\"v=spf1 -all\"",
          "\"epoch=3 revision=17\" \"more\"", "\"epoch=18446744073709551616 revision=1\"",
          "\"revision=17 epoch=3\""}) {
        EXPECT_FALSE(parse_told(text)) << text;
    }
}

TEST(Told, IsLaterByTheEpochFirst) {
    EXPECT_GT((Told{Epoch{4}, Revision{1}}), (Told{Epoch{3}, Revision{99}}));
    EXPECT_GT((Told{Epoch{3}, Revision{18}}), (Told{Epoch{3}, Revision{17}}));
}

} // namespace
} // namespace lockstep::dns
