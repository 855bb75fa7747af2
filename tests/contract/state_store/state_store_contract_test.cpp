#include <csignal>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/wire/codec.h"
#include "tests/contract/state_store/store_factory.h"
#include "tests/support/pair_fixture.h"

namespace lockstep {
namespace {

PairRecord pair_named(const PairName& name) {
    auto record = fixture::solo_record();
    record.pair = name;
    record.store_id.clear();
    record.revision = Revision{};
    return record;
}

Event event_of(const PairName& pair, const std::string& message) {
    Event event;
    event.unix_ms = 1795383200123;
    event.pair = pair;
    event.member = "a";
    event.kind = "test";
    event.severity = Severity::warning;
    event.message = message;
    return event;
}

class StateStoreContract : public testing::TestWithParam<StoreFactory> {
protected:
    void SetUp() override { open(); }

    void open() {
        store_.reset();
        auto opened = GetParam().open(folder_.path(), "machine", "key");
        ASSERT_TRUE(opened) << opened.error().message;
        store_ = std::move(*opened);
    }
    PairRecord create(const PairName& name = "shop") {
        const std::vector<Event> events;
        auto created = store_->create(pair_named(name), events);
        EXPECT_TRUE(created) << (created ? "" : created.error().message);
        return *created;
    }
    std::vector<std::string> messages(const StateStore::EventQuery& query = {}) {
        std::vector<std::string> found;
        const auto events = store_->events(query);
        EXPECT_TRUE(events);
        for (const auto& event : events.value()) {
            found.push_back(event.message);
        }
        return found;
    }

    TemporaryFolder folder_;
    std::unique_ptr<StateStore> store_;
};

using Strings = std::vector<std::string>;

TEST_P(StateStoreContract, AnEmptyStoreHasAnIdAndNothingElse) {
    EXPECT_EQ(store_->store_id().size(), 32U);
    EXPECT_EQ(store_->head().value(), Revision{0});
    EXPECT_TRUE(store_->pairs()->empty());
    EXPECT_TRUE(messages().empty());
    EXPECT_EQ(store_->pair("shop").error().code, Errc::unreachable);
}

TEST_P(StateStoreContract, ANewPairGetsStoreIdAndRevision) {
    const auto created = create();
    EXPECT_EQ(created.store_id, store_->store_id());
    EXPECT_EQ(created.revision, Revision{1});
    EXPECT_EQ(store_->head().value(), Revision{1});
    EXPECT_EQ(store_->pair("shop").value(), created);
    EXPECT_EQ(store_->pairs().value(), std::vector<PairRecord>{created});
}

TEST_P(StateStoreContract, ATakenNameIsAConflictAndChangesNothing) {
    const auto created = create();
    const auto again = store_->create(pair_named("shop"), {event_of("shop", "created")});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Errc::conflict);
    EXPECT_EQ(store_->head().value(), created.revision);
    EXPECT_EQ(store_->pair("shop").value(), created);
    EXPECT_TRUE(messages().empty());
}

TEST_P(StateStoreContract, ASwapReplacesTheRecordAtTheNextRevision) {
    auto next = create();
    next.in_sync["b"] = Promise{next.revision, "start"};
    next.grant.reset();
    next.intent = Intent{IntentKind::fail_over, "b", "", "anna"};
    const auto swapped = store_->swap(Revision{1}, next, {event_of("shop", "widened")});
    ASSERT_TRUE(swapped);
    next.revision = Revision{2};
    EXPECT_EQ(*swapped, next);
    EXPECT_EQ(store_->pair("shop").value(), next);
    EXPECT_EQ(store_->head().value(), Revision{2});
}

TEST_P(StateStoreContract, ASwapOfAnOldRevisionIsAConflictAndChangesNothing) {
    const auto first = create();
    auto paused = first;
    paused.paused = true;
    const auto second = store_->swap(first.revision, paused, {}).value();
    auto stale = first;
    stale.epoch = Epoch{9};
    const auto refused = store_->swap(first.revision, stale, {event_of("shop", "stale")});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::conflict);
    EXPECT_NE(refused.error().message.find("shop"), std::string::npos);
    EXPECT_EQ(store_->pair("shop").value(), second);
    EXPECT_EQ(store_->head().value(), second.revision);
    EXPECT_TRUE(messages().empty());
    const auto future = store_->swap(Revision{99}, stale, {});
    EXPECT_EQ(future.error().code, Errc::conflict);
}

