#include <gtest/gtest.h>

#include "controller/sqlite_store.h"
#include "controller/wiring.h"
#include "tests/support/pair_fixture.h"
#include "tests/support/run_coroutine.h"
#include "tests/unit/controller/scripted_agent.h"
#include "tests/unit/platform/tls_house.h"

// A whole controller with a pair in sync in its store, whose standby b is the archiver.
namespace lockstep {
namespace {

using Asked = Operations::Asked;

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

SnapshotReport report_of(const std::vector<std::string>& ids,
                         const std::string& repository = "/mnt/backup") {
    SnapshotReport report;
    report.pair = "shop";
    report.repository = repository;
    report.read = !repository.empty();
    for (const auto& id : ids) {
        Snapshot snapshot;
        snapshot.id = id;
        snapshot.pair = "shop";
        report.snapshots.push_back(std::move(snapshot));
    }
    return report;
}

class Deletion : public testing::Test {
protected:
    Deletion() { house_.add("b", CertificateUse::agent); }
    ~Deletion() override {
        if (controller_) {
            run_to_end(context_, end());
        }
    }

    PairRecord shop() {
        auto record = fixture::in_sync_record();
        record.store_id.clear();
        record.revision = Revision{};
        for (auto& [id, member] : record.members) {
            member.key = must(key_fingerprint(house_.pem(id)));
        }
        return record;
    }
    /// Starts it with a store that holds what `prepare` puts into it, changed by `sql`.
    void start(const std::function<void(StateStore&)>& prepare, std::string_view sql = "") {
        Controller::Start start;
        start.config.agents = {"127.0.0.1", 0};
        start.config.api = {"127.0.0.1", 0};
        start.config.zone = "db.example.test";
        start.authority = house_.authority();
        start.tls = house_.files("controller");
        const auto file = house_.folder() / "store.db";
        auto store = must(SqliteStore::open(file, "machine", "key"));
        prepare(*store);
        store.reset();
        ASSERT_TRUE(must(Sqlite::open(file)).run(sql));
        store = must(SqliteStore::open(file, "machine", "key"));
        start.records = must(store->pairs());
        start.head = must(store->head());
        start.orders = must(store->orders());
        start.deletions = {must(store->protected_pairs()), must(store->deleted_pairs())};
        start.store = std::move(store);
        controller_ = std::make_unique<Controller>(context_.get_executor(), std::move(start));
        ASSERT_TRUE(controller_->listen());
        controller_->begin();
    }
    /// With b, whose agent has told that report.
    void start_with_archiver(const SnapshotReport& report,
                             Protection protection = Protection::off) {
        start([&](StateStore& store) { must(store.create(shop(), {}, protection)); });
        join_b(report);
    }
    void join_b(const SnapshotReport& report) {
        const auto files = house_.files("b");
        ASSERT_TRUE(run_to_end(context_, b_->connect(controller_->agents_port(), files)));
        tell(report);
        eventually("hear of the snapshots", [this] { return snapshots().at(0).told; });
    }
    /// What its archiver tells if its work on that snapshot failed.
    static SnapshotReport failed_report(const std::string& id) {
        auto report = report_of({});
        SnapshotJob job;
        job.id = id;
        job.state = SnapshotJob::State::failed;
        job.trouble = "no room";
        report.jobs = {job};
        return report;
    }
    void tell(const SnapshotReport& report) {
        auto frame = wire::encode(wire::Snapshots{report});
        run_to_end(context_, send(std::move(frame)));
    }
    void eventually(const std::string& what, const std::function<bool()>& holds) {
        const auto deadline = Deadline::in(Milliseconds{5000});
        while (!holds()) {
            ASSERT_FALSE(deadline.passed()) << "it does not " << what;
            context_.restart();
            context_.run_for(Milliseconds{20});
        }
    }

