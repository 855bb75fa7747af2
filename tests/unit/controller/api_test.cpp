#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "controller/api/changes.h"
#include "controller/api/routes.h"
#include "controller/decision/rules.h"
#include "tests/support/fake_operations.h"
#include "tests/support/run_coroutine.h"

namespace lockstep {
namespace {

using nlohmann::json;

struct Answer {
    int status = 0;
    json body;
    [[nodiscard]] std::string message() const { return body.at("error").at("message"); }
    [[nodiscard]] std::string code() const { return body.at("error").at("code"); }
};

class Api : public testing::Test {
protected:
    Answer call(const std::string& method, const std::string& path, const std::string& body = "",
                std::map<std::string, std::string> query = {}) {
        HttpRequest request{method, path, std::move(query), body, peer_};
        asio::io_context context;
        const auto response = run_to_end(context, handle(std::move(request), operations_));
        return {response.status, json::parse(response.body)};
    }

    PeerIdentity peer_{"grace", "operator", "key"};
    std::shared_ptr<FakeOperations> operations_ = std::make_shared<FakeOperations>();
};

TEST_F(Api, ShowsWhatAgentsKeep) {
    KeptDivergence kept;
    kept.id = "a-1795383200-rev12";
    kept.pair = "shop";
    kept.member = "a";
    kept.unix_ms = 1'795'383'200'000;
    kept.log.committed = 2;
    kept.log.transactions = {{"735", "committed", "0/5", 3, {"1663/5/16385 (3)"}}};
    operations_->kept = {{kept}, {{"a", "shop", false, true, Milliseconds{5000}}}};
    for (const auto* const path : {"/v1/divergences", "/v1/pairs/shop/divergences"}) {
        const auto list = call("GET", path);
        EXPECT_EQ(list.status, 200);
        const auto& one = list.body.at("divergences").at(0);
        EXPECT_EQ(one.at("id"), kept.id);
        EXPECT_EQ(one.at("time"), "2026-11-22T21:33:20.000Z");
        EXPECT_TRUE(one.at("rejoined").is_null());
        EXPECT_EQ(one.at("log").at("committed"), 2);
        EXPECT_FALSE(one.contains("transactions"));
        EXPECT_EQ(list.body.at("sources").at(0).at("connected"), false);
    }
    const auto shown = call("GET", "/v1/pairs/shop/divergences/" + kept.id);
    EXPECT_EQ(shown.status, 200);
    EXPECT_EQ(shown.body.at("transactions").at(0).at("id"), "735");
    EXPECT_EQ(shown.body.at("source").at("silent_ms"), 5000);
    EXPECT_EQ(call("GET", "/v1/divergences/" + kept.id).body, shown.body);
    const auto none = call("GET", "/v1/divergences/b-1-rev1");
    EXPECT_EQ(none.status, 404);
    EXPECT_NE(none.message().find("lockstep divergence list"), std::string::npos);
    EXPECT_EQ(call("GET", "/v1/pairs/other/divergences").status, 404);
}

TEST_F(Api, ShowsSnapshotsWithWhatCanBeRestored) {
    auto& told = operations_->shop_snapshots;
    told.pair = "shop";
    told.archiver = "b";
    told.told = true;
    told.report.repository = "/mnt/backup";
    told.restorable.latest_unix_ms = 1'795'383'200'000;
    Snapshot snapshot;
    snapshot.id = "shop-1";
    snapshot.proof = SnapshotProof::checksummed;
    told.report.snapshots = {snapshot};
    told.orders = {
        {SnapshotWork::take, "shop-2", "shop", SnapshotKind::manual, {}, {}, "grace", 1}};
    told.failures = {{{SnapshotWork::check, "shop-1", "shop", {}, {}, {}, "grace", 1}, "no room"}};
    for (const auto* const path : {"/v1/snapshots", "/v1/pairs/shop/snapshots"}) {
        const auto list = call("GET", path);
        EXPECT_EQ(list.status, 200);
        const auto& one = list.body.at("pairs").at(0);
        EXPECT_EQ(one.at("snapshots").at(0).at("proof"), "checksummed");
        EXPECT_TRUE(one.at("snapshots").at(0).at("end_time").is_null());
        EXPECT_TRUE(one.at("restorable").at("earliest_time").is_null());
        EXPECT_EQ(one.at("restorable").at("latest_time"), "2026-11-22T21:33:20.000Z");
        EXPECT_EQ(one.at("orders").at(0).at("work"), "take");
        EXPECT_EQ(one.at("failures").at(0).at("trouble"), "no room");
    }
    EXPECT_EQ(call("GET", "/v1/pairs/other/snapshots").status, 404);
}

TEST_F(Api, ReadsWhatIsToBeRestored) {
    const auto asked = call("POST", "/v1/restores",
                            R"({"pair":"shop","snapshot":"shop-1","as":"old","to":"c","standby":"d",
                                "target":{"transaction":"735","exclusive":true}})");
    EXPECT_EQ(asked.status, 200);
    const auto& request = operations_->restored;
    EXPECT_EQ(request.origin.pair, "shop");
    EXPECT_EQ(request.origin.snapshot, "shop-1");
    EXPECT_EQ(request.origin.target.transaction, "735");
    EXPECT_TRUE(request.origin.target.exclusive);
    EXPECT_EQ(request.as, "old");
    EXPECT_EQ(request.to, "c");
    EXPECT_EQ(request.standby, "d");
    call("POST", "/v1/restores",
         R"({"pair":"shop","as":"old","to":"c","target":{"position":53271552}})");
    EXPECT_EQ(operations_->restored.origin.target.position, (Position{{}, 53271552}));
    for (const auto* target : {R"({"unix_ms":1,"name":"x"})", R"({"exclusive":true})",
                               R"({"position":1,"name":"x"})", R"({"position":"0/32DCC00"})",
                               R"({"position":-1})", R"({"unix_ms":"now"})", R"({"time":1})"}) {
        const std::string body = R"({"pair":"shop","as":"old","to":"c","target":)";
        const auto refused = call("POST", "/v1/restores", body + target + "}");
        EXPECT_EQ(refused.status, 400) << target;
    }
    EXPECT_EQ(call("POST", "/v1/pairs/shop/snapshots", R"({"tags":["why"]})").status, 400);
}

TEST_F(Api, ChangesOfAScheduleOnlyWhatIsNamed) {
    EXPECT_EQ(call("POST", "/v1/pairs/shop/schedule", R"({"verify":false,"minimum":0})").status,
              200);
    ScheduleChange change;
    change.verify = false;
    change.minimum = 0;
    EXPECT_EQ(operations_->schedule, change);
    for (const auto* body :
         {R"({"window":""})", R"({"retention_days":36})", R"({"minimum":"1"})", R"({"days":1})"}) {
        EXPECT_EQ(call("POST", "/v1/pairs/shop/schedule", body).status, 400) << body;
    }
}

struct Change {
    std::string method;
    std::string path;
    std::string body;
    std::string call;
};

const std::vector<Change> changes = {
    {"POST", "/v1/pairs", R"({"name":"shop","primary":"a","members":["a","b"]})", "create_pair"},
    {"DELETE", "/v1/pairs/shop", "", "delete_pair shop"},
    {"DELETE", "/v1/pairs/shop", R"({"skip_final_snapshot":true})", "delete_pair shop"},
    {"POST", "/v1/pairs/shop/protect", "", "protect shop"},
    {"POST", "/v1/pairs/shop/unprotect", "{}", "unprotect shop"},
    {"DELETE", "/v1/deleted-pairs/books", "", "forget_deleted books"},
    {"POST", "/v1/pairs/shop/members", R"({"member":"c"})", "add_member shop c data"},
    {"POST", "/v1/pairs/shop/members", R"({"member":"c","kind":"spare"})",
     "add_member shop c spare"},
    {"DELETE", "/v1/pairs/shop/members/b", "", "remove_member shop b"},
    {"POST", "/v1/pairs/shop/failover", "{}", "fail_over shop"},
    {"POST", "/v1/pairs/shop/switchover", R"({"to":"b"})", "switch_over shop b"},
    {"POST", "/v1/pairs/shop/pause", "", "pause shop"},
    {"POST", "/v1/pairs/shop/resume", "{}", "resume shop"},
    {"POST", "/v1/pairs/shop/schedule", R"({"retention_days":14,"window":"23:50-00:20"})",
     "schedule shop 23:50-00:20"},
    {"POST", "/v1/pairs/shop/snapshots", R"({"tags":["why=move"]})", "take_snapshot shop"},
    {"POST", "/v1/snapshots/shop-1/check", "", "check shop-1"},
    {"DELETE", "/v1/snapshots/shop-1", "", "remove shop-1"},
    {"POST", "/v1/restores", R"({"pair":"shop","as":"old","to":"c"})", "restore"},
    {"POST", "/v1/tokens", R"({"member":"c"})", "create_token c"}};

TEST_F(Api, LetsOnlyOperatorsIn) {
    for (const auto* use : {"agent", "controller", "", "Operator"}) {
        peer_.use = use;
        for (const auto& change : changes) {
            const auto answer = call(change.method, change.path, change.body);
            EXPECT_EQ(answer.status, 403);
            EXPECT_EQ(answer.code(), "forbidden");
        }
        EXPECT_EQ(call("GET", "/v1/status").status, 403);
        EXPECT_EQ(call("GET", "/nowhere").status, 403);
    }
    EXPECT_TRUE(operations_->calls.empty());
}

TEST_F(Api, HandsEveryChangeOnUnderTheOperatorsName) {
    for (const auto& change : changes) {
        operations_->calls.clear();
        const auto answer = call(change.method, change.path, change.body);
        EXPECT_EQ(answer.status, 200) << change.call << answer.body;
        EXPECT_EQ(answer.body.at("dry_run"), false) << change.call;
        ASSERT_EQ(operations_->calls.size(), 1U) << change.call;
        EXPECT_EQ(operations_->calls[0].what, change.call);
        EXPECT_EQ(operations_->calls[0].asked.who, "grace");
        EXPECT_FALSE(operations_->calls[0].asked.dry_run);
    }
}

TEST_F(Api, ADryRunIsHandedOnAndSaysWhatWouldChange) {
    for (const auto& change : changes) {
        operations_->calls.clear();
        const auto answer = call(change.method, change.path, change.body, {{"dry_run", "true"}});
        EXPECT_EQ(answer.status, 200) << change.call << answer.body;
        EXPECT_EQ(answer.body.at("dry_run"), true) << change.call;
        EXPECT_FALSE(answer.body.at("changes").empty()) << change.call;
        ASSERT_EQ(operations_->calls.size(), 1U) << change.call;
        EXPECT_TRUE(operations_->calls[0].asked.dry_run) << change.call;
    }
}

TEST_F(Api, ErrorsBecomeStatuses) {
    const std::map<Errc, int> wanted = {{Errc::unreachable, 404}, {Errc::conflict, 409},
                                        {Errc::refused, 409},     {Errc::timeout, 504},
                                        {Errc::unsupported, 500}, {Errc::corrupt, 500}};
    for (const auto& [code, status] : wanted) {
        operations_->trouble = Error{code, "so it is"};
        for (const auto& change : changes) {
            const auto answer = call(change.method, change.path, change.body);
            EXPECT_EQ(answer.status, status) << change.call;
            EXPECT_EQ(answer.code(), to_string(code));
            EXPECT_EQ(answer.message(), "so it is");
        }
        for (const auto* path :
             {"/v1/status", "/v1/pairs", "/v1/pairs/shop", "/v1/agents", "/v1/events"}) {
            EXPECT_EQ(call("GET", path).status, status) << path;
        }
    }
}

TEST_F(Api, ADryRunOfWhatDoesNotExistIs404) {
    const auto answer = call("DELETE", "/v1/pairs/books", "", {{"dry_run", "true"}});
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.message(), "there is no pair books");
    EXPECT_TRUE(operations_->calls.empty());
}

