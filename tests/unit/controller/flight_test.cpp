#include <gtest/gtest.h>

#include <random>

#include "controller/flight_recorder.h"
#include "platform/deadline.h"
#include "platform/files.h"
#include "tests/support/pair_fixture.h"
#include "tests/support/run_coroutine.h"
#include "tests/support/temporary_folder.h"

namespace lockstep {
namespace {

/// Anything that may be seen, sensible or not.
class AnyInput {
public:
    explicit AnyInput(unsigned seed) : engine_(seed) {}

    PairRecord record() {
        auto record = pick<PairRecord>({fixture::solo_record(), fixture::in_sync_record(),
                                        fixture::granted_record(), fixture::promoting_record()});
        record.paused = flag();
        record.intent.kind = pick<IntentKind>(
            {IntentKind::none, IntentKind::fail_over, IntentKind::force, IntentKind::remove});
        record.intent.member = pick<MemberId>({"a", "b"});
        record.hold_down = {static_cast<std::uint32_t>(below(4)), fixture::now_unix_ms};
        return record;
    }
    View view(const PairRecord& record) {
        View view;
        view.unix_ms = fixture::now_unix_ms + static_cast<std::int64_t>(below(100000));
        for (const auto& [id, member] : record.members) {
            view.members[id] = member_view(record, id);
        }
        return view;
    }

private:
    std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
    bool flag() { return below(2) == 0; }
    template <class T> T pick(std::vector<T> some) { return some[below(some.size())]; }
    Milliseconds span() { return Milliseconds{pick<int>({0, 200, 1600, 5000, 70000})}; }
    Position position() {
        return {History{pick<std::string>({"", "1", "1@0/5 2"})}, below(3) * 100};
    }
    Probe probe() { return flag() ? Probe{} : Probe{span(), "no \"answer\"\n"}; }

    MemberView member_view(const PairRecord& record, const MemberId& id) {
        MemberView view;
        view.connected = flag();
        view.silent = span();
        view.highest = position();
        view.probe_failed = flag();
        view.database_port_dead = flag();
        view.database_down_for = Milliseconds{pick<std::int64_t>({0, 1, 86400000})};
        view.refused_stream = pick<std::string>({"", "two agents have the identity ä"});
        if (below(5) != 0) {
            view.observation = observation(record, id);
        }
        return view;
    }
    Observation observation(const PairRecord& record, const MemberId& id) {
        Observation told;
        told.member = id;
        told.data_id = pick<std::string>({"", "data-" + id, "other"});
        told.store_id = pick<std::string>({"", "store", "another"});
        told.accepted = Revision{number(record.revision) - 1 + below(3)};
        told.server =
            pick<ServerState>({ServerState::no_data, ServerState::stopped, ServerState::starting,
                               ServerState::primary, ServerState::standby});
        told.death = pick<std::string>({"", "killed by signal 9"});
        told.start = pick<std::string>({"", "7", "8"});
        told.position = position();
        told.unit = pick<Unit>({Unit::bytes, Unit::transactions});
        told.serving = Epoch{below(3)};
        told.never_promoted = flag();
        told.stream = {flag(), sync_name_of(record), span(), span()};
        told.acknowledgements = {sync_name_of(record), flag(), span(), flag()};
        if (flag()) {
            told.barrier = Barrier{record.revision, sync_name_of(record), position()};
        }
        told.lowered = pick<std::string>({"", "", "fsync = off"});
        told.sql = probe();
        told.fsync = probe();
        told.heartbeat = probe();
        told.start_request = below(2) << 55U;
        told.alarms = {"one", "two"};
        return told;
    }

