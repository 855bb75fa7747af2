#pragma once

#include <exception>
#include <optional>
#include <utility>

#include "platform/asio.h"

namespace lockstep {

/// Runs one coroutine to its end on a context of its own.
template <class T> T run_to_end(asio::io_context& context, Awaitable<T> work) {
    std::optional<T> result;
    std::exception_ptr trouble;
    const auto done = [&](std::exception_ptr error, T value) {
        trouble = error;
        result.emplace(std::move(value));
    };
    asio::co_spawn(context, std::move(work), done);
    context.restart();
    context.run();
    if (trouble) {
        std::rethrow_exception(trouble);
    }
    return std::move(*result);
}

} // namespace lockstep
