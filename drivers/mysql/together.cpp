#include "drivers/mysql/together.h"

#include <cerrno>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lockstep::mysql {

namespace {

std::string last_words(std::string output) {
    constexpr std::size_t most_characters = 400;
    for (char& letter : output) {
        letter = letter == '\n' || letter == '\r' ? ' ' : letter;
    }
    const auto skipped = output.size() - std::min(output.size(), most_characters);
    return skipped == 0 ? output : "… " + output.substr(skipped);
}

} // namespace

Pipe::Pipe(const std::filesystem::path& path) {
    ::unlink(path.c_str());
    if (::mkfifo(path.c_str(), 0600) == 0) {
        fd_ = ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    }
    if (fd_ >= 0) {
        // Larger where the system allows it.
        static_cast<void>(::fcntl(fd_, F_SETPIPE_SZ, static_cast<int>(chunk_bytes)));
    }
}

void Pipe::close() {
    if (fd_ >= 0) {
        ::close(fd_);
        fd_ = -1;
    }
}

void Together::fail(Errc why, std::string what) {
    if (trouble.empty()) {
        trouble = std::move(what);
        code = why;
    }
    over.cancel();
}

Awaitable<int> until_trouble(TogetherPtr state) {
    while (state->trouble.empty()) {
        co_await state->over.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    co_return 0;
}

Awaitable<int> run_part(TogetherPtr state, Command command,
                        std::function<void(std::string_view)> on_line, std::function<void()> well,
                        Deadline deadline) {
    const auto name = std::filesystem::path(command.argv.front()).filename().string();
    const auto ran = co_await run_tool(std::move(command), deadline, std::move(on_line));
    if (!ran) {
        state->fail(ran.error().code, name + ": " + ran.error().message);
    } else if (ran->exit_status != 0) {
        state->fail(Errc::refused, fmt::format("{} ended with status {}: {}", name,
                                               ran->exit_status, last_words(ran->output)));
    } else {
        well();
    }
    co_return 0;
}

Awaitable<int> write_out(TogetherPtr state, int pipe, std::string_view chunk) {
    while (!chunk.empty() && state->trouble.empty()) {
        const auto put = ::write(pipe, chunk.data(), chunk.size());
        if (put > 0) {
            chunk.remove_prefix(static_cast<std::size_t>(put));
        } else {
            co_await pause_for(breath);
        }
    }
    co_return 0;
}

std::chrono::milliseconds ahead_of_rate(std::uint64_t bytes, std::uint64_t most_a_second,
                                        std::chrono::steady_clock::time_point began) {
    using std::chrono::milliseconds;
    const auto due = milliseconds(most_a_second == 0 ? 0 : bytes * 1000 / most_a_second);
    const auto gone = std::chrono::duration_cast<milliseconds>(steady_now() - began);
    return std::max(due - gone, milliseconds{0});
}

} // namespace lockstep::mysql
