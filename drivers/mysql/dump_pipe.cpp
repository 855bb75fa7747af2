#include "drivers/mysql/dump_pipe.h"

#include <cerrno>
#include <cstring>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "drivers/mysql/together.h"

namespace lockstep::mysql {

namespace fs = std::filesystem;

namespace {

struct State : Together {
    State(const asio::any_io_executor& executor, const PipedTools& tools)
        : Together(executor), in(tools.written), out(tools.read) {}
    Pipe in;
    Pipe out;
    bool written = false; // The writer ended well: what is in the pipe is the rest.
};
using StatePtr = std::shared_ptr<State>;

bool is_over(const State& state, ssize_t got) {
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR) ||
           (got < 0 && errno == EAGAIN && state.written);
}

/// Moves all that there is. Returns whether the end was reached.
Awaitable<int> pump(StatePtr state, std::uint64_t most_a_second,
                    std::function<void(std::uint64_t)> on_bytes) {
    std::vector<char> buffer(chunk_bytes);
    const auto began = steady_now();
    std::uint64_t bytes = 0;
    while (state->trouble.empty()) {
        const bool last_look = state->written; // Before the look: nothing comes after it.
        const auto got = ::read(state->in.fd(), buffer.data(), buffer.size());
        if (got > 0) {
            const std::string_view chunk(buffer.data(), static_cast<std::size_t>(got));
            co_await write_out(state, state->out.fd(), chunk);
            bytes += static_cast<std::uint64_t>(got);
            on_bytes(bytes);
            const auto ahead = ahead_of_rate(bytes, most_a_second, began);
            if (ahead.count() > 0) {
                co_await pause_for(ahead);
            }
            continue;
        }
        if (last_look && is_over(*state, got)) {
            break;
        }
        co_await pause_for(breath);
    }
    state->out.close();
    co_return 0;
}

} // namespace

Awaitable<Result<void>> run_piped(PipedTools tools, Deadline deadline) {
    using namespace asio::experimental::awaitable_operators;
    const auto executor = co_await asio::this_coro::executor;
    auto state = std::make_shared<State>(executor, tools);
    if (state->in.fd() < 0 || state->out.fd() < 0) {
        co_return fail(Errc::refused,
                       fmt::format("make pipes in {}: {}", tools.written.parent_path().string(),
                                   std::strerror(errno)));
    }
    const std::function<void(std::string_view)> nobody;
    std::function<void()> is_written = [state] { state->written = true; };
    std::function<void()> nothing = [] {};
    auto writing =
        run_part(state, std::move(tools.writer), nobody, std::move(is_written), deadline);
    auto reading = run_part(state, std::move(tools.reader), nobody, std::move(nothing), deadline);
    auto pumping = pump(state, tools.most_bytes_a_second, std::move(tools.on_bytes));
    auto both = std::move(writing) && std::move(reading);
    auto all = std::move(both) && std::move(pumping);
    auto trouble = until_trouble(state);
    static_cast<void>(co_await (std::move(all) || std::move(trouble)));
    std::error_code ignored;
    fs::remove(tools.written, ignored);
    fs::remove(tools.read, ignored);
    co_return state->outcome();
}

} // namespace lockstep::mysql