    /// b is promoted, and does not serve yet.
    void force_b() {
        b_->observation = fixture::observed(shop(), "b");
        run_to_end(context_, say());
        FailoverRequest request;
        request.to = "b";
        request.accept_data_loss = true;
        request.fenced_by = "a is off";
        eventually("take the order to fail over", [&] { // Once it has heard b.
            return run_to_end(context_, operations().fail_over("shop", request, asked()))
                .has_value();
        });
        eventually("promote b", [this] { return !pair()->record.served; });
    }
    void expect_no_word_of_a() {
        ASSERT_TRUE(run_to_end(context_, operations().remove_member("shop", "b", asked())));
        eventually("go on alone", [this] { return pair()->record.in_sync.size() == 1; });
        EXPECT_EQ(snapshots().at(0).archiver, "a");
        EXPECT_FALSE(snapshots().at(0).told);
        EXPECT_TRUE(has(refusal({}), "is not known now")) << refusal({});
    }
    Result<std::optional<SnapshotOrder>> delete_shop(DeletePair request, bool dry_run = false) {
        const Asked asked{"otto", dry_run};
        return run_to_end(context_, operations().delete_pair("shop", std::move(request), asked));
    }
    Result<void> protect(Protection protection, bool dry_run = false) {
        const Asked asked{"otto", dry_run};
        return run_to_end(context_, operations().protect("shop", protection, asked));
    }
    std::string refusal(DeletePair request) {
        const auto refused = delete_shop(std::move(request));
        return refused ? "it is not refused" : refused.error().message;
    }
    Result<PairStatus> pair() { return run_to_end(context_, operations().pair("shop")); }
    std::vector<PairSnapshots> snapshots() {
        return must(run_to_end(context_, operations().snapshots("")));
    }
    bool event_told(const std::string& kind) {
        const StateStore::EventQuery query{"shop", 0, 1000};
        const auto events = must(run_to_end(context_, operations().events(query)));
        return std::any_of(events.begin(), events.end(),
                           [&](const Event& event) { return event.kind == kind; });
    }
    Operations& operations() { return controller_->operations(); }
    Operations::Asked asked() const { return {"otto", false}; }

