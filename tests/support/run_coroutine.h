#pragma once

#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include "platform/asio.h"

namespace lockstep {

/// Runs one coroutine to its end; what else runs on the context goes on at the next call.
template <class T> T run_to_end(asio::io_context& context, Awaitable<T> work) {
    std::optional<T> result;
    std::exception_ptr trouble;
    const auto done = [&](std::exception_ptr error, T value) {
        trouble = error;
        result.emplace(std::move(value));
    };
    asio::co_spawn(context, std::move(work), done);
    context.restart();
    while (!result && context.run_one() > 0) {
    }
    if (!result) {
        throw std::logic_error("the coroutine waits for nothing that could happen");
    }
    if (trouble) {
        std::rethrow_exception(trouble);
    }
    return std::move(*result);
}

} // namespace lockstep
