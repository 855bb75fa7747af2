#include <gtest/gtest.h>

#include "core/endpoint.h"
#include "core/goal.h"
#include "core/snapshot_id.h"
#include "core/wire/codec.h"
#include "tests/support/pair_fixture.h"

namespace lockstep {
namespace {

using namespace fixture;

TEST(Names, SayWhatIsAllowed) {
    EXPECT_TRUE(parse_member_id("db_1"));
    for (const auto* bad :
         {"", "1a", "A", "a-b", "a.b", "a'b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
        EXPECT_FALSE(parse_member_id(bad)) << bad;
    }
    EXPECT_TRUE(parse_pair_name("web-shop"));
    for (const auto* bad : {"", "-a", "a-", "a_b", "shop-ro", "Shop", "a.b"}) {
        EXPECT_FALSE(parse_pair_name(bad)) << bad;
    }
}

TEST(Record, PhaseIsAFunctionOfIt) {
    EXPECT_EQ(phase_of(forming_record()), Phase::forming);
    auto later = forming_record(); // There were other pairs before.
    later.epoch = Epoch{7};
    EXPECT_EQ(phase_of(later), Phase::forming);
    EXPECT_EQ(phase_of(solo_record()), Phase::solo);
    EXPECT_EQ(phase_of(granted_record()), Phase::granted);
    EXPECT_EQ(phase_of(in_sync_record()), Phase::in_sync);
    EXPECT_EQ(phase_of(promoting_record()), Phase::promoting);
}

TEST(Record, ChecksRefuseWhatNoRecordMayBe) {
    EXPECT_TRUE(check(in_sync_record()));
    auto record = solo_record();
    record.primary = "z";
    EXPECT_FALSE(check(record));
    record = solo_record();
    record.in_sync.clear();
    EXPECT_FALSE(check(record));
    record = in_sync_record();
    record.grant = Grant{"b", "", 0};
    EXPECT_FALSE(check(record));
}

TEST(Record, REDTEAM_F7_ASyncNameIsMadeForOneGrantAndFitsTheEngine) {
    EXPECT_EQ(sync_name_of(in_sync_record()), "ls_b_9");
    EXPECT_EQ(sync_name_of(granted_record()), "ls_b_10");
    EXPECT_EQ(sync_name_of(solo_record()), "");
    const MemberId longest(32, 'm');
    EXPECT_LE(sync_name(longest, Revision{18446744073709551615ULL}).size(), 63U);
}

TEST(Goal, OfAnInSyncPair) {
    const auto record = in_sync_record();
    const auto primary = goal_for(record, "a");
    EXPECT_EQ(primary.role, Role::primary);
    EXPECT_EQ(primary.sync_name, "ls_b_9");
    EXPECT_FALSE(primary.prove);
    const auto standby = goal_for(record, "b");
    EXPECT_EQ(standby.role, Role::standby);
    EXPECT_EQ(standby.sync_name, "ls_b_9");
    EXPECT_EQ(standby.upstream->id, "a");
    EXPECT_TRUE(standby.data_protected);
    EXPECT_FALSE(standby.rebuild_allowed);
}

TEST(Goal, R10_AGrantedMembersDataIsProtectedAndItsReplayHeld) {
    const auto goal = goal_for(granted_record(), "b");
    EXPECT_TRUE(goal.data_protected);
    EXPECT_TRUE(goal.hold_replay);
    EXPECT_TRUE(goal_for(granted_record(), "a").prove);
}

TEST(Goal, AStandbyWithoutAGrantStreamsUnderANameThatNobodyWaitsFor) {
    EXPECT_EQ(goal_for(solo_record(), "b").sync_name, "ls_b_async");
    EXPECT_TRUE(goal_for(solo_record(), "b").rebuild_allowed);
}

TEST(Goal, TheOldPrimaryRunsNothingUntilTheNewOneServes) {
    const auto goal = goal_for(promoting_record(), "a");
    EXPECT_EQ(goal.role, Role::none);
    EXPECT_FALSE(goal.rebuild_allowed);
    EXPECT_TRUE(goal_for(promoting_record(), "b").promote);
}

TEST(Goal, PauseStopsRebuilds) {
    auto record = solo_record();
    record.paused = true;
    EXPECT_FALSE(goal_for(record, "b").rebuild_allowed);
}

TEST(Goal, AStrangerHasNone) {
    EXPECT_EQ(goal_for(solo_record(), "z").role, Role::none);
}

TEST(Endpoint, REDTEAM_F16_ReadOnlyLeadsToTheInSyncStandbyElseToThePrimary) {
    EXPECT_EQ(endpoint_of(in_sync_record()).read_only_address, "10.0.0.2");
    EXPECT_EQ(endpoint_of(granted_record()).read_only_address, "10.0.0.1");
}

KeptDivergence kept_divergence() {
    KeptDivergence kept;
    kept.id = "a-1795383200-rev12";
    kept.unix_ms = 1'795'383'200'123;
    kept.epoch = Epoch{4};
    kept.fork = "0/3000060 on timeline 1";
    kept.why = "its last record is at \"0/1\"\n";
    kept.log.done = true;
    kept.log.committed = 2;
    kept.log.transactions = {{"735", "committed 2026", "0/5", 3, {"1663/5/16385 (3)"}}};
    return kept;
}

TEST(Codec, ADivergenceIsReadAsItWasWritten) {
    const auto text = wire::encode_divergence(kept_divergence());
    EXPECT_NE(text.find('\n'), std::string::npos);
    EXPECT_EQ(wire::decode_divergence(text), kept_divergence());
    EXPECT_FALSE(wire::decode_divergence("{}"));
}

SnapshotReport reported() {
    SnapshotReport report;
    report.pair = "shop";
    report.repository = "/mnt/backup";
    report.read = true;
    Snapshot snapshot;
    snapshot.id = "shop-1";
    snapshot.begin = {first_history, 5};
    snapshot.proof = SnapshotProof::queried;
    report.snapshots = {snapshot};
    LogSegment segment;
    segment.name = "000A";
    segment.history = first_history;
    segment.to = 9;
    report.log = {segment};
    report.forks = {{first_history, {}, 0}};
    SnapshotJob job;
    job.work = SnapshotWork::check;
    job.state = SnapshotJob::State::failed;
    job.trouble = "no \"room\"";
    report.jobs = {job};
    const WindowAdvice window{"UTC", "02:00-03:00", "04:30-05:30", 100, 10, "quieter"};
    report.plan = {1795664700123, true, 7, "due", {{"shop-0", 5, "old"}}, 2, 9, 12, window};
    return report;
}

TEST(Codec, ARecordOfAnOlderVersionIsRead) {
    auto text = wire::encode_record(granted_record());
    for (const std::string key :
         {",\"origin\":null",
          ",\"snapshots\":{\"minimum\":1,\"retention_days\":7,"
          "\"time_zone\":\"UTC\",\"verify\":false,\"window\":\"02:00-03:00\"}"}) {
        const auto at = text.find(key);
        ASSERT_NE(at, std::string::npos) << text;
        text.erase(at, key.size());
    }
    EXPECT_EQ(wire::decode_record(text).value(), granted_record());
}

TEST(Codec, AReportOfAnOlderVersionIsRead) { // A store keeps that of a pair that was deleted.
    auto text = wire::encode_report(reported());
    const auto at = text.find(",\"window\":{");
    ASSERT_NE(at, std::string::npos) << text;
    text.erase(at, text.find('}', at) + 1 - at);
    auto expected = reported();
    expected.plan.window = {};
    EXPECT_EQ(wire::decode_report(text).value(), expected);
}

TEST(Codec, EveryMessageSurvivesTheTrip) {
    auto record = granted_record();
    record.intent = {IntentKind::force, "b", "cable \"cut\"\n", "ann"};
    record.policy.when_standby_lost = WhenStandbyLost::wait;
    record.policy.profile = Profile::wan;
    record.policy.snapshots = {14, 2, "23:50-00:20", "Europe/Berlin", true};
    record.origin = Origin{"books", "", {1795664700123, {}, "", false, "", false}};
    wire::Status status{observed(record, "b"), {"run", Milliseconds{5}}};
    status.observation.barrier = Barrier{Revision{3}, "ls_b_3", {first_history, 7}};
    status.observation.hand_over = HandOver{
        Revision{4}, HandOverStage::stopped, Milliseconds{30}, {first_history, 8}, "trouble"};
    status.observation.job = Job{"cloning", 5, 10, Milliseconds{70}};
    wire::Told told_message;
    told_message.store_id = "store";
    told_message.record = record;
    told_message.permit = wire::StartPermit{7, Epoch{2}};
    told_message.proof = wire::Stamp{"run", Milliseconds{5}};
    told_message.orders = {{SnapshotWork::take,
                            "shop-1",
                            "shop",
                            SnapshotKind::manual,
                            {{"why", "move"}},
                            {},
                            "ann",
                            7}};
    told_message.zone = {"db.test", 7, {{"ns-a", "10.0.0.1", 53}}, {endpoint_of(record)}};
    const wire::Message messages[] = {wire::Hello{},
                                      wire::Snapshots{reported()},
                                      status,
                                      wire::Report{"promote", "info", "done", 5},
                                      told_message,
                                      wire::Told{},
                                      wire::Refused{"no"},
                                      wire::Enroll{"a", "s", "csr"},
                                      wire::Enrolled{"c", "ca", "store"},
                                      wire::Divergences{{kept_divergence()}}};
    for (const auto& message : messages) {
        const auto back = wire::decode(wire::encode(message));
        ASSERT_TRUE(back) << back.error().message;
        EXPECT_TRUE(*back == message) << wire::encode(message);
    }
}

TEST(Codec, ErrorsNameThePlace) {
    const auto wrong_type = wire::decode(R"({"type":"refused","body":{"reason":5}})");
    ASSERT_FALSE(wrong_type);
    EXPECT_EQ(wrong_type.error().code, Errc::corrupt);
    EXPECT_NE(wrong_type.error().message.find("reason"), std::string::npos)
        << wrong_type.error().message;
    EXPECT_FALSE(wire::decode(R"({"type":"nothing","body":{}})"));
    EXPECT_FALSE(wire::decode("{"));
    EXPECT_FALSE(wire::decode(R"({"type":"status","body":{}})"));
}

TEST(Codec, AnUnknownWordIsNotTakenForAnother) {
    auto text = wire::encode_record(solo_record());
    const auto at = text.find("\"lan\"");
    text.replace(at, 5, "\"mars\"");
    EXPECT_FALSE(wire::decode_record(text));
}

TEST(Codec, AnUnsoundRecordIsRefused) {
    auto record = solo_record();
    record.in_sync.clear();
    EXPECT_EQ(wire::decode_record(wire::encode_record(record)).error().code, Errc::corrupt);
}

TEST(Position, IsComparedOnOneHistoryOnly) {
    const Position mark{first_history, 100};
    EXPECT_TRUE(reached({first_history, 100}, mark));
    EXPECT_FALSE(reached({first_history, 99}, mark));
    EXPECT_FALSE(reached({History{"2"}, 500}, mark));
    EXPECT_FALSE(reached({{}, 500}, {{}, 100}));
    EXPECT_FALSE(behind({History{"2"}, 5}, mark));
    EXPECT_TRUE(behind({first_history, 5}, mark));
}

TEST(SnapshotName, IsShortAndWithoutSurprises) {
    for (const auto* name : {"last", "Shop_2026.11-26", "1"}) {
        EXPECT_EQ(parse_snapshot_name(name).value(), name);
    }
    for (const auto& name : {std::string(), std::string("-x"), std::string("a b"),
                             std::string("a/b"), std::string(64, 'x')}) {
        EXPECT_FALSE(parse_snapshot_name(name)) << name;
    }
}

TEST(SnapshotId, NamesItsPairAndItsTime) {
    const auto id = snapshot_id("my-shop", 1795664700123, "a1b2");
    EXPECT_EQ(id, "my-shop-20261126t034500z-a1b2");
    EXPECT_EQ(pair_of_snapshot(id).value(), "my-shop");
    for (const auto* other : {"shop", "shop-20261126t034500z", "Shop-20261126t034500z-a1b2",
                              "-20261126t034500z-a1b2", "shop-20261126t034500z-a1b2/.."}) {
        EXPECT_FALSE(pair_of_snapshot(other)) << other;
    }
}

} // namespace
} // namespace lockstep