    TlsHouse house_;
    asio::io_context context_{1};
    std::unique_ptr<Controller> controller_;
    std::shared_ptr<ScriptedAgent> b_ = std::make_shared<ScriptedAgent>("b", "host-b", "first");

private:
    Awaitable<bool> end() {
        co_await controller_->end();
        co_return true;
    }
    Awaitable<bool> say() {
        co_await b_->say();
        co_return true;
    }
    Awaitable<bool> send(std::string frame) {
        co_await b_->send(std::move(frame));
        co_return true;
    }
};

const DeletePair skip{"", true};
const DeletePair last{"shop-last", false};

TEST_F(Deletion, OfAProtectedPairIsRefusedUntilItIsUnprotected) {
    start_with_archiver(report_of({}), Protection::on);
    EXPECT_TRUE(pair()->deletion_protection);
    for (const auto& request : {skip, last, DeletePair{}}) {
        EXPECT_TRUE(has(refusal(request), "`lockstep pair unprotect shop`")) << refusal(request);
    }
    EXPECT_FALSE(delete_shop(skip, true)) << "a dry run says so, too";
    EXPECT_TRUE(protect(Protection::off, true));
    EXPECT_TRUE(pair()->deletion_protection) << "a dry run changes nothing";
    EXPECT_TRUE(protect(Protection::off));
    EXPECT_FALSE(pair()->deletion_protection);
    EXPECT_TRUE(event_told("unprotected"));
    EXPECT_TRUE(delete_shop(skip, true));
    EXPECT_TRUE(pair()) << "a dry run changes nothing";
    const auto deleted = delete_shop(skip);
    ASSERT_TRUE(deleted) << deleted.error().message;
    EXPECT_FALSE(deleted->has_value());
    EXPECT_EQ(pair().error().code, Errc::unreachable);
    EXPECT_EQ(protect(Protection::on).error().code, Errc::unreachable);
}

TEST_F(Deletion, WantsAWordOnTheFinalSnapshotWhereOneCanBeTaken) {
    start_with_archiver(report_of({}));
    for (const auto& request : {DeletePair{}, DeletePair{"shop-last", true}}) {
        const auto words = refusal(request);
        EXPECT_TRUE(has(words, "--final-snapshot NAME")) << words;
        EXPECT_TRUE(has(words, "--skip-final-snapshot")) << words;
    }
    EXPECT_TRUE(pair());
}

TEST_F(Deletion, WantsAWordWhereNobodyHasToldOfARepository) {
    start([this](StateStore& store) { must(store.create(shop(), {})); });
    EXPECT_TRUE(has(refusal({}), "is not known now")) << refusal({});
    EXPECT_EQ(delete_shop(last).error().code, Errc::unreachable) << "nobody to ask";
    EXPECT_TRUE(delete_shop(skip));
    EXPECT_TRUE(snapshots().empty()) << "nothing is known of its snapshots";
}

// Nobody is the archiver of a pair whose new primary does not serve yet.
TEST_F(Deletion, WantsAWordWhileThePairIsPromoting) {
    start([this](StateStore& store) {
        auto record = shop();
        const auto promoting = fixture::promoting_record();
        record.epoch = promoting.epoch;
        record.primary = promoting.primary;
        record.former = promoting.former;
        record.served = false;
        record.in_sync = promoting.in_sync;
        must(store.create(record, {}));
    });
    EXPECT_TRUE(has(refusal({}), "is not known now")) << refusal({});
    EXPECT_TRUE(has(refusal(last), "until its new primary, b, serves")) << refusal(last);
    EXPECT_TRUE(pair());
    EXPECT_TRUE(delete_shop(skip));
}

TEST_F(Deletion, WantsAWordIfARepositoryWasToldOfBeforeAFailover) {
    start_with_archiver(report_of({"shop-0"}));
    force_b();
    EXPECT_TRUE(has(refusal({}), "has a repository for snapshots")) << refusal({});
    const auto deleted = delete_shop(skip);
    ASSERT_TRUE(deleted) << deleted.error().message;
    ASSERT_EQ(snapshots().size(), 1U) << "it stays listed";
    EXPECT_EQ(snapshots()[0].report.snapshots.at(0).id, "shop-0");
}

// a keeps the snapshots once b is out of the pair, and has told nothing.
TEST_F(Deletion, WantsAWordWhereOnlyAFormerArchiverToldOfNoRepository) {
    start_with_archiver(report_of({}, ""));
    expect_no_word_of_a();
    EXPECT_EQ(delete_shop(last).error().code, Errc::unreachable) << "nobody told of a repository";
    ASSERT_TRUE(delete_shop(skip));
    EXPECT_TRUE(snapshots().empty());
}

TEST_F(Deletion, WantsAWordWhereOnlyAFormerArchiverToldOfARepository) {
    start_with_archiver(report_of({"shop-0"}));
    expect_no_word_of_a();
    EXPECT_EQ(snapshots().at(0).report.snapshots.size(), 1U) << "it is shown until a tells";
    EXPECT_TRUE(delete_shop(last)) << "a may have one: it is waited for";
    ASSERT_TRUE(delete_shop(skip));
    EXPECT_TRUE(snapshots().empty()) << "b does not look after them";
}

TEST_F(Deletion, NeedsNoWordIfThePairNeverServed) {
    start([this](StateStore& store) {
        auto record = shop();
        record.served = false;
        record.in_sync.erase("b");
        must(store.create(record, {}));
    });
    EXPECT_TRUE(has(refusal(last), "no final snapshot of pair shop can be taken"));
    EXPECT_TRUE(delete_shop({}));
}

TEST_F(Deletion, NeedsNoWordWithoutARepository) {
    start_with_archiver(report_of({}, ""));
    EXPECT_TRUE(has(refusal(last), "no final snapshot of pair shop can be taken"));
    EXPECT_TRUE(delete_shop({}));
    EXPECT_FALSE(pair());
    EXPECT_TRUE(snapshots().empty());
}

TEST_F(Deletion, HappensOnceTheFinalSnapshotIsTaken) {
    start_with_archiver(report_of({"shop-0"}));
    const auto order = delete_shop(last);
    ASSERT_TRUE(order && *order);
    EXPECT_EQ((*order)->kind, SnapshotKind::final);
    EXPECT_EQ((*order)->tags.at("name"), "shop-last");
    EXPECT_EQ(delete_shop(last).error().code, Errc::conflict) << "it is on its way";
    eventually("be told", [this] { return b_->told.orders.size() == 1; });
    EXPECT_EQ(b_->told.orders.at(0).id, (*order)->id);
    ASSERT_TRUE(pair()) << "nothing is taken yet";
    EXPECT_EQ(pair()->deletion->id, (*order)->id);

    tell(report_of({"shop-0", (*order)->id}));
    eventually("be deleted", [this] { return !pair(); });
    EXPECT_TRUE(event_told("pair_deleted"));
    const auto left = snapshots();
    ASSERT_EQ(left.size(), 1U);
    EXPECT_GT(left[0].deleted_unix_ms, 0);
    EXPECT_EQ(left[0].archiver, "b");
    EXPECT_EQ(left[0].report.snapshots.size(), 2U);
    EXPECT_TRUE(left[0].orders.empty());
    EXPECT_TRUE(left[0].failures.empty());
    EXPECT_FALSE(run_to_end(context_, operations().snapshots("books")));
}

TEST_F(Deletion, DoesNotHappenIfTheFinalSnapshotFails) {
    start_with_archiver(report_of({}));
    const auto order = delete_shop(last);
    ASSERT_TRUE(order && *order);
    tell(failed_report((*order)->id));
    eventually("end the order", [this] { return !pair()->deletion; });
    ASSERT_TRUE(pair());
    EXPECT_EQ(snapshots().at(0).failures.at(0).second, "no room");
    eventually("tell of it", [this] { return event_told("pair_not_deleted"); });
    EXPECT_TRUE(delete_shop(last)) << "it can be asked for again";
}

TEST_F(Deletion, DoesNotHappenIfThePairIsProtectedMeanwhile) {
    start_with_archiver(report_of({}));
    const auto order = delete_shop(last);
    ASSERT_TRUE(order && *order);
    EXPECT_TRUE(protect(Protection::on));
    EXPECT_FALSE(pair()->deletion) << "it is called off at once";
    EXPECT_TRUE(has(snapshots().at(0).failures.at(0).second, "otto protected the pair"));
    tell(report_of({(*order)->id})); // It was on its way.
    eventually("hear of it", [this] { return snapshots().at(0).report.snapshots.size() == 1; });
    EXPECT_TRUE(pair());
    eventually("tell of it", [this] { return event_told("pair_not_deleted"); });
}

// The controller ended when it had stored the protection, and not yet the end of the order.
TEST_F(Deletion, DoesNotHappenToAProtectedPairWhateverWasOrdered) {
    const SnapshotOrder order{
        SnapshotWork::take, "shop-9", "shop", SnapshotKind::final, {}, {}, "ann", unix_ms()};
    start([&](StateStore& store) {
        must(store.create(shop(), {}, Protection::on));
        ASSERT_TRUE(store.put_order(order));
    });
    const auto files = house_.files("b");
    ASSERT_TRUE(run_to_end(context_, b_->connect(controller_->agents_port(), files)));
    tell(report_of({"shop-9"}));
    eventually("end the order", [this] { return !pair()->deletion; });
    ASSERT_TRUE(pair());
    const auto seen = snapshots().at(0);
    ASSERT_EQ(seen.failures.size(), 1U);
    EXPECT_TRUE(has(seen.failures[0].second, "the snapshot is taken and stays"));
    EXPECT_TRUE(has(seen.failures[0].second, "pair unprotect shop"));
    EXPECT_EQ(seen.report.snapshots.size(), 1U);
}

// What the store still holds deletes the pair in the next controller, so nobody is told otherwise.
TEST_F(Deletion, IsNotGivenUpBeforeThatIsStored) {
    start([this](StateStore& store) { must(store.create(shop(), {})); },
          "CREATE TRIGGER no_end BEFORE DELETE ON snapshot_orders "
          "BEGIN SELECT RAISE(ABORT, 'the disk is ill'); END");
    join_b(report_of({}));
    const auto order = delete_shop(last);
    ASSERT_TRUE(order && *order);
    tell(failed_report((*order)->id));
    eventually("say why", [this] { return event_told("store_failed"); });
    EXPECT_FALSE(event_told("pair_not_deleted"));
    EXPECT_TRUE(snapshots().at(0).failures.empty());
    ASSERT_TRUE(pair()->deletion) << "it stands";
    EXPECT_EQ(pair()->deletion->id, (*order)->id);
    EXPECT_FALSE(protect(Protection::on)) << "nor is it called off";
    EXPECT_FALSE(pair()->deletion_protection);
    EXPECT_FALSE(delete_shop(skip));
    EXPECT_TRUE(pair());
}

TEST_F(Deletion, IsGivenUpWhenItsArchiverHasNoRepository) {
    start_with_archiver(report_of({}));
    ASSERT_TRUE(delete_shop(last));
    auto report = report_of({}, "");
    report.trouble = "its file names none";
    tell(report);
    eventually("be given up", [this] { return !pair()->deletion; });
    const auto seen = snapshots().at(0);
    ASSERT_EQ(seen.failures.size(), 1U);
    EXPECT_TRUE(has(seen.failures[0].second, "agent b")) << seen.failures[0].second;
    EXPECT_TRUE(has(seen.failures[0].second, "its file names none")) << seen.failures[0].second;
    eventually("tell of it", [this] { return event_told("pair_not_deleted"); });
    EXPECT_TRUE(pair());
}

TEST_F(Deletion, IsGivenUpAfterADay) {
    constexpr std::int64_t hour = 3600 * 1000;
    const SnapshotOrder old{
        SnapshotWork::take,   "shop-8", "shop", SnapshotKind::final, {}, {}, "ann",
        unix_ms() - 25 * hour};
    start([&](StateStore& store) {
        must(store.create(shop(), {}));
        ASSERT_TRUE(store.put_order(old));
    });
    eventually("be given up", [this] { return !pair()->deletion; }); // With no archiver at all.
    join_b(report_of({"shop-8"}));
    eventually("tell of it", [this] { return event_told("pair_not_deleted"); });
    EXPECT_TRUE(pair());
}

TEST_F(Deletion, IsNotGivenUpWithinADay) {
    constexpr std::int64_t hour = 3600 * 1000;
    const SnapshotOrder young{
        SnapshotWork::take,   "shop-8", "shop", SnapshotKind::final, {}, {}, "ann",
        unix_ms() - 23 * hour};
    start([&](StateStore& store) {
        must(store.create(shop(), {}));
        ASSERT_TRUE(store.put_order(young));
    });
    join_b(report_of({"shop-8"}));
    eventually("be deleted", [this] { return !pair(); });
    EXPECT_FALSE(event_told("pair_not_deleted"));
}

TEST_F(Deletion, KeepsTheListOfARepositoryThatCannotBeReadNow) {
    auto read = report_of({"shop-0"});
    LogSegment segment;
    segment.name = "1-2";
    read.log = {segment};
    read.forks.resize(1);
    start_with_archiver(read);
    auto away = report_of({});
    away.read = false;
    for (const auto* trouble : {"it is away", "it is still away"}) {
        away.trouble = trouble;
        tell(away);
        eventually("hear it", [&] { return snapshots().at(0).report.trouble == trouble; });
    }
    ASSERT_TRUE(delete_shop(skip));
    const auto left = snapshots();
    ASSERT_EQ(left.size(), 1U);
    ASSERT_EQ(left[0].report.snapshots.size(), 1U);
    EXPECT_EQ(left[0].report.snapshots[0].id, "shop-0");
    EXPECT_EQ(left[0].report.log, read.log);
    EXPECT_EQ(left[0].report.forks, read.forks);
}

TEST_F(Deletion, CanBeHadAtOnceAfterAll) {
    start_with_archiver(report_of({}));
    ASSERT_TRUE(delete_shop(last));
    ASSERT_TRUE(delete_shop(skip));
    EXPECT_FALSE(pair());
    EXPECT_TRUE(snapshots().at(0).orders.empty());
}

TEST_F(Deletion, GoesOnInTheNextController) {
    const SnapshotOrder order{
        SnapshotWork::take, "shop-9", "shop", SnapshotKind::final, {}, {}, "ann", unix_ms()};
    start([&](StateStore& store) {
        must(store.create(shop(), {}));
        ASSERT_TRUE(store.put_order(order));
    });
    EXPECT_EQ(pair()->deletion->id, "shop-9");
    const auto files = house_.files("b");
    ASSERT_TRUE(run_to_end(context_, b_->connect(controller_->agents_port(), files)));
    tell(report_of({"shop-9"}));
    eventually("be deleted", [this] { return !pair(); });
    EXPECT_EQ(snapshots().at(0).report.snapshots.at(0).id, "shop-9");
}

class DeletedPairs : public Deletion {
protected:
    /// A pair that an earlier controller deleted.
    void leave(StateStore& store) {
        const auto record = must(store.create(shop(), {}));
        const DeletedPair left{"shop", 1795383200123, "b", report_of({"shop-9"})};
        ASSERT_TRUE(store.remove("shop", record.revision, {}, left));
    }
    Result<PairRecord> restore(const std::string& id) {
        RestoreRequest request;
        request.origin.pair = "shop";
        request.origin.snapshot = id;
        request.origin.target.consistent = true;
        request.as = "old";
        request.to = "nobody";
        return run_to_end(context_, operations().restore(std::move(request), asked()));
    }
};

TEST_F(DeletedPairs, StayListedAndAreForgottenOnlyWhenAsked) {
    start([this](StateStore& store) { leave(store); });
    const auto left = snapshots().at(0);
    EXPECT_EQ(left.deleted_unix_ms, 1795383200123);
    EXPECT_FALSE(left.told);
    EXPECT_EQ(left.report.snapshots.at(0).id, "shop-9");
    const auto order =
        run_to_end(context_, operations().order_snapshot(SnapshotWork::check, "shop-9", asked()));
    ASSERT_FALSE(order) << "its agent is not there";
    EXPECT_TRUE(has(order.error().message, "can be restored")) << order.error().message;
    EXPECT_EQ(restore("shop-7").error().code, Errc::unreachable) << "only for want of an agent";

    const Asked dry{"otto", true};
    EXPECT_TRUE(run_to_end(context_, operations().forget_deleted("shop", dry)));
    EXPECT_EQ(snapshots().size(), 1U);
    EXPECT_TRUE(run_to_end(context_, operations().forget_deleted("shop", asked())));
    EXPECT_TRUE(snapshots().empty());
    const auto again = run_to_end(context_, operations().forget_deleted("shop", asked()));
    EXPECT_EQ(again.error().code, Errc::unreachable);
}

TEST_F(DeletedPairs, AreLookedAfterWhileTheirAgentIsInNoOther) {
    start([this](StateStore& store) { leave(store); });
    join_b(report_of({"shop-8", "shop-9"}));
    EXPECT_TRUE(snapshots().at(0).connected);
    const auto order =
        run_to_end(context_, operations().order_snapshot(SnapshotWork::remove, "shop-8", asked()));
    ASSERT_TRUE(order) << order.error().message;
    EXPECT_NE(restore("shop-7").error().code, Errc::unreachable) << "its agent's word counts";
    eventually("be told", [this] { return b_->told.orders.size() == 1; });
    tell(report_of({"shop-9"}));
    eventually("end the order", [this] { return snapshots().at(0).orders.empty(); });
    EXPECT_EQ(snapshots().at(0).report.snapshots.size(), 1U);
}

// The store removed the pair, and an older controller ended before it had ended the order.
TEST_F(DeletedPairs, EndTheOrderForTheirDeletionWithoutAWord) {
    const SnapshotOrder order{
        SnapshotWork::take, "shop-9", "shop", SnapshotKind::final, {}, {}, "ann", unix_ms()};
    start([&](StateStore& store) {
        leave(store);
        ASSERT_TRUE(store.put_order(order));
    });
    join_b(report_of({"shop-9"}));
    eventually("end the order", [this] { return snapshots().at(0).orders.empty(); });
    EXPECT_TRUE(snapshots().at(0).failures.empty());
    EXPECT_FALSE(event_told("pair_not_deleted"));
}

TEST_F(DeletedPairs, AreNotListedBesideANewOneOfTheirName) {
    start([this](StateStore& store) {
        leave(store);
        must(store.create(shop(), {}));
    });
    const auto all = snapshots();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].deleted_unix_ms, 0);
    EXPECT_FALSE(all[0].told) << "what an old archiver told is no word on the new one";
}

} // namespace
} // namespace lockstep
