#include "controller/store_thread.h"

#include <thread>

#include <gtest/gtest.h>

#include "controller/event_log.h"
#include "controller/spawn.h"
#include "controller/sqlite_store.h"
#include "tests/support/pair_fixture.h"
#include "tests/support/run_coroutine.h"
#include "tests/support/temporary_folder.h"

namespace lockstep {
namespace {

class StoreThreadTest : public testing::Test {
protected:
    StoreThreadTest() {
        auto opened = SqliteStore::open(folder / "store.db", "machine", "key");
        if (!opened) {
            throw std::runtime_error(opened.error().message);
        }
        store = std::make_unique<StoreThread>(context.get_executor(), std::move(*opened));
    }

    TemporaryFolder folder;
    asio::io_context context{1};
    std::unique_ptr<StoreThread> store;
};

TEST_F(StoreThreadTest, RunsCallsOnAnotherThreadAndComesBack) {
    auto work = [this]() -> Awaitable<bool> {
        const auto here = std::this_thread::get_id();
        auto where = [](StateStore&) -> Result<std::thread::id> {
            return std::this_thread::get_id();
        };
        const auto there = co_await store->call(where);
        EXPECT_NE(*there, here);
        EXPECT_EQ(std::this_thread::get_id(), here);
        co_return true;
    };
    EXPECT_TRUE(run_to_end(context, work()));
}

TEST_F(StoreThreadTest, ShowsAReadTheSwapBeforeIt) {
    auto work = [this]() -> Awaitable<bool> {
        auto record = fixture::solo_record();
        auto create = [record](StateStore& state) { return state.create(record, {}); };
        auto created = co_await store->call(create);
        auto next_record = *created;
        next_record.paused = true;
        auto swap = [next_record](StateStore& state) {
            return state.swap(next_record.revision, next_record, {});
        };
        auto read = [](StateStore& state) { return state.pair("shop"); };
        using namespace asio::experimental::awaitable_operators;
        auto swapping = store->call(swap);
        auto reading = store->call(read);
        const auto [swapped, seen] = co_await (std::move(swapping) && std::move(reading));
        EXPECT_EQ(*swapped, *seen);
        co_return true;
    };
    EXPECT_TRUE(run_to_end(context, work()));
}

TEST_F(StoreThreadTest, IsProvedByAReadAndNotByAFailure) {
    auto work = [this]() -> Awaitable<bool> {
        auto missing = [](StateStore& state) { return state.pair("none"); };
        const auto failed = co_await store->call(missing);
        EXPECT_FALSE(failed);
        EXPECT_EQ(store->proved_at(), Milliseconds{0});
        auto head = [](StateStore& state) { return state.head(); };
        const auto before = boot_time();
        const auto read = co_await store->call(head);
        EXPECT_TRUE(read);
        EXPECT_GE(store->proved_at(), before);
        co_return true;
    };
    EXPECT_TRUE(run_to_end(context, work()));
}

TEST_F(StoreThreadTest, KeepsEveryEventThatWasAddedBeforeTheEnd) {
    EventLog log(context.get_executor(), *store);
    auto work = [this, &log]() -> Awaitable<bool> {
        spawn(context.get_executor(), log.run());
        for (int i = 0; i < 1200; ++i) {
            log.add(make_event("test", Severity::info, std::to_string(i)));
        }
        log.stop();
        co_await log.drained();
        auto read = [](StateStore& state) {
            return state.events(StateStore::EventQuery{{}, 0, 5000});
        };
        const auto events = co_await store->call(read);
        EXPECT_EQ(events->size(), 1200U);
        EXPECT_EQ(events->back().message, "1199");
        co_return true;
    };
    EXPECT_TRUE(run_to_end(context, work()));
}

} // namespace
} // namespace lockstep
