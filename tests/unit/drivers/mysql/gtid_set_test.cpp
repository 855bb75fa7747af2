#include "drivers/mysql/gtid_set.h"

#include <algorithm>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace lockstep::mysql {
namespace {

const std::string u1 = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
const std::string u2 = "4e11fa47-71ca-11e1-9e33-c80aa9429562";

GtidSet mysql_set(const std::string& text) {
    return GtidSet::parse(Flavour::mysql, text).value();
}

GtidSet mariadb_set(const std::string& text) {
    return GtidSet::parse(Flavour::mariadb, text).value();
}

TEST(GtidSet, ReadsWhatMySQLPrints) {
    EXPECT_EQ(mysql_set("").print(), "");
    EXPECT_EQ(mysql_set(u1 + ":1-5:7,\n " + u2 + ":3").print(), u1 + ":1-5:7," + u2 + ":3");
    EXPECT_EQ(mysql_set("3E11FA47-71CA-11E1-9E33-C80AA9429562:1").print(), u1 + ":1");
    EXPECT_EQ(mysql_set(u1 + ":1-3:4-6").print(), u1 + ":1-6");
    EXPECT_EQ(mysql_set(u1 + ":5:1-3:2-4").print(), u1 + ":1-5");
    EXPECT_EQ(mysql_set(u1 + ":1-5:7").count(), 6U);
}

TEST(GtidSet, IsCutInASentenceAndSaysSo) {
    EXPECT_EQ(mysql_set(u1 + ":1-5").brief(), u1 + ":1-5");
    auto many = mysql_set("");
    for (std::uint64_t number = 1; number < 400; number += 2) {
        many.add(u1, {number, number});
    }
    EXPECT_TRUE(many.brief().ends_with(" …"));
    EXPECT_TRUE(many.print().starts_with(many.brief().substr(0, 200)));
    EXPECT_LT(many.brief().size(), 210U);
}

TEST(GtidSet, KeepsTagsApart) { // MySQL 8.3 and later.
    const auto set = mysql_set(u1 + ":1-5:nightly:1-3:7," + u2 + ":app_1:2");
    EXPECT_EQ(set.writers().size(), 3U);
    EXPECT_EQ(set.print(), u1 + ":1-5," + u1 + ":nightly:1-3:7," + u2 + ":app_1:2");
    EXPECT_EQ(set.count(), 10U);
    EXPECT_EQ(set.of_server(u1).count(), 9U);
    EXPECT_EQ(set.without_server(u1).print(), u2 + ":app_1:2");
}

TEST(GtidSet, ReadsWhatMariaDBPrints) {
    const auto set = mariadb_set("0-2-250,0-1-100, 1-1-7");
    EXPECT_EQ(set.print(), "0-1-100,0-2-250,1-1-7");
    EXPECT_EQ(set.of_server("1").print(), "0-1-100,1-1-7");
    EXPECT_TRUE(mariadb_set("0-1-100").contains(mariadb_set("0-1-99")));
    EXPECT_FALSE(mariadb_set("0-1-100").contains(mariadb_set("0-2-1")));
    EXPECT_TRUE(mariadb_set("0-1-0").empty());
}

TEST(GtidSet, RefusesWhatIsNone) {
    for (const auto& text : {u1, u1 + ":", u1 + ":0", u1 + ":5-1", u1 + ":1-", u1 + ":1-2-3",
                             u1 + ":tag", u1 + ":tag:tag:1", u1 + ":1;", u1.substr(1) + ":1",
                             u1 + ":99999999999999999999", std::string("1-5"), u1 + ":1tag:2"}) {
        EXPECT_FALSE(GtidSet::parse(Flavour::mysql, text)) << text;
    }
    for (const auto* text : {"0-1", "0-1-2-3", "a-1-2", "0--2", "0-1-x", "4294967296-1-1",
                             "0-1-18446744073709551616"}) {
        EXPECT_FALSE(GtidSet::parse(Flavour::mariadb, text)) << text;
    }
}

/// Against sets of single numbers, for which the standard library knows the answer.
class GtidSetLaws : public testing::TestWithParam<unsigned> {
protected:
    using Numbers = std::set<std::pair<std::string, std::uint64_t>>;

    Numbers draw() {
        Numbers numbers;
        const auto most = random_() % 24;
        for (std::size_t n = 0; n < most; ++n) {
            const std::string writer = random_() % 2 == 0 ? u1 : u2 + ":tag";
            numbers.emplace(writer, 1 + random_() % 20);
        }
        return numbers;
    }

    static GtidSet set_of(const Numbers& numbers) {
        GtidSet set(Flavour::mysql);
        for (const auto& [writer, number] : numbers) {
            set.add(writer, {number, number});
        }
        return set;
    }

    std::mt19937 random_{GetParam()};
};

TEST_P(GtidSetLaws, AreThoseOfSets) {
    for (int round = 0; round < 200; ++round) {
        const auto left = draw();
        const auto right = draw();
        Numbers both = left;
        both.insert(right.begin(), right.end());
        Numbers rest;
        std::ranges::set_difference(left, right, std::inserter(rest, rest.end()));
        Numbers common;
        std::ranges::set_intersection(left, right, std::inserter(common, common.end()));
        const auto l = set_of(left);
        const auto r = set_of(right);
        EXPECT_EQ(l.united(r), set_of(both));
        EXPECT_EQ(l.minus(r), set_of(rest));
        EXPECT_EQ(l.intersected(r), set_of(common));
        EXPECT_EQ(l.contains(r), std::ranges::includes(left, right));
        EXPECT_EQ(l.count(), left.size());
        EXPECT_EQ(mysql_set(l.print()), l);
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, GtidSetLaws, testing::Range(1U, 21U));

} // namespace
} // namespace lockstep::mysql