TEST_F(Api, UnknownRoutesAre404AndWrongMethods405) {
    for (const auto* path : {"/", "", "/v1", "/v2/status", "/v1/status/", "/v1/pairs/",
                             "/v1/pairs//members", "/v1/pairs/shop/members/b/c", "v1/status"}) {
        EXPECT_EQ(call("GET", path).status, 404) << path;
    }
    const auto answer = call("PUT", "/v1/pairs");
    EXPECT_EQ(answer.status, 405);
    EXPECT_NE(answer.message().find("allowed: GET, POST"), std::string::npos) << answer.message();
}

TEST_F(Api, NamesTheParameterThatARouteHasNot) {
    const auto wrong = call("GET", "/v1/status", "", {{"dry_run", "true"}});
    EXPECT_EQ(wrong.status, 400);
    EXPECT_EQ(wrong.message(), "unknown parameter \"dry_run\"; allowed: none");
    const auto dryrun = call("POST", "/v1/pairs/shop/pause", "", {{"dryrun", "true"}});
    EXPECT_EQ(dryrun.status, 400);
    EXPECT_EQ(dryrun.message(), "unknown parameter \"dryrun\"; allowed: dry_run");
    EXPECT_EQ(call("POST", "/v1/pairs/shop/pause", "", {{"dry_run", "yes"}}).status, 400);
    EXPECT_TRUE(operations_->calls.empty()) << "a mistyped dry_run must change nothing";
}

