#include "controller/port_prober.h"

#include "controller/spawn.h"
#include "platform/answers_tcp.h"
#include "platform/clock.h"

namespace lockstep {
namespace {

constexpr Milliseconds look_every{100};
constexpr Milliseconds probe_every{500};
constexpr Milliseconds probe_deadline{400};

} // namespace

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
