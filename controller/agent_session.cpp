#include "controller/agent_session.h"

#include "core/wire/codec.h"
#include "platform/clock.h"

namespace lockstep {
namespace {

constexpr Milliseconds tell_every{1000};
constexpr Milliseconds longest_write{5000};
/// Agents speak every 200 ms: after so long the stream is dead, whatever TCP believes.
constexpr Milliseconds longest_silence{5000};

} // namespace

AgentSession::AgentSession(const asio::any_io_executor& executor,
                           std::shared_ptr<FrameStream> stream, wire::Hello hello, Ends ends)
    : stream_(std::move(stream)), hello_(std::move(hello)), ends_(std::move(ends)),
      wakeup_(executor), heard_at_(boot_time()) {}

Awaitable<Error> AgentSession::run(std::shared_ptr<AgentSession> self) {
    using namespace asio::experimental::awaitable_operators;
    auto reading = self->read_all();
    auto writing = self->write_all();
    co_await (std::move(reading) && std::move(writing));
    co_return self->why_;
}

void AgentSession::close() {
    end({Errc::unreachable, "closed by this controller"});
}

/// Closing the stream ends both coroutines: a cancel would miss the operation that starts next.
void AgentSession::end(Error why) {
    if (ended_) {
        return;
    }
    ended_ = true;
    why_ = std::move(why);
    stream_->close();
    wakeup_.wake();
}

Awaitable<void> AgentSession::read_all() {
    while (!ended_) {
        const auto deadline = Deadline::in(longest_silence);
        const auto frame = co_await stream_->read_frame(deadline);
        if (!frame) {
            end(frame.error());
            co_return;
        }
        heard_at_ = boot_time();
        if (auto accepted = accept(*frame); !accepted) {
            end(accepted.error());
        }
    }
}

Result<void> AgentSession::accept(const std::string& frame) {
    auto message = wire::decode(frame);
    if (!message) {
        return tl::unexpected(message.error());
    }
    if (auto* status = std::get_if<wire::Status>(&*message)) {
        if (status->observation.member != hello_.member) {
            return fail(Errc::corrupt, "frame: a status of \"" + status->observation.member +
                                           "\" over the stream of " + hello_.member);
        }
        ends_.status(*this, std::move(*status));
        return {};
    }
    if (auto* report = std::get_if<wire::Report>(&*message)) {
        ends_.report(*this, std::move(*report));
        return {};
    }
    if (auto* divergences = std::get_if<wire::Divergences>(&*message)) {
        ends_.divergences(*this, std::move(*divergences));
        return {};
    }
    if (auto* snapshots = std::get_if<wire::Snapshots>(&*message)) {
        ends_.snapshots(*this, std::move(*snapshots));
        return {};
    }
    return fail(Errc::corrupt, "frame: an agent sends statuses, reports, divergences and snapshots "
                               "only, not this");
}

Awaitable<void> AgentSession::write_all() {
    while (!ended_) {
        auto frame = wire::encode(ends_.told_for(hello_.member));
        const auto deadline = Deadline::in(longest_write);
        const auto written = co_await stream_->write_frame(std::move(frame), deadline);
        if (!written) {
            end(written.error());
            co_return;
        }
        co_await wakeup_.wait_for(tell_every);
    }
}

} // namespace lockstep