struct Mistake {
    std::string path;
    std::string body;
    std::vector<std::string> told;
};

const std::vector<Mistake> mistakes = {
    {"/v1/pairs", "", {"\"name\" is missing", "\"primary\" is missing", "\"members\" is missing"}},
    {"/v1/pairs", "{", {"not JSON"}},
    {"/v1/pairs", "[]", {"a JSON object is wanted", "[]"}},
    {"/v1/pairs",
     R"({"name":"shop","primary":"a","members":["a","b"],"polcy":{}})",
     {"unknown key \"polcy\"; allowed: name, engine, primary, members, policy"}},
    {"/v1/pairs",
     R"({"name":"Shop","primary":"a","members":["a","b"]})",
     {"pair name \"Shop\"", "lower case"}},
    {"/v1/pairs", R"({"name":7,"primary":"a","members":["a"]})", {"\"name\" is 7"}},
    {"/v1/pairs",
     R"({"name":"shop","primary":"a","members":"a"})",
     {"\"members\" is \"a\"; allowed: an array of texts"}},
    {"/v1/pairs",
     R"({"name":"shop","primary":"a","members":["a",1]})",
     {"allowed: an array of texts"}},
    {"/v1/pairs", R"({"name":"shop","primary":"a","members":["a","B"]})", {"member name \"B\""}},
    {"/v1/pairs",
     R"({"name":"shop","primary":"a","members":["a"],"engine":"oracle"})",
     {"\"engine\" is \"oracle\"; allowed: \"postgresql\", \"mysql\", \"mariadb\""}},
    {"/v1/pairs",
     R"({"name":"shop","primary":"a","members":["a"],"policy":{"ttl":2}})",
     {"unknown key \"policy.ttl\"; allowed: when_standby_lost, profile, dns_ttl_seconds, "
      "replace_after_seconds"}},
    {"/v1/pairs",
     R"({"name":"shop","primary":"a","members":["a"],"policy":{"dns_ttl_seconds":31}})",
     {"\"policy.dns_ttl_seconds\" is 31; allowed: a whole number from 1 to 30"}},
    {"/v1/pairs",
     R"({"name":"shop","primary":"a","members":["a"],"policy":{"dns_ttl_seconds":2.5}})",
     {"a whole number"}},
    {"/v1/pairs",
     R"({"name":"shop","primary":"a","members":["a"],"policy":{"dns_ttl_seconds":18446744073709551615}})",
     {"a whole number"}},
    {"/v1/pairs",
     R"({"name":"shop","primary":"a","members":["a"],"policy":[]})",
     {"\"policy\" is []; allowed: an object"}},
    {"/v1/pairs",
     R"({"name":"shop","primary":"a","members":["a"],"policy":{"profile":"moon"}})",
     {"allowed: \"lan\", \"wan\""}},
    {"/v1/pairs/shop/members", R"({"member":""})", {"\"member\" is \"\""}},
    {"/v1/pairs/shop/members", R"({"member":"c","kind":"hot"})", {"\"data\", \"spare\""}},
    {"/v1/pairs/shop/failover",
     R"({"accept_data_loss":"yes"})",
     {"\"accept_data_loss\" is \"yes\"; allowed: true, false"}},
    {"/v1/pairs/shop/failover", R"({"force":true})", {"unknown key \"force\""}},
    {"/v1/pairs/shop/switchover", R"({"force":true})", {"unknown key \"force\""}},
    {"/v1/pairs/shop/pause", R"({"for":"ever"})", {"unknown key \"for\"; allowed: no keys"}},
    {"/v1/tokens", "{}", {"\"member\" is missing"}},
    {"/v1/tokens", R"({"member":"a b"})", {"member name \"a b\""}}};

