#pragma once

#include <memory>
#include <utility>

#include "drivers/driver.h"

/// A copy from a member whose agent looks at its server meanwhile, as agents do.
namespace lockstep {

inline Awaitable<int> keep_looking(Driver* driver, std::shared_ptr<bool> over) {
    while (!*over) {
        const auto deadline = Deadline::in(std::chrono::seconds{2});
        static_cast<void>(co_await driver->observe(deadline));
        const std::chrono::milliseconds breath{100};
        co_await pause_for(breath);
    }
    co_return 0;
}

inline Awaitable<Result<void>> copy_data(Driver* driver, Member upstream, OnProgress on_progress,
                                         std::shared_ptr<bool> over, Deadline deadline) {
    auto copied = co_await driver->clone(std::move(upstream), std::move(on_progress), deadline);
    *over = true;
    co_return copied;
}

inline Awaitable<Result<void>> copy_beside(Driver* donor, Member upstream, Driver* receiver,
                                           OnProgress on_progress, Deadline deadline) {
    using namespace asio::experimental::awaitable_operators;
    auto over = std::make_shared<bool>(false);
    auto copying = copy_data(receiver, std::move(upstream), std::move(on_progress), over, deadline);
    auto looking = keep_looking(donor, over);
    auto [copied, looked] = co_await (std::move(copying) && std::move(looking));
    co_return copied;
}

} // namespace lockstep
