#pragma once

#include <exception>

namespace lockstep {

/// What a coroutine is spawned with instead of asio::detached, which swallows exceptions: one that
/// leaves a coroutine is a bug, and ends the loop that runs it, with its words.
inline constexpr auto bugs_end_it = [](const std::exception_ptr& bug) {
    if (bug) {
        std::rethrow_exception(bug);
    }
};

} // namespace lockstep