TEST_P(StateStoreContract, ASwapOfADeletedPairIsAConflict) {
    const auto first = create();
    ASSERT_TRUE(store_->remove("shop", first.revision, {}));
    EXPECT_EQ(store_->swap(first.revision, first, {}).error().code, Errc::conflict);
    EXPECT_EQ(store_->remove("shop", first.revision, {}).error().code, Errc::conflict);
}

TEST_P(StateStoreContract, ARecordThatBreaksItsRulesIsNotStored) {
    const auto first = create();
    auto broken = first;
    broken.primary = "nobody";
    const auto refused = store_->swap(first.revision, broken, {event_of("shop", "broken")});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::corrupt);
    EXPECT_EQ(store_->pair("shop").value(), first);
    EXPECT_EQ(store_->head().value(), first.revision);
    EXPECT_TRUE(messages().empty());
}

TEST_P(StateStoreContract, RevisionsComeFromOneCounterForAllPairs) {
    const auto shop = create("shop");
    const auto blog = create("blog");
    EXPECT_EQ(shop.revision, Revision{1});
    EXPECT_EQ(blog.revision, Revision{2});
    EXPECT_EQ(store_->swap(shop.revision, shop, {})->revision, Revision{3});
    EXPECT_EQ(store_->pair("blog")->revision, Revision{2});
    EXPECT_EQ(store_->pairs()->size(), 2U);
}

TEST_P(StateStoreContract, TheCounterSurvivesTheDeletionOfPairs) {
    const auto first = create();
    ASSERT_TRUE(store_->remove("shop", first.revision, {}));
    EXPECT_EQ(store_->head().value(), Revision{2});
    EXPECT_TRUE(store_->pairs()->empty());
    open();
    EXPECT_EQ(store_->head().value(), Revision{2});
    EXPECT_EQ(create().revision, Revision{3});
}

TEST_P(StateStoreContract, RemovingAnOldRevisionIsAConflict) {
    const auto first = create();
    ASSERT_TRUE(store_->swap(first.revision, first, {}));
    const auto refused = store_->remove("shop", first.revision, {event_of("shop", "deleted")});
    EXPECT_EQ(refused.error().code, Errc::conflict);
    EXPECT_TRUE(store_->pair("shop"));
    EXPECT_TRUE(messages().empty());
}

TEST_P(StateStoreContract, EventsAreKeptAsTheyAreWithRisingIds) {
    auto first = event_of("shop", "caf\xC3\xA9 'quoted'\nsecond line");
    first.revision = Revision{7};
    auto second = event_of("", "of no pair");
    second.severity = Severity::alarm;
    second.member.clear();
    ASSERT_TRUE(store_->append({first, second}));
    const auto events = store_->events({}).value();
    ASSERT_EQ(events.size(), 2U);
    first.id = events[0].id;
    second.id = events[1].id;
    EXPECT_EQ(events, (std::vector<Event>{first, second}));
    EXPECT_GT(first.id, 0U);
    EXPECT_GT(second.id, first.id);
}

TEST_P(StateStoreContract, EventsWithoutARevisionGetThatOfTheirChange) {
    const auto created = store_->create(pair_named("shop"), {event_of("shop", "created")});
    ASSERT_TRUE(created);
    auto older = event_of("shop", "seen before");
    older.revision = Revision{1};
    ASSERT_TRUE(store_->swap(Revision{1}, *created, {event_of("shop", "swapped"), older}));
    ASSERT_TRUE(store_->remove("shop", Revision{2}, {event_of("shop", "deleted")}));
    std::vector<std::uint64_t> revisions;
    const auto events = store_->events({}).value();
    for (const auto& event : events) {
        revisions.push_back(number(event.revision));
    }
    EXPECT_EQ(revisions, (std::vector<std::uint64_t>{1, 2, 1, 3}));
}

TEST_P(StateStoreContract, EventsAreAskedForByPairPlaceAndNumber) {
    for (int i = 1; i <= 5; ++i) {
        const auto text = std::to_string(i);
        ASSERT_TRUE(store_->append({event_of("shop", "s" + text), event_of("blog", "b" + text)}));
    }
    EXPECT_EQ(messages({"", 0, 3}), (Strings{"b4", "s5", "b5"})); // The newest, oldest first.
    EXPECT_EQ(messages({"shop", 0, 2}), (Strings{"s4", "s5"}));
    const auto shop = store_->events({"shop", 0, 3}).value();
    const auto third = shop.front();
    ASSERT_EQ(third.message, "s3");
    EXPECT_EQ(messages({"", third.id, 2}), (Strings{"b3", "s4"})); // The next ones.
    EXPECT_EQ(messages({"shop", third.id, 100}), (Strings{"s4", "s5"}));
    EXPECT_TRUE(messages({"other", 0, 100}).empty());
    EXPECT_TRUE(messages({"shop", 1'000'000, 100}).empty());
}

