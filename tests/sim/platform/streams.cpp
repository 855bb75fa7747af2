#include <array>
#include <deque>
#include <utility>

#include "platform/answers_tcp.h"
#include "platform/tls_stream.h"
#include "tests/sim/host.h"
#include "tests/sim/network.h"
#include "tests/sim/streams.h"

/// Framed streams between agents and the controller, over the simulated network: in order and
/// without loss as TCP has it, but late, stuck while a direction is cut, and broken when it is for
/// too long or an end dies.
namespace lockstep {
namespace {

using sim::Machine;
using sim::Micros;
using sim::millisecond;
using sim::Network;
using sim::second;

constexpr Micros look_again_after = 250 * millisecond; // A retransmission.
constexpr Micros broken_after = 12 * second;           // Nothing got through: TCP gives up.

struct Wire;

/// One end's view of a connection.
struct End {
    std::string host;
    std::deque<std::string> arrived;
    std::deque<std::string> on_its_way; // To the other end.
    bool closed = false;                // By itself, or it learned that the other end is gone.
    bool sending = false;
    Micros stuck_since = 0;
    std::shared_ptr<sim::Place> reader = std::make_shared<sim::Place>();
};

struct Wire : std::enable_shared_from_this<Wire> {
    std::array<End, 2> ends;

    void send(std::size_t from, std::string frame) {
        ends[from].on_its_way.push_back(std::move(frame));
        pump(from);
    }
    /// The head of the queue travels; the next one after it.
    void pump(std::size_t from) {
        auto& end = ends[from];
        if (end.sending || end.on_its_way.empty()) {
            return;
        }
        end.sending = true;
        end.stuck_since = Machine::current().now();
        arrive_after(from, Network::current().latency());
    }
    void arrive_after(std::size_t from, Micros span) {
        Machine::current().after(span, [self = shared_from_this(), from] { self->arrive(from); });
    }
    void arrive(std::size_t from) {
        auto& end = ends[from];
        auto& other = ends[1 - from];
        if (!Network::current().passes(end.host, other.host)) {
            if (Machine::current().now() - end.stuck_since > broken_after) {
                close_end(from);
                return;
            }
            arrive_after(from, look_again_after);
            return;
        }
        end.sending = false;
        auto frame = std::move(end.on_its_way.front());
        end.on_its_way.pop_front();
        if (!other.closed) {
            other.arrived.push_back(std::move(frame));
            other.reader->ring();
        } else {
            hang_up(1 - from); // Answered with a reset.
        }
        pump(from);
    }
    /// One end is closed; the other one hears of it if the network lets it.
    void close_end(std::size_t which) {
        ends[which].closed = true;
        ends[which].reader->ring();
        hang_up(which);
    }
    void hang_up(std::size_t which) {
        Machine::current().after(Network::current().latency(), [self = shared_from_this(), which] {
            auto& other = self->ends[1 - which];
            if (Network::current().passes(self->ends[which].host, other.host)) {
                other.closed = true;
                other.reader->ring();
            }
        });
    }
};

class SimStream : public FrameStream {
public:
    SimStream(std::shared_ptr<Wire> wire, std::size_t which, std::string peer)
        : wire_(std::move(wire)), which_(which),
          peer_(PeerIdentity{peer, which == 0 ? "controller" : "agent", "key-" + peer}) {}
    ~SimStream() override { close(); }