TEST_F(Api, ReadsWhatBecomesOfADeletedPairsSnapshots) {
    EXPECT_EQ(call("DELETE", "/v1/pairs/shop").body.at("final_snapshot"), nullptr);
    EXPECT_EQ(operations_->deleted.final_snapshot, "");
    EXPECT_FALSE(operations_->deleted.skip_final_snapshot);
    call("DELETE", "/v1/pairs/shop", R"({"skip_final_snapshot":true})");
    EXPECT_TRUE(operations_->deleted.skip_final_snapshot);
    operations_->final_snapshot = SnapshotOrder{};
    operations_->final_snapshot->id = "shop-9";
    const auto asked = call("DELETE", "/v1/pairs/shop", R"({"final_snapshot":"shop-last"})");
    EXPECT_EQ(asked.body.at("final_snapshot"), "shop-9") << "its id";
    EXPECT_EQ(operations_->deleted.final_snapshot, "shop-last");
    const auto dry = call("DELETE", "/v1/pairs/shop", R"({"final_snapshot":"shop-last"})",
                          {{"dry_run", "true"}});
    EXPECT_EQ(dry.body.at("changes").at(0),
              "a final snapshot named shop-last would be taken first; if it fails the pair stays");
    operations_->calls.clear();
    for (const auto* body : {R"({"final_snapshot":"a b"})", R"({"final_snapshot":true})",
                             R"({"skip_final_snapshot":"yes"})", R"({"final":"x"})"}) {
        const auto refused = call("DELETE", "/v1/pairs/shop", body);
        EXPECT_EQ(refused.status, 400) << body;
    }
    EXPECT_TRUE(operations_->calls.empty());
}

