#include "dns/server/services.h"

#include <array>
#include <chrono>

#include "platform/bugs.h"
#include "platform/deadline.h"

namespace lockstep::dns {

std::shared_ptr<UdpService> UdpService::start(asio::ip::udp::socket socket, Respond respond) {
    auto self = std::make_shared<UdpService>(std::move(socket), std::move(respond));
    asio::co_spawn(self->socket_.get_executor(), serve(self), bugs_end_it);
    return self;
}

void UdpService::close() {
    error_code ignored; // It is gone either way.
    socket_.close(ignored);
}

void UdpService::reply(std::string_view packet, const asio::ip::udp::endpoint& asker) {
    const auto bytes = respond_(packet, Transport::udp);
    if (!bytes) {
        return;
    }
    // Not awaited: a reply that finds no room is lost as any datagram may be, and asked for again.
    error_code lost;
    socket_.send_to(asio::buffer(*bytes), asker, 0, lost);
}

Awaitable<void> UdpService::serve(std::shared_ptr<UdpService> self) {
    std::array<char, largest_query_bytes + 1> packet{}; // One more shows that it was too long.
    const auto into = asio::buffer(packet);
    const auto outcome = asio::as_tuple(asio::use_awaitable);
    const std::chrono::milliseconds breath{10};
    asio::ip::udp::endpoint asker;
    while (self->socket_.is_open()) {
        const auto [error, size] = co_await self->socket_.async_receive_from(into, asker, outcome);
        if (!self->socket_.is_open()) {
            co_return;
        }
        if (error) { // The network's word on an earlier reply, or no memory: the next may succeed.
            co_await pause_for(breath);
            continue;
        }
        self->reply(std::string_view(packet.data(), size), asker);
    }
}

} // namespace lockstep::dns
