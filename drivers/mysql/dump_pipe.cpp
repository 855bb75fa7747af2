#include "drivers/mysql/dump_pipe.h"

#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lockstep::mysql {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::milliseconds breath{3};
constexpr std::size_t chunk_bytes = 1U << 20U;

/// Opened for both directions: then a tool that is not there yet, or no longer, is no end of file
/// and no signal. Who is there is known from the tools' processes.
class Pipe {
public:
    explicit Pipe(const fs::path& path) {
        ::unlink(path.c_str());
        if (::mkfifo(path.c_str(), 0600) == 0) {
            fd_ = ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
        }
        if (fd_ >= 0) {
            // Larger where the system allows it.
            static_cast<void>(::fcntl(fd_, F_SETPIPE_SZ, static_cast<int>(chunk_bytes)));
        }
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() { close(); }
    [[nodiscard]] int fd() const { return fd_; }
    void close() {
        if (fd_ >= 0) {
            ::close(fd_);
            fd_ = -1;
        }
    }

private:
    int fd_ = -1;
};

struct State {
    State(const asio::any_io_executor& executor, const PipedTools& tools)
        : over(executor, asio::steady_timer::time_point::max()), in(tools.written),
          out(tools.read) {}
    asio::steady_timer over;
    Pipe in;
    Pipe out;
    bool written = false; // The writer ended well: what is in the pipe is the rest.
    std::string trouble;
    Errc code = Errc::refused;
    void fail(Errc why, std::string what) {
        if (trouble.empty()) {
            trouble = std::move(what);
            code = why;
        }
        over.cancel();
    }
};
using StatePtr = std::shared_ptr<State>;

std::string last_words(std::string output) {
    constexpr std::size_t most_characters = 400;
    for (char& letter : output) {
        letter = letter == '\n' || letter == '\r' ? ' ' : letter;
    }
    return output.size() <= most_characters ? output
                                            : "… " + output.substr(output.size() - most_characters);
}

Awaitable<int> run_one(StatePtr state, Command command, bool is_writer, Deadline deadline) {
    const auto name = fs::path(command.argv.front()).filename().string();
    std::function<void(std::string_view)> nobody;
    const auto ran = co_await run_tool(std::move(command), deadline, std::move(nobody));
    if (!ran) {
        state->fail(ran.error().code, name + ": " + ran.error().message);
    } else if (ran->exit_status != 0) {
        state->fail(Errc::refused, fmt::format("{} ended with status {}: {}", name,
                                               ran->exit_status, last_words(ran->output)));
    } else if (is_writer) {
        state->written = true;
    }
    co_return 0;
}

/// Moves all that there is. Returns whether the end was reached.
bool is_over(const State& state, ssize_t got) {
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR) ||
           (got < 0 && errno == EAGAIN && state.written);
}

Awaitable<int> write_out(StatePtr state, std::string_view chunk) {
    while (!chunk.empty() && state->trouble.empty()) {
        const auto put = ::write(state->out.fd(), chunk.data(), chunk.size());
        if (put > 0) {
            chunk.remove_prefix(static_cast<std::size_t>(put));
        } else {
            co_await pause_for(breath);
        }
    }
    co_return 0;
}

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
            co_await write_out(state, chunk);
            bytes += static_cast<std::uint64_t>(got);
            on_bytes(bytes);
            const auto due =
                std::chrono::milliseconds(most_a_second == 0 ? 0 : bytes * 1000 / most_a_second);
            const auto ahead =
                due - std::chrono::duration_cast<std::chrono::milliseconds>(steady_now() - began);
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

Awaitable<int> until_trouble(StatePtr state) {
    while (state->trouble.empty()) {
        co_await state->over.async_wait(asio::as_tuple(asio::use_awaitable));
    }
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
    auto writing = run_one(state, std::move(tools.writer), true, deadline);
    auto reading = run_one(state, std::move(tools.reader), false, deadline);
    auto pumping = pump(state, tools.most_bytes_a_second, std::move(tools.on_bytes));
    auto both = std::move(writing) && std::move(reading);
    auto all = std::move(both) && std::move(pumping);
    auto trouble = until_trouble(state);
    static_cast<void>(co_await (std::move(all) || std::move(trouble)));
    std::error_code ignored;
    fs::remove(tools.written, ignored);
    fs::remove(tools.read, ignored);
    co_return state->trouble.empty() ? Result<void>{} : fail(state->code, state->trouble);
}

} // namespace lockstep::mysql