TEST_F(Api, TellsWhetherAPairIsProtectedAndIsToBeDeleted) {
    const auto free = call("GET", "/v1/pairs/shop").body;
    EXPECT_EQ(free.at("deletion_protection"), false);
    EXPECT_EQ(free.at("deletion"), nullptr);
    const auto on = call("POST", "/v1/pairs/shop/protect");
    EXPECT_EQ(on.body,
              json::parse(R"({"dry_run":false,"pair":"shop","deletion_protection":true})"));
    const auto none = call("POST", "/v1/pairs/shop/unprotect", "", {{"dry_run", "true"}});
    EXPECT_EQ(none.body.at("changes"), json({"nothing: it is so already"}));
    operations_->shop.deletion_protection = true;
    operations_->shop.deletion = SnapshotOrder{};
    operations_->shop.deletion->id = "shop-9";
    operations_->shop.deletion->asked_by = "grace";
    const auto held = call("GET", "/v1/status").body.at("pairs").at(0);
    EXPECT_EQ(held.at("deletion_protection"), true);
    EXPECT_EQ(held.at("deletion").at("final_snapshot"), "shop-9");
    EXPECT_EQ(held.at("deletion").at("asked_by"), "grace");
    const auto off = call("POST", "/v1/pairs/shop/unprotect", "", {{"dry_run", "true"}});
    EXPECT_EQ(off.body.at("changes"), json({"the deletion of pair shop would be possible"}));
    EXPECT_EQ(call("POST", "/v1/pairs/books/protect").status, 404);
    EXPECT_EQ(call("POST", "/v1/pairs/shop/protect", R"({"for":"ever"})").status, 400);
}

