#include <algorithm>
#include <iostream>

#include <gtest/gtest.h>

#include "controller/sqlite_store.h"
#include "controller/wiring.h"
#include "tests/unit/controller/scripted_agent.h"
#include "tests/unit/platform/tls_house.h"

// A whole controller (real TLS, real SQLite, real DNS) and agents without databases.
namespace lockstep {
namespace {

using Asked = Operations::Asked;
using Agent = std::shared_ptr<ScriptedAgent>;
const std::vector<Agent> nobody;
constexpr Milliseconds a_moment{20};
constexpr Milliseconds an_instant{1};

std::uint16_t free_port(asio::io_context& context) {
    const asio::ip::udp::endpoint any(asio::ip::make_address("127.0.0.1"), 0);
    return asio::ip::udp::socket(context, any).local_endpoint().port();
}

class ControllerTest : public testing::Test {
protected:
    ControllerTest() {
        house.add("b", CertificateUse::agent);
        Controller::Start start;
        start.config.agents = {"127.0.0.1", 0};
        start.config.api = {"127.0.0.1", 0};
        start.config.zone = "db.example.test";
        start.config.dns = {{"127.0.0.1", free_port(context)}};
        start.authority = house.authority();
        start.tls = house.files("controller");
        start.store = must(SqliteStore::open(house.folder() / "store.db", "machine", "key"));
        controller = std::make_unique<Controller>(context.get_executor(), std::move(start));
        if (const auto listening = controller->listen(); !listening) {
            throw std::runtime_error(listening.error().message);
        }
        controller->begin();
    }
    ~ControllerTest() override {
        run([this]() -> Awaitable<bool> {
            co_await controller->end();
            co_return true;
        });
    }

    /// Runs a test's coroutine; true if it got to its end.
    template <class Work> bool run(Work work) { return run_until_done(context, work()); }

    static Agent agent(const MemberId& member, const std::string& host,
                       const std::string& instance = "first") {
        return std::make_shared<ScriptedAgent>(member, host, instance);
    }
    [[nodiscard]] Awaitable<bool> join(Agent member) {
        const auto files = house.files(member->hello.member);
        const auto connected = co_await member->connect(controller->agents_port(), files);
        co_return connected.has_value();
    }
    /// Lets the agents speak every 20 ms until `holds`; false after 5 s.
    [[nodiscard]] static Awaitable<bool> until_holds(std::vector<Agent> agents,
                                                     std::function<bool()> holds) {
        const auto deadline = Deadline::in(Milliseconds{5000});
        while (!holds()) {
            if (deadline.passed()) {
                co_return false;
            }
            for (const auto& one : agents) {
                co_await one->say();
            }
            co_await pause_for(a_moment);
        }
        co_return true;
    }
    [[nodiscard]] Awaitable<bool> event_told(std::string kind, std::string part) {
        const auto deadline = Deadline::in(Milliseconds{5000});
        while (!deadline.passed()) {
            const StateStore::EventQuery query{{}, 0, 1000};
            const auto events = co_await controller->operations().events(query);
            for (const auto& event : events.value_or(std::vector<Event>{})) {
                if (event.kind == kind && event.message.find(part) != std::string::npos) {
                    co_return true;
                }
            }
            co_await pause_for(a_moment);
        }
        co_return false;
    }
    [[nodiscard]] Awaitable<Result<PairRecord>> create_shop() {
        CreatePair request;
        request.pair = "shop";
        request.engine = "postgresql";
        request.primary = "a";
        request.members.resize(2);
        request.members[0].id = "a";
        request.members[1].id = "b";
        const Asked asked{"otto", false};
        co_return co_await controller->operations().create_pair(request, asked);
    }
    /// a serves and b is in sync with it.
    [[nodiscard]] Awaitable<bool> form(Agent a, Agent b);