TEST_P(StateStoreContract, ATokenIsTakenOnce) {
    ASSERT_TRUE(store_->put_token({"a", "digest", 2000, false}));
    ASSERT_TRUE(store_->use_token("a", "digest", 1000));
    const auto again = store_->use_token("a", "digest", 1000);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Errc::refused);
    EXPECT_NE(again.error().message.find("used already"), std::string::npos);
    open();
    EXPECT_FALSE(store_->use_token("a", "digest", 1000));
}

TEST_P(StateStoreContract, AnExpiredTokenIsRefusedAndSaysSo) {
    ASSERT_TRUE(store_->put_token({"a", "digest", 2000, false}));
    const auto late = store_->use_token("a", "digest", 2000);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, Errc::refused);
    EXPECT_NE(late.error().message.find("expired"), std::string::npos);
    EXPECT_TRUE(store_->use_token("a", "digest", 1999));
}

TEST_P(StateStoreContract, AnUnknownTokenIsRefusedWithoutShowingTheSecret) {
    ASSERT_TRUE(store_->put_token({"a", "digest", 2000, false}));
    for (const auto& [member, digest] :
         {std::pair{"b", "digest"}, std::pair{"a", "other"}, std::pair{"a", ""}}) {
        const auto refused = store_->use_token(member, digest, 1000);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Errc::refused);
        EXPECT_NE(refused.error().message.find("unknown"), std::string::npos);
        EXPECT_EQ(refused.error().message.find("digest"), std::string::npos);
    }
    EXPECT_TRUE(store_->use_token("a", "digest", 1000)); // A wrong try does not spend it.
}

TEST_P(StateStoreContract, ANewTokenReplacesTheMembersEarlierOne) {
    ASSERT_TRUE(store_->put_token({"a", "first", 2000, false}));
    ASSERT_TRUE(store_->put_token({"b", "other", 2000, false}));
    ASSERT_TRUE(store_->put_token({"a", "second", 2000, false}));
    EXPECT_FALSE(store_->use_token("a", "first", 1000));
    EXPECT_TRUE(store_->use_token("a", "second", 1000));
    EXPECT_TRUE(store_->use_token("b", "other", 1000));
}

TEST_P(StateStoreContract, AnOrderIsKeptUntilItIsEnded) {
    const SnapshotOrder first{SnapshotWork::take, "shop-1", "shop", SnapshotKind::manual,
                              {{"why", "move"}},  {},       "ann",  2000};
    const SnapshotOrder second{SnapshotWork::remove, "shop-0", "shop", {}, {}, {}, "bob", 1000};
    ASSERT_TRUE(store_->put_order(first));
    ASSERT_TRUE(store_->put_order(second));
    ASSERT_TRUE(store_->put_order(first)); // Asked for again: it is one.
    open();
    EXPECT_EQ(store_->orders().value(), (std::vector{second, first}));
    ASSERT_TRUE(store_->end_order(SnapshotWork::take, "shop-0")); // Another work: not that one.
    ASSERT_TRUE(store_->end_order(SnapshotWork::remove, "shop-0"));
    EXPECT_EQ(store_->orders().value(), std::vector{first});
}

DeletedPair left_of(const PairName& name, const std::string& repository = "/mnt/backup") {
    DeletedPair left{name, 1795383200123, "b", {}};
    left.report.pair = name;
    left.report.repository = repository;
    left.report.read = true;
    left.report.snapshots.resize(1);
    left.report.snapshots[0].id = name + "-1";
    left.report.log.resize(1);
    return left;
}