TEST_F(Api, MakesAProtectedPairWhenAsked) {
    const std::string members = R"({"name":"shop","primary":"a","members":["a","b"])";
    EXPECT_EQ(call("POST", "/v1/pairs", members + "}").status, 200);
    EXPECT_FALSE(operations_->created.deletion_protection);
    EXPECT_EQ(call("POST", "/v1/pairs", members + R"(,"deletion_protection":true})").status, 200);
    EXPECT_TRUE(operations_->created.deletion_protection);
    EXPECT_EQ(call("POST", "/v1/pairs", members + R"(,"deletion_protection":1})").status, 400);
}

TEST_F(Api, MarksTheSnapshotsOfADeletedPair) {
    operations_->shop_snapshots.pair = "shop";
    EXPECT_TRUE(call("GET", "/v1/snapshots").body.at("pairs").at(0).at("deleted_time").is_null());
    operations_->shop_snapshots.deleted_unix_ms = 1'795'383'200'000;
    const auto left = call("GET", "/v1/snapshots").body.at("pairs").at(0);
    EXPECT_EQ(left.at("deleted_time"), "2026-11-22T21:33:20.000Z");
}

TEST_F(Api, WrongBodiesAre400AndNameTheKeyAndWhatIsAllowed) {
    for (const auto& mistake : mistakes) {
        const auto answer = call("POST", mistake.path, mistake.body);
        EXPECT_EQ(answer.status, 400) << mistake.body;
        EXPECT_EQ(answer.code(), "bad_request");
        for (const auto& part : mistake.told) {
            EXPECT_NE(answer.message().find(part), std::string::npos)
                << mistake.body << ": " << answer.message();
        }
    }
    EXPECT_TRUE(operations_->calls.empty());
}

TEST_F(Api, ReadsANewPairInFull) {
    const auto answer = call("POST", "/v1/pairs", R"({"name":"shop","engine":"postgresql",
        "primary":"b","members":["a","b"],"policy":{"when_standby_lost":"wait","profile":"wan",
        "dns_ttl_seconds":5,"replace_after_seconds":60}})");
    EXPECT_EQ(answer.status, 200) << answer.body;
    const auto& created = operations_->created;
    EXPECT_EQ(created.pair, "shop");
    EXPECT_EQ(created.primary, "b");
    ASSERT_EQ(created.members.size(), 2U);
    EXPECT_EQ(created.members[1].id, "b");
    EXPECT_EQ(created.policy.when_standby_lost, WhenStandbyLost::wait);
    EXPECT_EQ(created.policy.profile, Profile::wan);
    EXPECT_EQ(created.policy.dns_ttl_seconds, 5U);
    EXPECT_EQ(created.policy.replace_after_seconds, 60U);
}

TEST_F(Api, ReadsAForcedFailover) {
    call("POST", "/v1/pairs/shop/failover",
         R"({"to":"b","accept_data_loss":true,"fenced_by":"power off"})");
    EXPECT_EQ(operations_->failover.to, "b");
    EXPECT_TRUE(operations_->failover.accept_data_loss);
    EXPECT_EQ(operations_->failover.fenced_by, "power off");
    EXPECT_EQ(operations_->failover.asked_by, "grace");
}

TEST_F(Api, AsksForEventsAsTheQuerySays) {
    EXPECT_EQ(call("GET", "/v1/events").status, 200);
    EXPECT_EQ(operations_->asked_events.most, 100U);
    EXPECT_EQ(operations_->asked_events.after_id, 0U);
    call("GET", "/v1/events", "", {{"pair", "shop"}, {"after", "7"}, {"limit", "5"}});
    EXPECT_EQ(operations_->asked_events.pair, "shop");
    EXPECT_EQ(operations_->asked_events.after_id, 7U);
    EXPECT_EQ(operations_->asked_events.most, 5U);
    for (const auto* limit : {"0", "1001", "-1", "5x", "", "99999999999999999999999"}) {
        EXPECT_EQ(call("GET", "/v1/events", "", {{"limit", limit}}).status, 400) << limit;
    }
}

