#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/spawn.h"
#include "core/wire/codec.h"
#include "platform/clock.h"
#include "platform/tls_stream.h"

namespace lockstep {

/// An agent without a database: it says what the test lets it observe, over a real stream, and
/// keeps what it is told. Like a real one it obeys the highest revision at once.
class ScriptedAgent : public std::enable_shared_from_this<ScriptedAgent> {
public:
    ScriptedAgent(const MemberId& member, const std::string& host, const std::string& instance) {
        hello.member = member;
        hello.instance = instance;
        hello.machine_id = "machine-of-" + host;
        hello.zone = "zone-" + member;
        hello.host = host;
        hello.address = "127.0.0.1";
        hello.port = 1; // Nothing listens there.
        hello.engine = "postgresql";
        observation.member = member;
    }

    [[nodiscard]] Awaitable<Result<void>> connect(std::uint16_t port, TlsFiles files) {
        const auto deadline = Deadline::in(Milliseconds{5000});
        const HostPort to{"127.0.0.1", port};
        const std::string no_fingerprint;
        auto dialled =
            co_await dial(to, files, no_fingerprint, deadline, wire::largest_frame_bytes);
        if (!dialled) {
            co_return tl::unexpected(dialled.error());
        }
        stream = *dialled;
        auto greeting = wire::encode(hello);
        const auto greeted = co_await stream->write_frame(std::move(greeting), deadline);
        const auto executor = co_await asio::this_coro::executor;
        spawn(executor, listen(shared_from_this()));
        co_return greeted;
    }

    /// Says now what is observed.
    [[nodiscard]] Awaitable<void> say() {
        observation.store_id = told.store_id;
        observation.accepted = told.record ? told.record->revision : Revision{};
        auto frame = wire::encode(wire::Status{observation, {hello.instance, boot_time()}});
        co_await send(std::move(frame));
    }
    [[nodiscard]] Awaitable<void> send(std::string frame) {
        const auto deadline = Deadline::in(Milliseconds{5000});
        const auto written = co_await stream->write_frame(std::move(frame), deadline);
        ended = ended || !written;
    }

    wire::Hello hello;
    Observation observation;
    wire::Told told;
    std::string refused;
    bool ended = false;
    std::shared_ptr<FrameStream> stream;

private:
    static Awaitable<void> listen(std::shared_ptr<ScriptedAgent> self) {
        while (!self->ended) {
            const auto deadline = Deadline::in(Milliseconds{5000});
            auto frame = co_await self->stream->read_frame(deadline);
            if (!frame) {
                self->ended = true;
                co_return;
            }
            auto message = wire::decode(*frame);
            if (auto* told_now = std::get_if<wire::Told>(&*message)) {
                self->told = std::move(*told_now);
            }
            if (auto* no = std::get_if<wire::Refused>(&*message)) {
                self->refused = no->reason;
            }
        }
    }
};

} // namespace lockstep