    [[nodiscard]] const std::optional<PeerIdentity>& peer() const override { return peer_; }
    [[nodiscard]] std::string remote_address() const override {
        return Network::address_of(wire_->ends[1 - which_].host) + ":40000";
    }
    Awaitable<Result<std::string>> read_frame(Deadline deadline) override {
        const auto wire = wire_;
        auto& mine = wire->ends[which_];
        const auto reader = mine.reader;
        while (mine.arrived.empty() && !mine.closed && !deadline.passed()) {
            co_await reader->wait(deadline.left().count() * millisecond);
        }
        if (!mine.arrived.empty()) {
            auto frame = std::move(mine.arrived.front());
            mine.arrived.pop_front();
            co_return frame;
        }
        if (mine.closed) {
            co_return fail(Errc::unreachable, "the stream ended");
        }
        wire->close_end(which_);
        co_return fail(Errc::timeout, "nothing was heard in time");
    }
    Awaitable<Result<void>> write_frame(std::string frame, Deadline) override {
        if (wire_->ends[which_].closed) {
            co_return fail(Errc::unreachable, "the stream ended");
        }
        if (which_ == 1) {
            sim::Streams::current().perhaps_stale(frame, wire_->ends[0].host);
        }
        wire_->send(which_, std::move(frame));
        co_return Result<void>{};
    }
    void close() override {
        if (!wire_->ends[which_].closed) {
            wire_->close_end(which_);
        }
    }

private:
    std::shared_ptr<Wire> wire_;
    std::size_t which_;
    std::optional<PeerIdentity> peer_;
};

class SimServer : public FrameServer {
public:
    SimServer(asio::any_io_executor executor, Serve serve)
        : executor_(std::move(executor)), serve_(std::move(serve)) {
        sim::Streams::current().listener = this;
    }
    ~SimServer() override { close(); }
    [[nodiscard]] std::uint16_t port() const override { return 1; }
    void close() override {
        if (sim::Streams::current().listener == this) {
            sim::Streams::current().listener = nullptr;
        }
    }
    [[nodiscard]] sim::Process& process() const { return sim::Process::of(executor_); }
    void accept(std::shared_ptr<SimStream> stream) {
        asio::co_spawn(executor_, serve_(std::move(stream)), [](const std::exception_ptr& failure) {
            if (failure) {
                std::rethrow_exception(failure);
            }
        });
    }

private:
    asio::any_io_executor executor_;
    Serve serve_;
};

} // namespace

namespace sim {
namespace {

Streams* the_streams = nullptr;

} // namespace

void Streams::become_current() {
    the_streams = this;
}

Streams& Streams::current() {
    return *the_streams;
}

/// R7's enemy: something that was told before is told again, late.
void Streams::perhaps_stale(std::string& frame, const std::string& host) {
    auto& machine = Machine::current();
    if (one_is_stale_in == 0) {
        return;
    }
    auto& told = told_[host];
    if (told.size() < most_kept) {
        told.push_back(frame);
    } else {
        told[machine.random.below(most_kept)] = frame;
    }
    if (machine.random.one_in(one_is_stale_in)) {
        frame = told[machine.random.below(told.size())];
        ++stale_told;
    }
}

} // namespace sim

Result<std::unique_ptr<FrameServer>> FrameServer::listen(asio::any_io_executor executor, HostPort,
                                                         TlsFiles, std::size_t, std::size_t,
                                                         Serve serve, Trouble) {
    return std::make_unique<SimServer>(std::move(executor), std::move(serve));
}

Awaitable<Result<std::shared_ptr<FrameStream>>> dial(HostPort to, TlsFiles files, std::string,
                                                     Deadline deadline, std::size_t) {
    const auto executor = co_await asio::this_coro::executor;
    auto& process = sim::Process::of(executor);
    auto& network = Network::current();
    const auto there = Network::host_at(to.address);
    co_await sim::pause(3 * network.latency());
    if (!network.both_ways(process.host, there)) {
        co_await sim::pause(deadline.left().count() * millisecond);
        co_return fail(Errc::timeout, "no answer");
    }
    auto* listener = static_cast<SimServer*>(sim::Streams::current().listener);
    if (listener == nullptr) {
        co_return fail(Errc::unreachable, "connection refused");
    }
    auto wire = std::make_shared<Wire>();
    wire->ends[0].host = process.host;
    wire->ends[1].host = there;
    auto here = std::make_shared<SimStream>(wire, 0, "controller");
    // The agent's name is that of its certificate.
    listener->accept(std::make_shared<SimStream>(wire, 1, files.certificate.string()));
    std::shared_ptr<FrameStream> stream = std::move(here);
    co_return stream;
}

Awaitable<bool> answers_tcp(std::string address, std::uint16_t port, Deadline deadline) {
    const auto executor = co_await asio::this_coro::executor;
    auto& process = sim::Process::of(executor);
    auto& network = Network::current();
    const auto there = Network::host_at(address);
    co_await sim::pause(2 * network.latency());
    if (!network.both_ways(process.host, there)) {
        co_await sim::pause(deadline.left().count() * millisecond);
        co_return false;
    }
    const auto& host = sim::Hosts::current().at(there);
    // The kernel accepts for a process that is frozen.
    co_return port == sim::agent_port ? host.agent != nullptr
                                      : host.server != nullptr&& host.server->accepts();
}

} // namespace lockstep
