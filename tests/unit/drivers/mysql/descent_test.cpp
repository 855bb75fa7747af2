#include "drivers/mysql/descent.h"

#include <gtest/gtest.h>

namespace lockstep::mysql {
namespace {

const std::string a = "aaaaaaaa-71ca-11e1-9e33-c80aa9429562";
const std::string b = "bbbbbbbb-71ca-11e1-9e33-c80aa9429562";

GtidSet set_of(Flavour flavour, const std::string& text) {
    return GtidSet::parse(flavour, text).value();
}

/// a wrote up to 100, then b up to 50, then a again.
Descent three_reigns() {
    const auto set = [](const std::string& text) { return set_of(Flavour::mysql, text); };
    Descent descent;
    descent.reigns = {{1, a, "01", set("")},
                      {2, b, "02", set(a + ":1-100")},
                      {3, a, "03", set(a + ":1-100," + b + ":1-50")}};
    return descent;
}

Descent first(const Descent& of, std::size_t reigns) {
    Descent part = of;
    part.reigns.resize(reigns);
    return part;
}

Place place(const Descent& descent, const std::string& held) {
    return place_of(descent, set_of(Flavour::mysql, held));
}

TEST(Descent, IsTextThatReadsBack) {
    const auto descent = three_reigns();
    const auto history = to_history(descent);
    EXPECT_EQ(history.text, "01:" + a + "@ 02:" + b + "@" + a + ":1-100 03:" + a + "@" + a +
                                ":1-100," + b + ":1-50");
    EXPECT_EQ(parse_history(Flavour::mysql, history).value(), descent);
    EXPECT_FALSE(to_history(Descent{}).known());
    EXPECT_FALSE(parse_history(Flavour::mysql, History{})->known());
    for (const auto* text : {"x", "01:w", "01@w", ":w@", "01:@", "zz:w@", "01:w@ ", "01:w@x"}) {
        EXPECT_FALSE(parse_history(Flavour::mysql, History{text})) << text;
    }
}

TEST(Descent, IsReadFromRowsWithoutAGap) {
    const std::vector<ReignRow> rows{{"1", a, "01", ""}, {"2", b, "02", a + ":1-100"}};
    EXPECT_EQ(to_descent(Flavour::mysql, rows).value(), first(three_reigns(), 2));
    EXPECT_FALSE(to_descent(Flavour::mysql, {rows[1]}));
    EXPECT_FALSE(to_descent(Flavour::mysql, {{"1", "", "01", ""}}));
    EXPECT_FALSE(to_descent(Flavour::mysql, {{"1", a, "", ""}}));
    EXPECT_FALSE(to_descent(Flavour::mysql, {{"1", a, "01", "nonsense"}}));
}

TEST(Descent, PlacesAMemberByItsWritersTransactions) {
    const auto here = place(three_reigns(), a + ":1-120," + b + ":1-50");
    EXPECT_EQ(here.trouble, "");
    EXPECT_EQ(here.position.offset_bytes, 120U);
    EXPECT_EQ(here.position.history, to_history(three_reigns()));
    EXPECT_EQ(place(three_reigns(), a + ":1-100," + b + ":1-50").position.offset_bytes, 100U);
    EXPECT_EQ(place(first(three_reigns(), 2), a + ":1-100").position.offset_bytes, 0U);
    EXPECT_EQ(place(three_reigns(), a + ":1-110:nightly:1-10," + b + ":1-50").position.offset_bytes,
              120U);
}

TEST(Descent, KnowsNoPlaceForWhatIsNotOfIt) {
    const auto unknown = [](const Place& at) {
        return !at.trouble.empty() && !at.position.history.known();
    };
    EXPECT_TRUE(unknown(place(three_reigns(), a + ":1-120," + b + ":1-51"))) << "a phantom";
    EXPECT_TRUE(unknown(place(three_reigns(), a + ":1-120," + b + ":1-49"))) << "one is missing";
    EXPECT_TRUE(unknown(place(three_reigns(), a + ":1-119:121," + b + ":1-50"))) << "a gap";
    EXPECT_TRUE(unknown(place(first(three_reigns(), 2), a + ":1-101," + b + ":1-9")));
    EXPECT_TRUE(unknown(place(Descent{}, a + ":1")));
}

TEST(Descent, EndsWhereEitherLeftTheCommonReign) {
    const auto whole = three_reigns();
    const auto fork = fork_of(first(whole, 1), whole);
    EXPECT_EQ(fork.reigns, 1U);
    EXPECT_FALSE(fork.same_reign);
    EXPECT_EQ(fork.most.print(), a + ":1-100");
    EXPECT_EQ(fork_of(whole, first(whole, 1)).most, fork.most);
    EXPECT_TRUE(fork_of(whole, whole).same_reign);
    auto twin = whole;
    twin.reigns[2].mark = "04"; // Promoted from the same place: another history all the same.
    EXPECT_EQ(fork_of(whole, twin).reigns, 2U);
    EXPECT_FALSE(fork_of(whole, twin).same_reign);
    EXPECT_EQ(fork_of(whole, twin).most.print(), a + ":1-100," + b + ":1-50");
    auto stranger = whole;
    stranger.reigns[0].mark = "ff";
    EXPECT_EQ(fork_of(whole, stranger).reigns, 0U);
}

/// Server 1 wrote up to 100, then server 2 up to 150, then server 1 again.
Descent three_in_a_row() {
    const auto set = [](const std::string& text) { return set_of(Flavour::mariadb, text); };
    Descent descent;
    descent.reigns = {
        {1, "1", "01", set("")}, {2, "2", "02", set("0-1-100")}, {3, "1", "03", set("0-2-150")}};
    return descent;
}

TEST(Descent, OfMariaDBCountsByTheSequence) {
    const auto at = [](const Descent& descent, const std::string& held) {
        return place_of(descent, set_of(Flavour::mariadb, held));
    };
    EXPECT_EQ(at(three_in_a_row(), "0-1-170,0-2-150").position.offset_bytes, 170U);
    EXPECT_EQ(at(three_in_a_row(), "0-1-170").trouble, "") << "a copy knows the last GTID only";
    EXPECT_EQ(at(three_in_a_row(), "0-2-150").position.offset_bytes, 150U);
    EXPECT_NE(at(three_in_a_row(), "0-1-170,0-2-151").trouble, "") << "a phantom";
    EXPECT_NE(at(first(three_in_a_row(), 2), "0-1-101,0-2-120").trouble, "") << "a phantom";
    EXPECT_NE(at(three_in_a_row(), "0-2-149").trouble, "") << "one is missing";
    EXPECT_NE(at(three_in_a_row(), "0-1-170,5-1-3").trouble, "") << "another domain";
    EXPECT_EQ(parse_history(Flavour::mariadb, to_history(three_in_a_row())).value(),
              three_in_a_row());
}

} // namespace
} // namespace lockstep::mysql
