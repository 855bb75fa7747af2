#include "dns/decision/publication.h"

#include <gtest/gtest.h>

namespace lockstep::dns {
namespace {

Endpoint wanted() {
    return {"shop", "10.77.0.11", "10.77.0.12", Epoch{3}, Revision{17}, 2};
}

NameAnswer as_wanted() {
    return {"10.77.0.11", "10.77.0.12", Epoch{3}, Revision{17}, 2};
}

/// What is said of one server that gives `answer`.
Publication of_one(NameAnswer answer) {
    return publication(wanted(), {{"ns-a", std::move(answer)}});
}

TEST(Publication, IsDoneWhenEveryServerAnswersAsWanted) {
    const auto found = publication(wanted(), {{"ns-a", as_wanted()}, {"ns-b", as_wanted()}});
    EXPECT_TRUE(found.published);
    EXPECT_TRUE(found.laggards.empty());
    EXPECT_TRUE(found.ahead.empty());
}

TEST(Publication, IsNotDoneWithoutAnyServer) {
    EXPECT_FALSE(publication(wanted(), {}).published);
}

TEST(Publication, NamesTheServerThatDoesNotAnswerAndWhy) {
    const auto found = publication(
        wanted(), {{"ns-a", as_wanted()}, {"ns-b", fail(Errc::timeout, "no answer in time")}});
    EXPECT_FALSE(found.published);
    EXPECT_EQ(found.laggards, (std::vector<Deviation>{{"ns-b", "no answer in time"}}));
}

TEST(Publication, NamesTheServerThatStillAnswersAnOlderEpoch) {
    NameAnswer old = as_wanted();
    old.primary_address = "10.77.0.12";
    old.epoch = Epoch{2};
    old.revision = Revision{16};
    const auto found = of_one(old);
    EXPECT_FALSE(found.published);
    EXPECT_EQ(
        found.laggards,
        (std::vector<Deviation>{
            {"ns-a", "answers epoch 2, revision 16 (10.77.0.12), wanted epoch 3, revision 17"}}));
}

TEST(Publication, NamesTheServerWithAnotherAddress) {
    NameAnswer other = as_wanted();
    other.primary_address = "10.77.0.99";
    EXPECT_EQ(of_one(other).laggards.front().reason, "answers 10.77.0.99, wanted 10.77.0.11");
    other = as_wanted();
    other.read_only_address = "10.77.0.11";
    EXPECT_EQ(of_one(other).laggards.front().reason,
              "answers 10.77.0.11 for the read-only name, wanted 10.77.0.12");
}

TEST(Publication, NamesTheServerWithAnotherTtl) {
    NameAnswer other = as_wanted();
    other.ttl_seconds = 60;
    EXPECT_EQ(of_one(other).laggards.front().reason, "answers with a TTL of 60 s, wanted 2 s");
}

TEST(Publication, CountsAnOlderRevisionThatLeadsToTheSamePlaceAsPublished) {
    NameAnswer older = as_wanted();
    older.revision = Revision{12};
    EXPECT_TRUE(of_one(older).published);
}

TEST(Publication, ReportsAServerAheadAndDoesNotCallItALaggard) {
    for (const auto& [epoch, revision] :
         {std::pair{Epoch{4}, Revision{20}}, std::pair{Epoch{4}, Revision{1}},
          std::pair{Epoch{3}, Revision{18}}}) {
        NameAnswer newer = as_wanted();
        newer.epoch = epoch;
        newer.revision = revision;
        const auto found = of_one(newer);
        EXPECT_FALSE(found.published);
        EXPECT_TRUE(found.laggards.empty());
        ASSERT_EQ(found.ahead.size(), 1U);
        EXPECT_EQ(found.ahead.front().server, "ns-a");
        EXPECT_NE(found.ahead.front().reason.find("newer than the epoch 3, revision 17"),
                  std::string::npos);
    }
}

TEST(Publication, DoesNotCallALowerEpochWithAHigherRevisionAhead) {
    NameAnswer odd = as_wanted();
    odd.epoch = Epoch{2};
    odd.revision = Revision{99};
    EXPECT_TRUE(of_one(odd).ahead.empty());
    EXPECT_EQ(of_one(odd).laggards.size(), 1U);
}

TEST(Publication, TakesTwoSpellingsOfAnIpv6AddressForOne) {
    Endpoint six = wanted();
    six.primary_address = "2001:DB8:0:0::1";
    six.read_only_address = "2001:db8::2";
    NameAnswer answer = as_wanted();
    answer.primary_address = "2001:db8::1";
    answer.read_only_address = "2001:db8::2";
    EXPECT_TRUE(publication(six, {{"ns-a", answer}}).published);
    answer.primary_address = "2001:db8::3";
    EXPECT_FALSE(publication(six, {{"ns-a", answer}}).published);
}

} // namespace
} // namespace lockstep::dns