TEST_P(StateStoreContract, AProtectedPairIsNotRemoved) {
    const auto made = store_->create(pair_named("shop"), {}, Protection::on).value();
    create("blog");
    EXPECT_EQ(store_->protected_pairs().value(), Strings{"shop"});
    const auto refused =
        store_->remove("shop", made.revision, {event_of("shop", "deleted")}, left_of("shop"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_NE(refused.error().message.find("pair unprotect shop"), std::string::npos);
    EXPECT_EQ(store_->pair("shop").value(), made);
    EXPECT_TRUE(messages().empty());
    EXPECT_TRUE(store_->deleted_pairs()->empty());
    open();
    EXPECT_EQ(store_->protected_pairs().value(), Strings{"shop"});
    ASSERT_TRUE(store_->swap(made.revision, made, {})) << "all else can be changed";
    EXPECT_EQ(store_->protected_pairs().value(), Strings{"shop"});
    ASSERT_TRUE(store_->protect("shop", Protection::off, {event_of("shop", "unprotected")}));
    EXPECT_TRUE(store_->protected_pairs()->empty());
    EXPECT_EQ(messages(), Strings{"unprotected"});
    const auto now = store_->pair("shop").value();
    EXPECT_EQ(number(store_->events({})->at(0).revision), number(now.revision));
    EXPECT_TRUE(store_->remove("shop", now.revision, {}));
}

// An order that outlived what ended it would delete the pair after all, or the next of its name.
TEST_P(StateStoreContract, WhatEndsADeletionEndsItsFinalOrder) {
    const SnapshotOrder final_one{
        SnapshotWork::take, "shop-9", "shop", SnapshotKind::final, {}, {}, "ann", 3000};
    const SnapshotOrder of_blog{
        SnapshotWork::take, "blog-9", "blog", SnapshotKind::final, {}, {}, "ann", 2000};
    const SnapshotOrder manual{
        SnapshotWork::take, "shop-8", "shop", SnapshotKind::manual, {}, {}, "ann", 1000};
    const std::vector others{manual, of_blog};
    const std::vector all{manual, of_blog, final_one};
    for (const auto& order : all) {
        ASSERT_TRUE(store_->put_order(order));
    }
    auto made = create("shop");
    EXPECT_EQ(store_->orders().value(), others) << "it was of an earlier pair";

    ASSERT_TRUE(store_->put_order(final_one));
    ASSERT_TRUE(store_->protect("shop", Protection::off, {}));
    EXPECT_EQ(store_->orders().value(), all);
    EXPECT_FALSE(store_->remove("shop", Revision{4711}, {}));
    EXPECT_EQ(store_->orders().value(), all);
    ASSERT_TRUE(store_->protect("shop", Protection::on, {}));
    EXPECT_EQ(store_->orders().value(), others);

    ASSERT_TRUE(store_->protect("shop", Protection::off, {}));
    ASSERT_TRUE(store_->put_order(final_one));
    ASSERT_TRUE(store_->remove("shop", made.revision, {}));
    open();
    EXPECT_EQ(store_->orders().value(), others);
}

TEST_P(StateStoreContract, ANewPairIsNotProtectedWhateverTheLastOfItsNameWas) {
    const auto made = store_->create(pair_named("shop"), {}, Protection::on).value();
    ASSERT_TRUE(store_->protect("shop", Protection::off, {}));
    ASSERT_TRUE(store_->remove("shop", made.revision, {}));
    create("shop");
    EXPECT_TRUE(store_->protected_pairs()->empty());
    ASSERT_TRUE(store_->protect("shop", Protection::on, {}));
    ASSERT_TRUE(store_->protect("shop", Protection::on, {})) << "again";
    EXPECT_EQ(store_->protected_pairs().value(), Strings{"shop"});
    const auto nobody = store_->protect("books", Protection::on, {event_of("books", "no")});
    EXPECT_EQ(nobody.error().code, Errc::unreachable);
    EXPECT_TRUE(messages().empty());
}

TEST_P(StateStoreContract, WhatADeletedPairLeavesIsKeptUntilItIsForgotten) {
    auto first = create("shop");
    ASSERT_TRUE(store_->remove("shop", first.revision, {}, left_of("shop", "/old")));
    const auto blog = create("blog");
    ASSERT_TRUE(store_->remove("blog", blog.revision, {}, left_of("blog")));
    open();
    EXPECT_EQ(store_->deleted_pairs().value(),
              (std::vector{left_of("blog"), left_of("shop", "/old")}));
    first = create("shop");
    ASSERT_TRUE(store_->remove("shop", first.revision, {})); // Nothing is known of this one.
    EXPECT_EQ(store_->deleted_pairs()->size(), 2U);
    first = create("shop");
    ASSERT_TRUE(store_->remove("shop", first.revision, {}, left_of("shop", "/new")));
    EXPECT_EQ(store_->deleted_pairs()->at(1), left_of("shop", "/new"));
    ASSERT_TRUE(store_->forget_deleted("shop", {event_of("shop", "forgotten")}));
    ASSERT_TRUE(store_->forget_deleted("shop", {})) << "none is a success";
    EXPECT_EQ(store_->deleted_pairs().value(), std::vector{left_of("blog")});
    EXPECT_EQ(messages(), Strings{"forgotten"});
}

TEST_P(StateStoreContract, WhatIsLeftOfAPairThatIsStillThereIsNotKept) {
    const auto made = create();
    ASSERT_TRUE(store_->swap(made.revision, made, {}));
    EXPECT_FALSE(store_->remove("shop", made.revision, {}, left_of("shop")));
    EXPECT_TRUE(store_->deleted_pairs()->empty());
}

TEST_P(StateStoreContract, ReopeningKeepsEverything) {
    const auto id = store_->store_id();
    const auto created = store_->create(pair_named("shop"), {event_of("shop", "created")});
    ASSERT_TRUE(store_->put_token({"a", "digest", 2000, false}));
    open();
    EXPECT_EQ(store_->store_id(), id);
    EXPECT_EQ(store_->pair("shop").value(), created.value());
    EXPECT_EQ(store_->head().value(), Revision{1});
    EXPECT_EQ(messages(), Strings{"created"});
    EXPECT_TRUE(store_->use_token("a", "digest", 1000));
}

TEST_P(StateStoreContract, TwoStoresHaveDifferentIds) {
    const TemporaryFolder other;
    const auto second = GetParam().open(other.path(), "machine", "key");
    ASSERT_TRUE(second);
    EXPECT_NE((*second)->store_id(), store_->store_id());
}

TEST_P(StateStoreContract, ASecondOpenerIsRefusedAndTheFirstGoesOn) {
    const auto second = GetParam().open(folder_.path(), "machine", "key");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::conflict);
    EXPECT_NE(second.error().message.find("in use by another process"), std::string::npos);
    EXPECT_EQ(create().revision, Revision{1});
}

TEST_P(StateStoreContract, ACopiedStoreIsRefusedAndSaysWhatToDo) {
    create();
    store_.reset();
    for (const auto& [machine, key] :
         {std::pair{"other machine", "key"}, std::pair{"machine", "other key"}}) {
        const auto copied = GetParam().open(folder_.path(), machine, key);
        ASSERT_FALSE(copied);
        EXPECT_EQ(copied.error().code, Errc::refused);
        EXPECT_NE(copied.error().message.find("copied store"), std::string::npos);
        EXPECT_NE(copied.error().message.find("state_dir"), std::string::npos);
    }
    open(); // Where it belongs nothing has changed.
    EXPECT_EQ(store_->pair("shop")->revision, Revision{1});
}

/// Swaps without end, and says each revision that was acknowledged.
[[noreturn]] void swap_for_ever(const StoreFactory& factory, const std::filesystem::path& folder,
                                int acknowledged) {
    auto store = factory.open(folder, "machine", "key");
    auto record = (*store)->create(pair_named("shop"), {});
    for (;;) {
        record = (*store)->swap(record->revision, *record, {event_of("shop", "swapped")});
        const auto revision = number(record->revision);
        if (write(acknowledged, &revision, sizeof revision) != sizeof revision) {
            _exit(1);
        }
    }
}

TEST_P(StateStoreContract, AKilledProcessLosesNoAcknowledgedSwap) {
    for (int round = 0; round < 5; ++round) {
        const TemporaryFolder folder;
        int ends[2];
        ASSERT_EQ(pipe(ends), 0);
        const pid_t child = fork();
        if (child == 0) {
            swap_for_ever(GetParam(), folder.path(), ends[1]);
        }
        close(ends[1]);
        std::uint64_t last = 0;
        for (int i = 0; i < 20 + round; ++i) {
            ASSERT_EQ(read(ends[0], &last, sizeof last), ssize_t{sizeof last});
        }
        kill(child, SIGKILL);
        while (read(ends[0], &last, sizeof last) == ssize_t{sizeof last}) {
        }
        close(ends[0]);
        ASSERT_EQ(waitpid(child, nullptr, 0), child);

        const auto store = GetParam().open(folder.path(), "machine", "key");
        ASSERT_TRUE(store) << store.error().message;
        const auto head = number((*store)->head().value());
        EXPECT_GE(head, last);
        EXPECT_LE(head, last + 1); // At most the one that was under way.
        EXPECT_EQ(number((*store)->pair("shop")->revision), head);
        EXPECT_EQ((*store)->events({"", 0, 100'000})->size(), head - 1);
    }
}

INSTANTIATE_TEST_SUITE_P(Every, StateStoreContract, testing::ValuesIn(store_factories()),
                         [](const auto& factory) { return factory.param.name; });

} // namespace
} // namespace lockstep
