#include "dns/decision/update.h"

#include <array>
#include <optional>
#include <random>

#include <gtest/gtest.h>

#include "dns/decision/told.h"
#include "tests/support/fake_zone.h"

namespace lockstep::dns {
namespace {

const std::string zone = "db.example.test";
const std::string name = "shop.db.example.test";
const std::string read_only = "shop-ro.db.example.test";

Endpoint wanted(std::uint64_t epoch = 3, std::uint64_t revision = 17) {
    return {"shop", "10.77.0.11", "10.77.0.12", Epoch{epoch}, Revision{revision}, 2};
}

Record telling(const std::string& text) {
    return {name, RecordType::txt, 2, text};
}

std::vector<Record> shop_in(const FakeZone& served) {
    return served.at({name, read_only});
}

/// What is there once `endpoint` was published into a new zone.
FakeZone published(const Endpoint& endpoint) {
    FakeZone made;
    EXPECT_TRUE(made.apply(plan_publication(zone, endpoint, {}).update));
    return made;
}

std::optional<Told> told_in(const FakeZone& served) {
    for (const auto& record : served.records) {
        if (record.name == name && record.type == RecordType::txt) {
            return parse_told(record.data);
        }
    }
    return std::nullopt;
}

TEST(PublicationPlan, TakesUnusedNamesOnTheConditionThatTheyStayUnused) {
    const auto plan = plan_publication(zone, wanted(), {});
    ASSERT_EQ(plan.kind, Plan::Kind::update);
    EXPECT_EQ(plan.update.zone, zone);
    EXPECT_EQ(plan.update.unused, (std::vector<std::string>{name, read_only}));
    EXPECT_TRUE(plan.update.exactly.empty());
    EXPECT_TRUE(plan.update.removed.empty());
    const std::string told = "\"epoch=3 revision=17\"";
    EXPECT_EQ(plan.update.added, (std::vector<Record>{{name, RecordType::a, 2, "10.77.0.11"},
                                                      {name, RecordType::txt, 2, told},
                                                      {read_only, RecordType::a, 2, "10.77.0.12"},
                                                      {read_only, RecordType::txt, 2, told}}));
}

TEST(PublicationPlan, MovesAPublishedNameOnTheConditionThatItStillTellsWhatWasRead) {
    const auto before = published(wanted(2, 9));
    const auto plan = plan_publication(zone, wanted(), shop_in(before));
    ASSERT_EQ(plan.kind, Plan::Kind::update);
    EXPECT_TRUE(plan.update.unused.empty());
    EXPECT_EQ(plan.update.exactly, (std::vector<Record>{telling("\"epoch=2 revision=9\"")}));
    EXPECT_EQ(plan.update.removed, (std::vector<RecordSetName>{{name, RecordType::a},
                                                               {name, RecordType::aaaa},
                                                               {name, RecordType::txt},
                                                               {read_only, RecordType::a},
                                                               {read_only, RecordType::aaaa},
                                                               {read_only, RecordType::txt}}));
    EXPECT_EQ(plan.update.added.size(), 4U);
}

TEST(PublicationPlan, SendsNothingOnceEverythingIsAsWanted) {
    const auto done = published(wanted());
    EXPECT_EQ(plan_publication(zone, wanted(), shop_in(done)).kind, Plan::Kind::nothing);
    Endpoint six = wanted();
    six.primary_address = "2001:DB8:0:0::1"; // As nobody would answer it.
    EXPECT_EQ(plan_publication(zone, six, shop_in(published(six))).kind, Plan::Kind::nothing);
}

TEST(PublicationPlan, PutsRightWhateverDiffers) {
    for (std::size_t at = 0; at < 4; ++at) {
        auto bent = published(wanted());
        bent.records[at].ttl_seconds = 3600;
        EXPECT_EQ(plan_publication(zone, wanted(), shop_in(bent)).kind, Plan::Kind::update) << at;
        if (bent.records[at].name == name && bent.records[at].type == RecordType::txt) {
            continue;
        }
        bent.records.erase(bent.records.begin() + static_cast<std::ptrdiff_t>(at));
        const auto plan = plan_publication(zone, wanted(), shop_in(bent));
        EXPECT_EQ(plan.kind, Plan::Kind::update) << at;
        EXPECT_TRUE(bent.apply(plan.update));
        EXPECT_EQ(plan_publication(zone, wanted(), shop_in(bent)).kind, Plan::Kind::nothing);
    }
    auto more = published(wanted());
    more.records.push_back({name, RecordType::aaaa, 2, "2001:db8::1"});
    EXPECT_EQ(plan_publication(zone, wanted(), shop_in(more)).kind, Plan::Kind::update);
}

TEST(PublicationPlan, TellsALaterRevisionThatMovesNoName) {
    // So that what was planned for the revisions between can no longer take effect.
    const auto done = published(wanted());
    EXPECT_EQ(plan_publication(zone, wanted(3, 18), shop_in(done)).kind, Plan::Kind::update);
}

TEST(PublicationPlan, SendsNothingWhereSomethingNewerIs) {
    for (const auto& [epoch, revision] : {std::pair{4, 18}, std::pair{4, 1}, std::pair{3, 18}}) {
        const auto newer = published(
            wanted(static_cast<std::uint64_t>(epoch), static_cast<std::uint64_t>(revision)));
        const auto plan = plan_publication(zone, wanted(), shop_in(newer));
        EXPECT_EQ(plan.kind, Plan::Kind::newer_there);
        EXPECT_NE(plan.reason.find("newer than the epoch 3, revision 17 known here"),
                  std::string::npos)
            << plan.reason;
        EXPECT_EQ(plan_withdrawal(zone, wanted(), shop_in(newer)).kind, Plan::Kind::newer_there);
    }
}

TEST(PublicationPlan, LeavesNamesOfOthersAloneAndSaysWhatIsThere) {
    const Record web{name, RecordType::a, 3600, "192.0.2.80"};
    const std::vector<std::pair<std::vector<Record>, std::string>> cases{
        {{web}, "no TXT record that tells the epoch"},
        {{{read_only, RecordType::aaaa, 60, "2001:db8::80"}}, read_only},
        {{web, telling("\"v=spf1 -all\"")}, "tells no epoch"},
        {{telling("\"epoch=3 revision=1\""), telling("\"v=spf1 -all\"")}, "several TXT records"}};
    for (const auto& [served, why] : cases) {
        const auto plan = plan_publication(zone, wanted(), served);
        EXPECT_EQ(plan.kind, Plan::Kind::name_taken) << why;
        EXPECT_NE(plan.reason.find(why), std::string::npos) << plan.reason;
        EXPECT_EQ(plan_withdrawal(zone, wanted(), served).kind, Plan::Kind::nothing) << why;
    }
}

TEST(PublicationPlan, TakesANameThatItsOwnerHandedOver) {
    FakeZone served;
    served.records = {{name, RecordType::a, 3600, "192.0.2.80"}, telling("\"epoch=0 revision=0\"")};
    const auto plan = plan_publication(zone, wanted(), shop_in(served));
    ASSERT_EQ(plan.kind, Plan::Kind::update);
    ASSERT_TRUE(served.apply(plan.update));
    EXPECT_EQ(plan_publication(zone, wanted(), shop_in(served)).kind, Plan::Kind::nothing);
}

TEST(WithdrawalPlan, TakesAwayWhatWasPublishedAndNothingElse) {
    auto served = published(wanted());
    const Record other{name, static_cast<RecordType>(29), 60, "51 N 1 E 0m"};
    served.records.push_back(other);
    const auto plan = plan_withdrawal(zone, wanted(3, 20), shop_in(published(wanted())));
    ASSERT_EQ(plan.kind, Plan::Kind::update);
    EXPECT_TRUE(plan.update.added.empty());
    ASSERT_TRUE(served.apply(plan.update));
    EXPECT_EQ(served.records, std::vector<Record>{other});
    EXPECT_EQ(plan_withdrawal(zone, wanted(), {}).kind, Plan::Kind::nothing);
}

/// One publication on its way: it has read, and what it made of that arrives later or never.
struct Publication {
    Endpoint wanted;
    std::optional<Plan> plan;
};

/// Publications of rising revisions read, plan and arrive in any order, each as often as it likes.
/// Once one has arrived, no older one ever shows again.
TEST(PublicationPlan, NeverLetsASlowerOlderPublicationOverwriteANewerOne) {
    std::mt19937 random(20240229);
    for (int history = 0; history < 2000; ++history) {
        FakeZone served;
        std::array<Publication, 4> underway{};
        for (std::size_t at = 0; at < underway.size(); ++at) {
            underway[at].wanted = wanted(1 + at / 2, 10 + at);
            underway[at].wanted.primary_address = "10.77.0." + std::to_string(at % 2);
        }
        std::optional<Told> latest;
        for (int step = 0; step < 40; ++step) {
            auto& one = underway[random() % underway.size()];
            if (random() % 2 == 0) {
                one.plan = plan_publication(zone, one.wanted, shop_in(served));
            } else if (one.plan && one.plan->kind == Plan::Kind::update) {
                static_cast<void>(served.apply(one.plan->update));
            }
            const auto now = told_in(served);
            ASSERT_TRUE(!latest || (now && *now >= *latest)) << "history " << history;
            latest = now;
        }
        auto& newest = underway.back();
        newest.plan = plan_publication(zone, newest.wanted, shop_in(served));
        if (newest.plan->kind == Plan::Kind::update) {
            ASSERT_TRUE(served.apply(newest.plan->update));
        }
        EXPECT_EQ(told_in(served), (Told{newest.wanted.epoch, newest.wanted.revision}));
    }
}

} // namespace
} // namespace lockstep::dns
