#pragma once

#include <exception>
#include <utility>

#include "platform/asio.h"

namespace lockstep {

/// Starts a coroutine that its owner ends. An exception in one is a bug: it ends the process
/// instead of leaving it running without that part.
inline void spawn(const asio::any_io_executor& executor, Awaitable<void> coroutine) {
    asio::co_spawn(executor, std::move(coroutine), [](std::exception_ptr thrown) {
        if (thrown) {
            std::rethrow_exception(thrown);
        }
    });
}

} // namespace lockstep