    TlsHouse house;
    asio::io_context context{1};
    std::unique_ptr<Controller> controller;
};

std::optional<Phase> phase_told(const Agent& agent) {
    return agent->told.record ? std::optional(phase_of(*agent->told.record)) : std::nullopt;
}

void serve(Observation& told, Epoch epoch) {
    told.server = ServerState::primary;
    told.serving = epoch;
    told.data_id = "data-" + told.member;
    told.position = {{"1"}, 1000};
    told.start_request = 0;
}

void follow(Observation& told, const PairRecord& record) {
    told.server = ServerState::standby;
    told.data_id = "data-" + told.member;
    told.position = {{"1"}, 1000};
    told.stream.connected = true;
    told.stream.name = sync_name_of(record);
}

Awaitable<bool> ControllerTest::form(Agent a, Agent b) {
    const bool a_joined = co_await join(a);
    const bool b_joined = co_await join(b);
    if (!a_joined || !b_joined) {
        co_return false;
    }
    std::function<bool()> known = [&] {
        return !a->told.store_id.empty() && !b->told.store_id.empty();
    };
    const bool both_known = co_await until_holds(nobody, known);
    const auto created = co_await create_shop();
    if (!both_known || !created) {
        ADD_FAILURE() << (created ? "agents not told" : created.error().message);
        co_return false;
    }
    const std::vector<Agent> both{a, b};
    a->observation.start_request = 41;
    std::function<bool()> permitted = [&] {
        return a->told.permit && a->told.permit->request == 41;
    };
    const bool may_start = co_await until_holds(both, permitted);
    serve(a->observation, Epoch{1});
    std::function<bool()> solo = [&] { return phase_told(a) == Phase::solo; };
    const bool served = co_await until_holds(both, solo);
    follow(b->observation, *b->told.record);
    std::function<bool()> granted = [&] {
        return phase_told(a) == Phase::granted && phase_told(b) == Phase::granted;
    };
    const bool got_grant = co_await until_holds(both, granted);
    follow(b->observation, *b->told.record);
    const auto& record = *a->told.record;
    a->observation.acknowledgements.name = sync_name_of(record);
    a->observation.acknowledgements.streaming = true;
    a->observation.barrier = Barrier{record.revision, sync_name_of(record), {{"1"}, 1000}};
    std::function<bool()> in_sync = [&] {
        return phase_told(a) == Phase::in_sync && phase_told(b) == Phase::in_sync;
    };
    const bool widened = co_await until_holds(both, in_sync);
    EXPECT_TRUE(may_start) << "no start permit";
    EXPECT_TRUE(served);
    EXPECT_TRUE(got_grant);
    EXPECT_TRUE(widened);
    co_return may_start&& served&& got_grant&& widened;
}

TEST_F(ControllerTest, EchoesTheStampThatItHeardBeforeItFoundTheRecordInItsStore) { // R6
    const auto work = [this]() -> Awaitable<bool> {
        const auto a = agent("a", "host-a", "this run");
        const auto b = agent("b", "host-b");
        const bool formed = co_await form(a, b);
        const auto before = boot_time();
        const auto& proof = a->told.proof;
        std::function<bool()> echoed = [&] { return proof && proof->at >= before; };
        const std::vector<Agent> both{a, b};
        const bool proved = co_await until_holds(both, echoed);
        EXPECT_TRUE(proved);
        EXPECT_EQ(proof.value_or(wire::Stamp{}).instance, "this run");
        EXPECT_LE(proof.value_or(wire::Stamp{}).at, boot_time());
        // What it says no more is echoed no further.
        co_await pause_for(a_moment);
        const auto last = boot_time();
        const Milliseconds two_proofs{2500};
        co_await pause_for(two_proofs);
        EXPECT_LE(proof.value_or(wire::Stamp{}).at, last);
        co_return formed;
    };
    EXPECT_TRUE(run(work));
}

TEST_F(ControllerTest, FormsAPairAndFailsOverWhenThePrimarysProcessDies) {
    const auto work = [this]() -> Awaitable<bool> {
        const auto a = agent("a", "host-a");
        const auto b = agent("b", "host-b");
        const bool formed = co_await form(a, b);
        if (!formed) {
            co_return false;
        }
        a->observation.server = ServerState::stopped;
        a->observation.serving = Epoch{0};
        a->observation.death = "killed by signal 9";
        const auto died = std::chrono::steady_clock::now();
        co_await a->say();
        while (b->told.record->epoch == Epoch{1} &&
               std::chrono::steady_clock::now() - died < std::chrono::seconds(3)) {
            co_await pause_for(an_instant);
        }
        const auto took = std::chrono::steady_clock::now() - died;
        std::cout << "told to be primary after "
                  << std::chrono::duration_cast<std::chrono::microseconds>(took).count() << " us\n";
        EXPECT_EQ(b->told.record->epoch, Epoch{2});
        EXPECT_EQ(b->told.record->primary, "b");
        EXPECT_LT(took, std::chrono::seconds(1));
        const bool published = co_await event_told("published", "epoch 2");
        EXPECT_TRUE(published);
        const PairName shop = "shop";
        const auto status = co_await controller->operations().pair(shop);
        EXPECT_EQ(status->phase, Phase::promoting);
        EXPECT_TRUE(status->endpoint.published);
        EXPECT_EQ(status->endpoint.name, "shop.db.example.test");
        co_return true;
    };
    EXPECT_TRUE(run(work));
}

SnapshotReport report_of(std::vector<std::string> ids) {
    SnapshotReport report;
    report.pair = "shop";
    report.repository = "/mnt/backup";
    report.read = true;
    for (auto& id : ids) {
        Snapshot snapshot;
        snapshot.id = std::move(id);
        report.snapshots.push_back(std::move(snapshot));
    }
    return report;
}

TEST_F(ControllerTest, TellsAnOrderToTheArchiverAloneUntilItIsEnded) {
    const auto work = [this]() -> Awaitable<bool> {
        const auto a = agent("a", "host-a");
        const auto b = agent("b", "host-b");
        const bool formed = co_await form(a, b);
        const Asked asked{"otto", false};
        const PairName shop = "shop";
        const std::map<std::string, std::string> tags;
        auto& operations = controller->operations();
        const auto early = co_await operations.take_snapshot(shop, tags, asked);
        EXPECT_FALSE(early) << "its archiver has told nothing yet";

        auto empty = wire::encode(wire::Snapshots{report_of({})});
        co_await b->send(std::move(empty));
        auto from_primary = wire::encode(wire::Snapshots{report_of({"not its own"})});
        co_await a->send(std::move(from_primary));
        const std::vector<Agent> both{a, b};
        Result<SnapshotOrder> order = fail(Errc::unreachable, "not asked");
        const auto deadline = Deadline::in(Milliseconds{5000});
        while (!order && !deadline.passed()) {
            co_await pause_for(a_moment);
            order = co_await operations.take_snapshot(shop, tags, asked);
        }
        const auto id = order ? order->id : "";
        std::function<bool()> told = [&] { return b->told.orders.size() == 1; };
        const bool was_told = co_await until_holds(both, told);
        EXPECT_TRUE(was_told);
        EXPECT_EQ(b->told.orders.at(0).id, id);
        EXPECT_TRUE(a->told.orders.empty()) << "the primary takes none while a standby is in sync";

        auto taken = wire::encode(wire::Snapshots{report_of({id})});
        co_await b->send(std::move(taken));
        std::function<bool()> ended = [&] { return b->told.orders.empty(); };
        const bool was_ended = co_await until_holds(both, ended);
        EXPECT_TRUE(was_ended);
        const auto listed = co_await operations.snapshots(shop);
        EXPECT_EQ(listed->at(0).report, report_of({id}));
        EXPECT_EQ(listed->at(0).archiver, "b");
        co_return formed&& was_told;
    };
    EXPECT_TRUE(run(work));
}

TEST_F(ControllerTest, WithdrawsAPermitWithTheRequestItWasFor) {
    const auto work = [this]() -> Awaitable<bool> {
        const auto a = agent("a", "host-a");
        const auto b = agent("b", "host-b");
        const bool formed = co_await form(a, b);
        EXPECT_FALSE(a->told.permit) << "nothing is asked any more";
        co_return formed;
    };
    EXPECT_TRUE(run(work));
}

TEST_F(ControllerTest, CallsANamePublishedOnceTheServersOfConnectedAgentsAnswer) {
    const auto work = [this]() -> Awaitable<bool> {
        const auto a = agent("a", "host-a");
        const auto b = agent("b", "host-b");
        b->hello.dns_address = "127.0.0.1:1"; // Nobody answers there.
        const bool formed = co_await form(a, b);
        const PairName shop = "shop";
        const auto before = co_await controller->operations().pair(shop);
        EXPECT_FALSE(before->endpoint.published);
        EXPECT_EQ(before->endpoint.laggards.size(), 1U);
        EXPECT_NE(before->endpoint.laggards.at(0).find("ns-b (127.0.0.1:1)"), std::string::npos);
        b->stream->close();
        const bool told = co_await event_told("published", "whose agent is away: ns-b");
        EXPECT_TRUE(told);
        const auto after = co_await controller->operations().pair(shop);
        EXPECT_TRUE(after->endpoint.published);
        co_return formed;
    };
    EXPECT_TRUE(run(work));
}

TEST_F(ControllerTest, HoldsNoPublicationUpForTheServerOfAnAgentThatFellSilent) {
    const auto work = [this]() -> Awaitable<bool> {
        const auto a = agent("a", "host-a");
        const auto b = agent("b", "host-b");
        b->hello.dns_address = "127.0.0.1:1"; // Nobody answers there.
        const bool formed = co_await form(a, b);
        const bool told = co_await event_told("published", "whose agent is away: ns-b");
        EXPECT_TRUE(told);
        const PairName shop = "shop";
        const auto after = co_await controller->operations().pair(shop);
        EXPECT_TRUE(after->endpoint.published);
        EXPECT_EQ(after->endpoint.laggards.size(), 1U) << "it is named all the same";
        for (const auto& member : after->members) {
            EXPECT_TRUE(member.seen.connected) << member.member.id;
        }
        co_return formed;
    };
    EXPECT_TRUE(run(work));
}

TEST_F(ControllerTest, TellsARemovedMemberThatItIsNoMemberAnyMore) {
    const auto work = [this]() -> Awaitable<bool> {
        const auto a = agent("a", "host-a");
        const auto b = agent("b", "host-b");
        const bool formed = co_await form(a, b);
        const PairName shop = "shop";
        const MemberId removed = "b";
        const Asked asked{"otto", false};
        const auto asked_for =
            co_await controller->operations().remove_member(shop, removed, asked);
        EXPECT_TRUE(asked_for);
        std::function<bool()> gone = [&] {
            return b->told.record && !b->told.record->members.contains("b") &&
                   a->told.record->revision == b->told.record->revision;
        };
        const std::vector<Agent> both{a, b};
        const bool told = co_await until_holds(both, gone);
        EXPECT_TRUE(told);
        co_return formed;
    };
    EXPECT_TRUE(run(work));
}

TEST_F(ControllerTest, LeavesAgentsOfADeletedPairWithoutARecord) {
    const auto work = [this]() -> Awaitable<bool> {
        const auto a = agent("a", "host-a");
        const auto b = agent("b", "host-b");
        const bool formed = co_await form(a, b);
        const PairName shop = "shop";
        const Asked asked{"otto", false};
        const DeletePair without_snapshot{"", true};
        const auto deleted =
            co_await controller->operations().delete_pair(shop, without_snapshot, asked);
        EXPECT_TRUE(deleted);
        std::function<bool()> empty = [&] { return !a->told.record && !b->told.record; };
        const bool told = co_await until_holds(nobody, empty);
        EXPECT_TRUE(told);
        const auto gone = co_await controller->operations().pair(shop);
        EXPECT_EQ(gone.error().code, Errc::unreachable);
        const auto again = co_await create_shop();
        EXPECT_TRUE(again && number(again->epoch) > 1) << "a repository knows the old ones";
        co_return formed;
    };
    EXPECT_TRUE(run(work));
}

TEST_F(ControllerTest, RefusesAMemberWhoseAgentNeverConnected) {
    const auto work = [this]() -> Awaitable<bool> {
        const auto created = co_await create_shop();
        EXPECT_FALSE(created);
        EXPECT_NE(created.error().message.find("no agent \"a\""), std::string::npos);
        co_return true;
    };
    EXPECT_TRUE(run(work));
}

TEST_F(ControllerTest, RefusesASecondAgentWithOneIdentity) {
    const auto work = [this]() -> Awaitable<bool> {
        const auto first = agent("a", "host-a");
        const auto second = agent("a", "host-z", "second");
        const bool first_joined = co_await join(first);
        std::function<bool()> known = [&] { return !first->told.store_id.empty(); };
        const bool told = co_await until_holds(nobody, known);
        const bool second_joined = co_await join(second);
        std::function<bool()> refused = [&] { return second->ended; };
        const std::vector<Agent> speaking{first};
        const bool ended = co_await until_holds(speaking, refused);
        EXPECT_TRUE(first_joined && second_joined && told && ended);
        EXPECT_NE(second->refused.find("two agents have the identity a"), std::string::npos);
        EXPECT_FALSE(first->ended);
        const bool alarmed = co_await event_told("second_identity", "host-z");
        EXPECT_TRUE(alarmed);
        co_return true;
    };
    EXPECT_TRUE(run(work));
}

TEST_F(ControllerTest, LetsARestartedAgentTakeItsPlaceAtOnce) {
    const auto work = [this]() -> Awaitable<bool> {
        const auto first = agent("a", "host-a");
        const auto second = agent("a", "host-a", "second");
        const bool first_joined = co_await join(first);
        std::function<bool()> known = [&] { return !first->told.store_id.empty(); };
        const bool told = co_await until_holds(nobody, known);
        const bool second_joined = co_await join(second);
        std::function<bool()> replaced = [&] {
            return first->ended && !second->told.store_id.empty();
        };
        const bool took_place = co_await until_holds(nobody, replaced);
        EXPECT_TRUE(first_joined && second_joined && told && took_place);
        const auto status = co_await controller->operations().status();
        EXPECT_EQ(status->agents.size(), 1U);
        EXPECT_TRUE(status->agents.at(0).connected);
        co_return true;
    };
    EXPECT_TRUE(run(work));
}

TEST_F(ControllerTest, ClosesAStreamWithAMalformedFrameAndSaysWhy) {
    const auto work = [this]() -> Awaitable<bool> {
        const auto a = agent("a", "host-a");
        const bool joined = co_await join(a);
        std::string frame = R"({"type": "status", "body": {"observation": 7}})";
        co_await a->send(std::move(frame));
        std::function<bool()> closed = [&] { return a->ended; };
        const bool ended = co_await until_holds(nobody, closed);
        EXPECT_TRUE(joined && ended);
        const bool told = co_await event_told("refused", "agent a: frame");
        EXPECT_TRUE(told);
        co_return true;
    };
    EXPECT_TRUE(run(work));
}

TEST_F(ControllerTest, WritesLittleAboutALotOfNonsense) {
    const auto work = [this]() -> Awaitable<bool> {
        const auto a = agent("a", "host-a");
        const bool joined = co_await join(a);
        std::string frame = "{\"type\": \"" + std::string(100000, 'x');
        co_await a->send(std::move(frame));
        const bool told = co_await event_told("refused", "agent a: frame");
        const StateStore::EventQuery query{{}, 0, 1000};
        const auto events = co_await controller->operations().events(query);
        for (const auto& event : *events) {
            EXPECT_LT(event.message.size(), 600U);
        }
        co_return joined&& told;
    };
    EXPECT_TRUE(run(work));
}

TEST_F(ControllerTest, ClosesAStreamThatSpeaksForAnotherMember) {
    const auto work = [this]() -> Awaitable<bool> {
        const auto a = agent("a", "host-a");
        const bool joined = co_await join(a);
        a->observation.member = "b";
        co_await a->say();
        std::function<bool()> closed = [&] { return a->ended; };
        const bool ended = co_await until_holds(nobody, closed);
        EXPECT_TRUE(joined && ended);
        co_return true;
    };
    EXPECT_TRUE(run(work));
}

std::string secret_in(const std::string& token) {
    const std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string bytes;
    std::uint32_t waiting = 0;
    unsigned waiting_bits = 0;
    for (const char digit : token) {
        waiting = (waiting << 6U) | static_cast<std::uint32_t>(alphabet.find(digit));
        waiting_bits += 6;
        if (waiting_bits >= 8) {
            waiting_bits -= 8;
            bytes += static_cast<char>((waiting >> waiting_bits) & 0xFFU);
        }
    }
    const auto from = bytes.find("\"secret\":\"") + 10;
    return bytes.substr(from, bytes.find('"', from) - from);
}

Awaitable<Result<wire::Message>> enrol(std::uint16_t port, TlsFiles files, wire::Enroll request) {
    const auto deadline = Deadline::in(Milliseconds{5000});
    const HostPort to{"127.0.0.1", port};
    const std::string no_fingerprint;
    const auto stream =
        co_await dial(to, files, no_fingerprint, deadline, wire::largest_frame_bytes);
    auto frame = wire::encode(std::move(request));
    const auto written = co_await (*stream)->write_frame(std::move(frame), deadline);
    if (!written) {
        co_return tl::unexpected(written.error());
    }
    const auto answer = co_await (*stream)->read_frame(deadline);
    if (!answer) {
        co_return tl::unexpected(answer.error());
    }
    co_return wire::decode(*answer);
}

TEST_F(ControllerTest, EnrolsANewHostOnceForEachToken) {
    const auto work = [this]() -> Awaitable<bool> {
        const MemberId member = "db_3";
        const Asked asked{"otto", false};
        const auto token = co_await controller->operations().create_token(member, asked);
        EXPECT_TRUE(token);
        const auto request = must(make_request(member));
        const wire::Enroll enroll{member, secret_in(token->token), request.request_pem};
        const auto files = house.only_ca();
        const auto port = controller->agents_port();
        const auto first = co_await enrol(port, files, enroll);
        const auto* enrolled = first ? std::get_if<wire::Enrolled>(&*first) : nullptr;
        EXPECT_NE(enrolled, nullptr);
        EXPECT_EQ(enrolled->ca_pem, house.authority().certificate_pem);
        EXPECT_NE(enrolled->store_id, "");
        const auto second = co_await enrol(port, files, enroll);
        const auto* refused = second ? std::get_if<wire::Refused>(&*second) : nullptr;
        EXPECT_NE(refused, nullptr);
        EXPECT_NE(refused->reason.find("used"), std::string::npos) << refused->reason;
        const bool told = co_await event_told("enrolled", "db_3");
        EXPECT_TRUE(told);
        co_return true;
    };
    EXPECT_TRUE(run(work));
}

TEST_F(ControllerTest, EnrolsNobodyWithAWrongToken) {
    const auto work = [this]() -> Awaitable<bool> {
        const MemberId member = "db_3";
        const Asked asked{"otto", false};
        const auto token = co_await controller->operations().create_token(member, asked);
        EXPECT_TRUE(token);
        const auto request = must(make_request(member));
        const wire::Enroll enroll{member, "wrong", request.request_pem};
        const auto files = house.only_ca();
        const auto answer = co_await enrol(controller->agents_port(), files, enroll);
        EXPECT_TRUE(answer && std::holds_alternative<wire::Refused>(*answer));
        const bool told = co_await event_told("refused", "join refused");
        EXPECT_TRUE(told);
        co_return true;
    };
    EXPECT_TRUE(run(work));
}

TEST_F(ControllerTest, RefusesTheNamesThatNameServersHave) {
    const auto work = [this]() -> Awaitable<bool> {
        const MemberId member = "controller";
        const Asked asked{"otto", false};
        const auto token = co_await controller->operations().create_token(member, asked);
        EXPECT_FALSE(token);
        CreatePair request;
        request.pair = "ns-shop";
        const auto created = co_await controller->operations().create_pair(request, asked);
        EXPECT_FALSE(created);
        co_return true;
    };
    EXPECT_TRUE(run(work));
}

} // namespace
} // namespace lockstep
