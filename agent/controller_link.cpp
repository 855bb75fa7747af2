#include "agent/controller_link.h"

#include <algorithm>
#include <utility>

#include "core/wire/codec.h"
#include "platform/clock.h"

namespace lockstep {
namespace {

using namespace asio::experimental::awaitable_operators;

constexpr Milliseconds longest_dial{3000};
constexpr Milliseconds longest_write{3000};
// It speaks every second; a controller that is silent for longer is dialled anew.
constexpr Milliseconds longest_silence{5000};
constexpr Milliseconds between_statuses{200};
/// While something is silent here: how long it has been is evidence once it is told, not before.
constexpr Milliseconds between_statuses_in_silence{50};
constexpr Milliseconds silence{500};
constexpr Milliseconds first_retry{50};
constexpr Milliseconds last_retry{1000};
constexpr const char* refused_alarm = "refused";

bool is_silence(const Observation& told) {
    const auto longest = std::max({told.sql.silent, told.fsync.silent, told.heartbeat.silent});
    return longest >= silence ||
           (told.server == ServerState::standby && told.stream.silent >= silence) ||
           (!told.acknowledgements.name.empty() && told.acknowledgements.silent >= silence);
}

} // namespace

ControllerLink::ControllerLink(Identity identity, wire::Hello hello, LocalState& state,
                               Journal& journal, Acceptance& acceptance,
                               const Divergences& divergences, SnapshotBoard& snapshots,
                               Observe observe)
    : identity_(std::move(identity)), hello_(std::move(hello)), state_(state), journal_(journal),
      acceptance_(acceptance), divergences_(divergences), snapshots_(snapshots),
      observe_(std::move(observe)) {}

Awaitable<void> ControllerLink::run() {
    auto retry = first_retry;
    for (;;) {
        const bool spoke = co_await connect_once();
        retry = spoke ? first_retry : std::min(retry * 2, last_retry);
        co_await pause_for(retry);
    }
}

Awaitable<bool> ControllerLink::connect_once() {
    const auto deadline = Deadline::in(longest_dial);
    std::string no_fingerprint;
    auto dialled = co_await dial(identity_.controller, identity_.files, std::move(no_fingerprint),
                                 deadline, wire::largest_frame_bytes);
    if (!dialled) {
        tell_loss(dialled.error().message);
        co_return false;
    }
    spoke_ = false;
    auto session = std::make_shared<Session>();
    session->stream = std::move(*dialled);
    auto reading = read(session);
    auto writing = write(session);
    co_await (std::move(reading) && std::move(writing));
    session->stream->close();
    tell_loss(session->why);
    co_return spoke_;
}

/// Once for each reason: the database goes on, and the dialling too.
void ControllerLink::tell_loss(const std::string& why) {
    if (why == last_loss_) {
        return;
    }
    last_loss_ = why;
    journal_.write("controller lost", Severity::warning, "no stream to the controller: " + why);
}

void ControllerLink::end(const SessionPointer& session, std::string why) {
    if (session->ended) {
        return;
    }
    session->ended = true;
    session->why = std::move(why);
    session->stream->close(); // Ends the other half too.
    state_.status_wake.notify();
}

Awaitable<void> ControllerLink::read(SessionPointer session) {
    while (!session->ended) {
        const auto deadline = Deadline::in(longest_silence);
        const auto frame = co_await session->stream->read_frame(deadline);
        if (!frame) {
            end(session, frame.error().message);
            co_return;
        }
        auto message = wire::decode(*frame);
        if (!message) {
            end(session, message.error().message);
            co_return;
        }
        const auto taken = co_await take(std::move(*message));
        if (!taken) {
            end(session, taken.error().message);
            co_return;
        }
    }
}

Awaitable<Result<void>> ControllerLink::take(wire::Message message) {
    if (auto* const told = std::get_if<wire::Told>(&message)) {
        if (!spoke_) {
            spoke_ = true;
            last_loss_.clear();
            journal_.clear(refused_alarm);
            journal_.write("controller found", Severity::info,
                           "a stream to the controller is open");
        }
        snapshots_.ask(told->orders);
        co_await acceptance_.take(std::move(*told));
        co_return Result<void>{};
    }
    if (const auto* const refused = std::get_if<wire::Refused>(&message)) {
        journal_.raise(refused_alarm, "the controller refuses this agent: " + refused->reason);
        co_return fail(Errc::refused, refused->reason);
    }
    co_return fail(Errc::corrupt, "the controller sent something that only agents send");
}

Awaitable<void> ControllerLink::write(SessionPointer session) {
    wire::Message hello = hello_;
    auto sent = co_await send(session, std::move(hello));
    while (sent && !session->ended) {
        auto told = observe_();
        const auto pause = is_silence(told) ? between_statuses_in_silence : between_statuses;
        wire::Message status = wire::Status{std::move(told), {state_.instance, boot_time()}};
        sent = co_await send(session, std::move(status));
        if (sent) {
            sent = co_await send_reports(session);
        }
        if (sent) {
            sent = co_await send_divergences(session);
        }
        if (sent) {
            sent = co_await send_snapshots(session);
        }
        if (sent && !session->ended) {
            co_await state_.status_wake.wait(pause);
        }
    }
    end(session, sent ? "closed" : sent.error().message);
}

Awaitable<Result<void>> ControllerLink::send_reports(SessionPointer session) {
    auto reports = journal_.take_reports();
    for (std::size_t i = 0; i < reports.size(); ++i) {
        wire::Message report = reports[i];
        auto sent = co_await send(session, std::move(report));
        if (!sent) {
            reports.erase(reports.begin(), reports.begin() + static_cast<std::ptrdiff_t>(i));
            journal_.give_back(std::move(reports));
            co_return sent;
        }
    }
    co_return Result<void>{};
}

Awaitable<Result<void>> ControllerLink::send_divergences(SessionPointer session) {
    const auto version = divergences_.version();
    if (session->divergences_told == version) {
        co_return Result<void>{};
    }
    wire::Divergences newest;
    const auto& all = divergences_.list();
    const auto count = std::min(all.size(), wire::most_divergences);
    newest.kept.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count));
    wire::Message message = std::move(newest);
    session->divergences_told = version;
    co_return co_await send(session, std::move(message));
}

Awaitable<Result<void>> ControllerLink::send_snapshots(SessionPointer session) {
    const auto version = snapshots_.version();
    if (session->snapshots_told == version) {
        co_return Result<void>{};
    }
    session->snapshots_told = version;
    wire::Message message = wire::Snapshots{snapshots_.report()};
    co_return co_await send(session, std::move(message));
}

Awaitable<Result<void>> ControllerLink::send(SessionPointer session, wire::Message message) {
    const auto deadline = Deadline::in(longest_write);
    auto frame = wire::encode(message);
    auto sent = co_await session->stream->write_frame(std::move(frame), deadline);
    co_return sent;
}

} // namespace lockstep
