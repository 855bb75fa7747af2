#pragma once

#include <exception>
#include <utility>

#include "platform/asio.h"

namespace lockstep {

/// Starts a coroutine that lives as long as the agent. An exception out of it is a bug: it ends
/// the agent loudly (the database goes on) instead of ending one loop in silence.
inline void start_coroutine(const asio::any_io_executor& executor, Awaitable<void> coroutine) {
    asio::co_spawn(executor, std::move(coroutine), [](const std::exception_ptr& failure) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    });
}

} // namespace lockstep