TEST_F(Api, ExportsAnIncidentWithItsHeader) {
    operations_->incident_lines = {R"({"view":1})", R"({"view":2})"};
    const auto answer = call("GET", "/v1/pairs/shop/incident", "", {{"since", "1795383200123"}});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(operations_->asked_since, 1795383200123);
    EXPECT_EQ(answer.body.at("format"), "lockstep-incident");
    EXPECT_EQ(answer.body.at("version"), 1);
    EXPECT_EQ(answer.body.at("pair"), "shop");
    EXPECT_EQ(answer.body.at("entries"), json::parse(R"([{"view":1},{"view":2}])"));
    operations_->incident_lines.clear();
    EXPECT_EQ(call("GET", "/v1/pairs/shop/incident").body.at("entries"), json::array());
    EXPECT_EQ(operations_->asked_since, 0);
    EXPECT_EQ(call("GET", "/v1/pairs/shop/incident", "", {{"since", "now"}}).status, 400);
    EXPECT_EQ(call("GET", "/v1/pairs/nobody/incident").status, 404);
}

TEST_F(Api, ShowsEventsWithTheirTimeInWords) {
    operations_->event_log = {
        {7, 1795383200123, "shop", "a", Revision{9}, "promote", Severity::warning, "a is lost"}};
    const auto answer = call("GET", "/v1/events");
    const auto& event = answer.body.at("events").at(0);
    EXPECT_EQ(event.at("id"), 7);
    EXPECT_EQ(event.at("severity"), "warning");
    EXPECT_EQ(event.at("message"), "a is lost");
    EXPECT_TRUE(event.at("time").get<std::string>().starts_with("2026-11-22T")) << event;
}

MemberStatus member_status(const MemberId& id) {
    MemberStatus status;
    const auto record = fixture::in_sync_record();
    status.member = record.members.at(id);
    status.role = id == record.primary ? Role::primary : Role::standby;
    status.in_sync = true;
    status.seen.connected = true;
    status.seen.silent = Milliseconds{120};
    return status;
}

TEST_F(Api, ShowsAPairWithEverythingThatIsKnownOfIt) {
    auto a = member_status("a");
    a.seen.observation = fixture::observed(fixture::in_sync_record(), "a");
    a.seen.observation->job = Job{"cloning from b", 5, 10, Milliseconds{3000}};
    a.seen.observation->rpo_notes = {"RPO 0 not in force for role batch"};
    operations_->shop.members = {a, member_status("b")};
    operations_->shop.phase = Phase::in_sync;
    operations_->shop.because = "primary and standby in step";
    operations_->shop.endpoint.name = "shop.db.example.test";
    const auto pair = call("GET", "/v1/pairs/shop").body;
    EXPECT_EQ(pair.at("pair"), "shop");
    EXPECT_EQ(pair.at("phase"), "in sync");
    EXPECT_EQ(pair.at("standby"), "b");
    EXPECT_EQ(pair.at("intent"), nullptr);
    EXPECT_EQ(pair.at("policy").at("when_standby_lost"), "continue");
    EXPECT_EQ(pair.at("endpoint").at("name"), "shop.db.example.test");
    const auto& member = pair.at("members").at(0);
    EXPECT_EQ(member.at("server"), "primary");
    EXPECT_EQ(member.at("role"), "primary");
    EXPECT_EQ(member.at("position"), 1000);
    EXPECT_EQ(member.at("unit"), "bytes");
    EXPECT_EQ(member.at("history"), "1");
    EXPECT_EQ(member.at("silent_ms"), 120);
    EXPECT_EQ(member.at("job").at("running_for_ms"), 3000);
    EXPECT_EQ(member.at("rpo_notes").size(), 1U);
}

