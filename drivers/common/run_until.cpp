#include "drivers/common/run_until.h"

#include <memory>

namespace lockstep {
namespace {

struct Stop {
    explicit Stop(const asio::any_io_executor& executor)
        : timer(executor, asio::steady_timer::time_point::max()) {}
    asio::steady_timer timer;
    bool wanted = false;
};

Awaitable<void> until_wanted(std::shared_ptr<Stop> stop) {
    while (!stop->wanted) {
        co_await stop->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

} // namespace

Awaitable<Result<std::optional<ToolResult>>>
run_until(Command command, std::function<bool(std::string_view)> enough, Deadline deadline) {
    using namespace asio::experimental::awaitable_operators;
    using Answer = Result<std::optional<ToolResult>>;
    const auto stop = std::make_shared<Stop>(co_await asio::this_coro::executor);
    std::function<void(std::string_view)> on_line = [stop, enough](std::string_view line) {
        if (!stop->wanted && enough(line)) {
            stop->wanted = true;
            stop->timer.cancel();
        }
    };
    auto running = run_tool(std::move(command), deadline, std::move(on_line));
    auto ending = until_wanted(stop);
    auto ended = co_await (std::move(running) || std::move(ending));
    if (ended.index() == 1) {
        co_return Answer(std::nullopt);
    }
    auto& ran = std::get<0>(ended);
    if (!ran) {
        co_return tl::unexpected(ran.error());
    }
    co_return Answer(std::move(*ran));
}

} // namespace lockstep
