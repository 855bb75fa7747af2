#include "drivers/mysql/copy_call.h"

#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/copy_words.h"
#include "drivers/mysql/donor.h"

namespace lockstep::mysql {

namespace {
constexpr std::size_t most_callers = 8;
} // namespace

struct CopyCall::State {
    State(const asio::any_io_executor& executor, Member expected)
        : changed(executor, asio::steady_timer::time_point::max()), from(std::move(expected)) {}
    asio::steady_timer changed;
    Member from;
    std::shared_ptr<FrameStream> stream; // The first one; there is no second.
    std::string turned_away;
    bool over = false;
};

Awaitable<void> CopyCall::take(std::shared_ptr<State> state, std::shared_ptr<FrameStream> stream) {
    const auto known = check_agent(stream->peer(), state->from);
    if (!known) {
        state->turned_away = stream->remote_address() + ": " + known.error().message;
        co_return;
    }
    if (state->stream || state->over) {
        co_return;
    }
    state->stream = std::move(stream);
    state->changed.cancel();
    while (!state->over) {
        co_await state->changed.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

Result<std::unique_ptr<CopyCall>> CopyCall::listen(asio::any_io_executor executor, HostPort at,
                                                   TlsFiles files, Member from) {
    auto state = std::make_shared<State>(executor, std::move(from));
    auto serve = [state](std::shared_ptr<FrameStream> stream) {
        return take(state, std::move(stream));
    };
    auto trouble = [state](const std::string& address, const std::string& reason) {
        state->turned_away = address + ": " + reason;
    };
    auto server =
        FrameServer::listen(std::move(executor), std::move(at), std::move(files),
                            largest_copy_frame, most_callers, std::move(serve), std::move(trouble));
    if (!server) {
        return tl::unexpected(server.error());
    }
    std::unique_ptr<CopyCall> call(new CopyCall(state));
    call->server_ = std::move(*server);
    return call;
}

CopyCall::~CopyCall() {
    state_->over = true;
    state_->changed.cancel();
    if (server_) {
        server_->close();
    }
}

Awaitable<Result<std::shared_ptr<FrameStream>>> CopyCall::answered(Deadline deadline) {
    using namespace asio::experimental::awaitable_operators;
    const auto state = state_;
    while (!state->stream && !deadline.passed()) {
        auto changed = state->changed.async_wait(asio::as_tuple(asio::use_awaitable));
        static_cast<void>(co_await (std::move(changed) || until(deadline)));
    }
    if (state->stream) {
        co_return state->stream;
    }
    auto what = fmt::format("the agent of {} did not come in time", state->from.id);
    if (!state->turned_away.empty()) {
        what += "; turned away: " + state->turned_away;
    }
    co_return fail(Errc::timeout, std::move(what));
}

} // namespace lockstep::mysql