    std::mt19937_64 engine_;
};

FlightEntry entry_of(const PairRecord& record, const View& view) {
    return {std::make_shared<const PairRecord>(record), view, noted(decide(record, view))};
}

TEST(Flight, KeepsEveryInputWhole) {
    for (unsigned seed = 0; seed < 2000; ++seed) {
        AnyInput any(seed);
        const auto record = any.record();
        const auto entry = entry_of(record, any.view(record));
        const auto line = encode_flight(entry);
        EXPECT_EQ(line.find('\n'), std::string::npos);
        const auto again = decode_flight(line);
        ASSERT_TRUE(again) << again.error().message;
        EXPECT_EQ(encode_flight(*again), line);
        EXPECT_EQ(*again->record, record);
        // What counts: the same is decided upon it.
        ASSERT_EQ(noted(decide(*again->record, again->view)), entry.decision) << line;
    }
}

TEST(Flight, RefusesWhatIsNoIncident) {
    EXPECT_FALSE(decode_flight_header("{\"format\":\"lockstep-incident\",\"version\":2}"));
    EXPECT_FALSE(decode_flight_header("not json"));
    EXPECT_FALSE(decode_flight("{\"record\":{}}"));
    const auto header = decode_flight_header(encode_flight_header({"shop", 5}));
    ASSERT_TRUE(header);
    EXPECT_EQ(header->pair, "shop");
    EXPECT_EQ(header->written_unix_ms, 5);
}

class FlightOfOne : public testing::Test {
protected:
    /// One look at the pair, `after_ms` later than the first one.
    void look(const PairRecord& record, std::int64_t after_ms) {
        View view;
        view.unix_ms = fixture::now_unix_ms + after_ms;
        view.members["a"];
        view.members["b"];
        flight.note(record, view, decide(record, view));
    }
    Flight flight;
};

TEST_F(FlightOfOne, KeepsTheLastMinuteWholeAndTheTurnsBeforeIt) {
    const auto record = fixture::in_sync_record();
    auto paused = record;
    paused.revision = next(record.revision);
    paused.policy.when_standby_lost = WhenStandbyLost::wait;
    for (std::int64_t ms = 0; ms < 300000; ms += 200) {
        look(ms < 1000 ? record : paused, ms);
    }
    const auto all = flight.since(0);
    // Two turns long ago (the first look, the new revision), and 60 s at five a second.
    ASSERT_EQ(all.size(), 2U + 301U);
    EXPECT_EQ(all[0]->record->revision, record.revision);
    EXPECT_EQ(all[1]->record->revision, paused.revision);
    EXPECT_EQ(flight.since(fixture::now_unix_ms + 299000).size(), 5U);
}

TEST_F(FlightOfOne, IsBounded) {
    auto record = fixture::in_sync_record();
    for (int i = 0; i < 20000; ++i) {
        record.revision = next(record.revision); // A turn each time.
        look(record, i * 20);
    }
    EXPECT_LE(flight.size(), Flight::most_recent + Flight::most_earlier);
    EXPECT_LE(flight.bytes(), Flight::most_bytes);
    EXPECT_EQ(flight.since(0).back()->record->revision, record.revision);
}

TEST(FlightRecorder, LeavesAFileThatTheNextControllerReads) {
    const TemporaryFolder folder;
    asio::io_context context(1);
    const auto record = fixture::in_sync_record();
    View view;
    view.unix_ms = fixture::now_unix_ms;
    Decision decision = decide(record, view);
    decision.next = record; // A swap: it is written.
    {
        FlightRecorder recorder(context.get_executor(), folder.path() / "flights");
        recorder.note(record, view, decision);
        asio::co_spawn(context, recorder.run(), asio::detached);
        const auto file = folder.path() / "flights" / "shop.jsonl";
        const auto give_up = Deadline::in(Milliseconds{20000});
        while (!read_file(file) && !give_up.passed()) {
            context.run_one_for(Milliseconds{50});
        }
        ASSERT_TRUE(read_file(file));
        recorder.stop();
        context.run_for(Milliseconds{100});
    }
    context.restart();
    FlightRecorder another(context.get_executor(), folder.path() / "flights");
    const auto lines = run_to_end(context, another.lines("shop", 0));
    ASSERT_TRUE(lines) << lines.error().message;
    ASSERT_EQ(lines->size(), 1U);
    const auto entry = decode_flight(lines->front());
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->decision, noted(decision));
}

} // namespace
} // namespace lockstep
