#include "controller/port_prober.h"

#include "controller/spawn.h"
#include "platform/clock.h"

namespace lockstep {
namespace {

constexpr Milliseconds look_every{100};
constexpr Milliseconds probe_every{500};
constexpr Milliseconds probe_deadline{400};

} // namespace

Awaitable<bool> answers_tcp(std::string address, std::uint16_t port, Deadline deadline) {
    error_code bad;
    const auto ip = asio::ip::make_address(address, bad);
    if (bad) {
        co_return false;
    }
    const auto executor = co_await asio::this_coro::executor;
    // Shared: the timer's handler may be on its way when the connect has just ended.
    const auto socket = std::make_shared<asio::ip::tcp::socket>(executor);
    asio::steady_timer timer(executor, deadline.at());
    const asio::ip::tcp::endpoint endpoint(ip, port);
    timer.async_wait([socket](error_code cancelled) {
        if (!cancelled) {
            error_code ignored;
            socket->close(ignored); // Closing an unconnected socket has no outcome to act upon.
        }
    });
    const auto [failed] =
        co_await socket->async_connect(endpoint, asio::as_tuple(asio::use_awaitable));
    timer.cancel();
    co_return !failed;
}

PortProber::PortProber(asio::any_io_executor executor, Observer& observer, Members members,
                       Probed probed)
    : executor_(std::move(executor)), observer_(observer), members_(std::move(members)),
      probed_(std::move(probed)) {}

Awaitable<void> PortProber::run() {
    while (!stopped_) {
        const auto now = boot_time();
        for (auto& member : members_()) {
            auto& begun = begun_[member.id];
            if (now - begun >= probe_every && observer_.wants_probe(member.id, now)) {
                begun = now;
                spawn(executor_, probe(std::move(member)));
            }
        }
        co_await pause_for(look_every);
    }
}

Awaitable<void> PortProber::probe(Member member) {
    using namespace asio::experimental::awaitable_operators;
    const auto deadline = Deadline::in(probe_deadline);
    // An agent without a name server has no port to try: then the database's speaks for both.
    const auto agent_port = member.probe_port == 0 ? member.port : member.probe_port;
    auto database = answers_tcp(member.address, member.port, deadline);
    auto agent = answers_tcp(member.address, agent_port, deadline);
    const auto [database_answered, agent_answered] =
        co_await (std::move(database) && std::move(agent));
    if (stopped_) {
        co_return;
    }
    observer_.probed(member.id, database_answered, agent_answered, boot_time());
    probed_(member.id);
}

} // namespace lockstep
