#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/wait.h>

#include "platform/children.h"
#include "platform/lines.h"
#include "platform/pidfd.h"
#include "platform/process.h"

namespace lockstep {
namespace {

constexpr std::size_t most_output_bytes = 16384;
// A killed process is gone within milliseconds, unless it hangs in the kernel.
constexpr std::chrono::milliseconds gone_within{2000};

using Stream = asio::posix::stream_descriptor;

/// A tool that runs. Destroyed early, it takes the tool with it.
struct ToolRun {
    ToolRun(std::shared_ptr<children::Child> started, Stream out, Stream process, Stream exec,
            std::function<void(std::string_view)> on_line)
        : child(std::move(started)), output(std::move(out)), pidfd(std::move(process)),
          exec_trouble(std::move(exec)), lines(std::move(on_line)) {}
    ToolRun(const ToolRun&) = delete;
    ToolRun& operator=(const ToolRun&) = delete;
    ~ToolRun() { children::abandon(child); }

    void take(std::string_view part) {
        lines.take(part);
        tail.append(part);
        if (tail.size() > most_output_bytes) {
            tail.erase(0, tail.size() - most_output_bytes);
        }
    }

    std::shared_ptr<children::Child> child;
    Stream output;
    Stream pidfd;
    Stream exec_trouble;
    LineSplitter lines;
    std::string tail;
};
using Run = std::shared_ptr<ToolRun>;

Result<Run> start(const Command& command, const asio::any_io_executor& executor,
                  std::function<void(std::string_view)> on_line) {
    std::array<int, 2> ends{-1, -1};
    const auto from = command.input.empty() ? "/dev/null" : command.input;
    const Descriptor input(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
    if (!input.valid() || ::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return tl::unexpected(children::exec_failure(command, errno));
    }
    Descriptor reading(ends[0]);
    const Descriptor writing(ends[1]);
    Descriptor output;
    if (!command.output.empty()) {
        output = Descriptor(::open(command.output.c_str(), O_WRONLY | O_CLOEXEC));
        if (!output.valid()) {
            return tl::unexpected(children::exec_failure(command, errno));
        }
    }
    const int out = output.valid() ? output.get() : writing.get();
    auto spawned =
        children::spawn(command, children::Group::tool, {input.get(), out, writing.get()});
    if (!spawned) {
        return tl::unexpected(spawned.error());
    }
    if (!spawned->child->pidfd.valid()) {
        children::abandon(spawned->child);
        return fail(Errc::refused, "start " + command.argv.at(0) +
                                       ": the kernel gave no pidfd (it must be Linux 5.4 or newer, "
                                       "and descriptors must be left)");
    }
    return std::make_shared<ToolRun>(spawned->child, Stream(executor, reading.release()),
                                     Stream(executor, spawned->child->pidfd.release()),
                                     Stream(executor, spawned->exec_trouble.release()),
                                     std::move(on_line));
}

/// Waits until the program runs. Returns errno if it could not be executed, else 0.
Awaitable<int> executed(Run run) {
    int trouble = 0;
    const auto into = asio::buffer(&trouble, sizeof trouble);
    const auto token = asio::as_tuple(asio::use_awaitable);
    const auto [error, got] = co_await asio::async_read(run->exec_trouble, into, token);
    co_return !error && got == sizeof trouble ? trouble : 0;
}

Awaitable<void> read_output(Run run) {
    std::array<char, 4096> part{};
    const auto into = asio::buffer(part);
    const auto token = asio::as_tuple(asio::use_awaitable);
    for (;;) {
        const auto [error, got] = co_await run->output.async_read_some(into, token);
        if (error) {
            break; // Its end: nobody writes any more.
        }
        run->take(std::string_view(part.data(), got));
    }
    co_await wait_for_death(run->pidfd);
}

Awaitable<void> wait_until_dead(Run run) {
    co_await wait_for_death(run->pidfd);
}

/// What is in the pipe at the end, without waiting for those who may still hold it.
void drain(ToolRun& run) {
    std::array<char, 4096> part{};
    run.output.native_non_blocking(true);
    for (;;) {
        const auto got = ::read(run.output.native_handle(), part.data(), part.size());
        if (got <= 0 && !(got < 0 && errno == EINTR)) {
            break;
        }
        run.take(std::string_view(part.data(), got > 0 ? static_cast<std::size_t>(got) : 0));
    }
    run.lines.finish();
}

/// Reads along until the tool is dead. Returns errno if it could not be executed, else 0.
Awaitable<int> follow(Run run) {
    using namespace asio::experimental::awaitable_operators;
    const int trouble = co_await executed(run);
    co_await (read_output(run) || wait_until_dead(run));
    co_return trouble;
}

Awaitable<void> kill_and_wait(Run run, Deadline deadline) {
    using namespace asio::experimental::awaitable_operators;
    children::kill_group(run->child);
    co_await (wait_until_dead(run) || until(deadline));
}

int exit_status_of(int wait_status) {
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

} // namespace

Awaitable<Result<ToolResult>> run_tool(Command command, Deadline deadline,
                                       std::function<void(std::string_view)> on_line) {
    using namespace asio::experimental::awaitable_operators;
    const auto executor = co_await asio::this_coro::executor;
    auto started = start(command, executor, std::move(on_line));
    if (!started) {
        co_return tl::unexpected(started.error());
    }
    const Run run = *started;
    const auto ended = co_await (follow(run) || until(deadline));
    if (ended.index() == 1) {
        const auto gone = Deadline::in(gone_within);
        co_await kill_and_wait(run, gone);
        static_cast<void>(children::collect(run->child));
        drain(*run);
        co_return fail(Errc::timeout, command.argv[0] + " did not end in time and was killed");
    }
    const auto wait_status = children::collect(run->child);
    if (const int trouble = std::get<0>(ended); trouble != 0) {
        co_return tl::unexpected(children::exec_failure(command, trouble));
    }
    drain(*run);
    ToolResult result;
    result.exit_status = exit_status_of(wait_status.value_or(0));
    result.output = std::move(run->tail);
    co_return result;
}

} // namespace lockstep
