#pragma once

#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include "controller/state_store.h"
#include "platform/asio.h"
#include "platform/clock.h"
#include "platform/timer.h"

namespace lockstep {

/// Runs every call to the store on one thread of its own, in the order in which they were made:
/// a read that follows a swap sees it. Nothing else touches the store.
class StoreThread {
public:
    /// A store that never blocks may do without that thread: then `worker` runs the calls, one at a
    /// time.
    StoreThread(asio::any_io_executor executor, std::unique_ptr<StateStore> store,
                asio::any_io_executor worker = {});
    StoreThread(const StoreThread&) = delete;
    StoreThread& operator=(const StoreThread&) = delete;
    /// Waits for the calls in progress.
    ~StoreThread();

    /// `co_await store.call(work)`, where `work` takes the StateStore and returns a Result. At most
    /// `longest_call`: then `timeout`, and the call may still happen.
    template <class Work>
    [[nodiscard]] Awaitable<std::invoke_result_t<Work&, StateStore&>> call(Work work) {
        using Outcome = std::invoke_result_t<Work&, StateStore&>;
        auto task = std::make_shared<Task<Outcome>>(executor_);
        const auto began = boot_time();
        auto job = [this, task, work = std::move(work)]() mutable {
            task->outcome.emplace(work(*store_));
            auto done = [task] {
                task->finished = true;
                task->timer.ring();
            };
            asio::post(executor_, std::move(done));
        };
        asio::post(worker_, std::move(job));
        co_await task->timer.wait_for(longest_call);
        last_took_ = boot_time() - began;
        if (!task->finished) {
            co_return fail(Errc::timeout,
                           "the store did not answer within 10 s: is its disk well?");
        }
        if (task->outcome->has_value()) {
            proved_at_ = began;
        }
        co_return std::move(*task->outcome);
    }

    [[nodiscard]] const std::string& store_id() const { return store_id_; }
    /// Boot time at which the last successful call was made: since then nobody else leads.
    [[nodiscard]] Milliseconds proved_at() const { return proved_at_; }
    [[nodiscard]] Milliseconds last_took() const { return last_took_; }

private:
    static constexpr Milliseconds longest_call{10000};

    template <class Outcome> struct Task {
        explicit Task(asio::any_io_executor executor) : timer(std::move(executor)) {}
        Timer timer;
        std::optional<Outcome> outcome; // Of the store's thread, until `finished`.
        bool finished = false;          // Of the executor's thread.
    };

    asio::any_io_executor executor_;
    std::unique_ptr<StateStore> store_;
    std::string store_id_;
    Milliseconds proved_at_{0};
    Milliseconds last_took_{0};
    std::unique_ptr<asio::thread_pool> pool_; // Null: somebody else's worker runs the calls.
    asio::any_io_executor worker_;
};

} // namespace lockstep