TEST_F(Api, ShowsAMemberWhoseAgentNeverSpokeWithNulls) {
    operations_->shop.members = {member_status("b")};
    const auto shown = call("GET", "/v1/pairs/shop").body.at("members").at(0);
    for (const auto* key :
         {"server", "position", "unit", "history", "stream", "job", "free_bytes"}) {
        EXPECT_TRUE(shown.at(key).is_null()) << key;
    }
    EXPECT_TRUE(shown.at("alarms").is_array());
}

TEST_F(Api, ShowsNoStandbyAsNull) {
    operations_->shop.record = fixture::solo_record();
    EXPECT_EQ(call("GET", "/v1/pairs/shop").body.at("standby"), nullptr);
}

TEST_F(Api, ShowsTheSamePairAloneInTheListAndInTheStatus) {
    const auto alone = call("GET", "/v1/pairs/shop").body;
    EXPECT_EQ(call("GET", "/v1/pairs").body.at("pairs").at(0), alone);
    EXPECT_EQ(call("GET", "/v1/status").body.at("pairs").at(0), alone);
}

TEST_F(Api, ReplacesWhatIsNoUtf8) {
    operations_->shop.because = "broken \xff text";
    EXPECT_EQ(call("GET", "/v1/pairs/shop").body.at("because"), "broken \xEF\xBF\xBD text");
}

TEST_F(Api, ShowsAgentsWithoutAPairWithNull) {
    AgentStatus agent;
    agent.member = "c";
    agent.connected = true;
    operations_->agents = {agent};
    const auto shown = call("GET", "/v1/agents").body.at("agents").at(0);
    EXPECT_EQ(shown.at("member"), "c");
    EXPECT_EQ(shown.at("pair"), nullptr);
}

TEST_F(Api, TellsATokenOnceAndNoneInADryRun) {
    EXPECT_EQ(call("POST", "/v1/tokens", R"({"member":"c"})").body.at("token"), "the-token");
    EXPECT_FALSE(call("POST", "/v1/tokens", R"({"member":"c"})", {{"dry_run", "true"}})
                     .body.contains("token"));
}

TEST_F(Api, ShowsTheTableOfRules) {
    const auto shown = call("GET", "/v1/rules").body.at("rules");
    ASSERT_EQ(shown.size(), rules().size());
    EXPECT_EQ(shown.at(0).at("condition"), rules()[0].condition);
    EXPECT_EQ(shown.at(0).at("because"), rules()[0].because);
}

TEST(DescribeChange, NamesWhatDiffers) {
    const auto before = fixture::in_sync_record();
    auto after = before;
    EXPECT_EQ(describe_change(before, after),
              std::vector<std::string>{"nothing: it is so already"});
    after.paused = true;
    after.members["c"] = fixture::member("c", "10.0.0.3");
    after.members["c"].kind = MemberKind::spare;
    EXPECT_EQ(
        describe_change(before, after),
        (std::vector<std::string>{"spare c at 10.0.0.3:5432 in zone-c would be added",
                                  "failover, rebuild and replacement of members would stop"}));
}

TEST(DescribeChange, SaysForEachIntentWhatItMeans) {
    const auto before = fixture::in_sync_record();
    const std::map<IntentKind, std::string> wanted = {
        {IntentKind::fail_over, "b would be promoted and a would become its standby"},
        {IntentKind::switch_over, "if a step before the promotion fails, a goes on"},
        {IntentKind::force, "would be lost"},
        {IntentKind::give_back, "a would stand down"},
        {IntentKind::remove, "member b would be taken out"}};
    for (const auto& [kind, words] : wanted) {
        auto after = before;
        after.intent = {kind, "b", "", "grace"};
        const auto told = describe_change(before, after);
        ASSERT_EQ(told.size(), 1U);
        EXPECT_NE(told[0].find(words), std::string::npos) << told[0];
    }
}

TEST(DescribeChange, OfANewPairNamesItsMembers) {
    const auto told = describe_change(std::nullopt, fixture::solo_record());
    ASSERT_EQ(told.size(), 3U);
    EXPECT_EQ(told[1], "the first primary: a at 10.0.0.1:5432 in zone-a");
    EXPECT_EQ(told[2], "a standby: b at 10.0.0.2:5432 in zone-b");
}

} // namespace
} // namespace lockstep
