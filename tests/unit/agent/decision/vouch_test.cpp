#include "agent/decision/vouch.h"

#include <gtest/gtest.h>

#include "tests/support/pair_fixture.h"

namespace lockstep {
namespace {

/// Of member a, primary of a pair in sync, with no controller.
VouchFacts primary_alone() {
    VouchFacts facts;
    facts.self = "a";
    facts.record = fixture::in_sync_record();
    facts.server = ServerState::primary;
    return facts;
}

VouchFacts standby_alone() {
    auto facts = primary_alone();
    facts.self = "b";
    facts.server = ServerState::standby;
    return facts;
}

TEST(Vouch, NotWhenNobodyWasHeard) {
    EXPECT_FALSE(may_vouch(primary_alone()).vouched);
    EXPECT_FALSE(may_vouch(standby_alone()).vouched);
}

TEST(Vouch, WhenAControllerSpokeLately) {
    auto facts = standby_alone();
    facts.proved_ago = Milliseconds{4999};
    EXPECT_TRUE(may_vouch(facts).vouched);
    facts.proved_ago = Milliseconds{5000};
    EXPECT_FALSE(may_vouch(facts).vouched);
}

TEST(Vouch, ForAnotherPairOnlyWhileAControllerSpeaks) {
    VouchFacts facts;
    facts.self = "a";
    facts.server = ServerState::primary;
    EXPECT_FALSE(may_vouch(facts).vouched);
    facts.proved_ago = Milliseconds{0};
    EXPECT_TRUE(may_vouch(facts).vouched);
}

TEST(Vouch, ASoloPrimaryForItself) {
    auto facts = primary_alone();
    facts.record = fixture::solo_record();
    EXPECT_TRUE(may_vouch(facts).vouched);
    facts.server = ServerState::stopped;
    EXPECT_FALSE(may_vouch(facts).vouched);
}

TEST(Vouch, APrimaryThatGrantsIsNotAlone) {
    auto facts = primary_alone();
    facts.record = fixture::granted_record();
    EXPECT_FALSE(may_vouch(facts).vouched);
}

TEST(Vouch, APrimaryThatHearsItsStandby) {
    auto facts = primary_alone();
    facts.acknowledgements.streaming = true;
    facts.acknowledgements.silent = Milliseconds{300};
    EXPECT_TRUE(may_vouch(facts).vouched);
    facts.acknowledgements.silent = Milliseconds{5000};
    EXPECT_FALSE(may_vouch(facts).vouched);
}

TEST(Vouch, AStandbyThatHearsThePrimary) {
    auto facts = standby_alone();
    facts.stream.connected = true;
    facts.stream.silent = Milliseconds{300};
    EXPECT_TRUE(may_vouch(facts).vouched);
    facts.stream.silent = Milliseconds{5000};
    EXPECT_FALSE(may_vouch(facts).vouched);
}

TEST(Vouch, NotByAServerOfTheWrongRole) {
    auto facts = primary_alone();
    facts.record->primary = "b"; // The record went on; the server has not been fenced yet.
    facts.acknowledgements.streaming = true;
    EXPECT_FALSE(may_vouch(facts).vouched);
}

} // namespace
} // namespace lockstep
