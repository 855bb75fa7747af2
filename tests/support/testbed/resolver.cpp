#include "tests/support/testbed/resolver.h"

#include <array>
#include <mutex>

#include <ares.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>

namespace lockstep::testbed {

namespace {

constexpr int server_timeout_ms = 500;

struct Found {
    Address address;
    bool done = false;
};

void on_addresses(void* argument, int status, int /*timeouts*/, ares_addrinfo* result) {
    auto* found = static_cast<Found*>(argument);
    found->done = true;
    if (status != ARES_SUCCESS) {
        found->address.trouble = ares_strerror(status);
        return;
    }
    for (const auto* node = result->nodes; node != nullptr; node = node->ai_next) {
        if (node->ai_family != AF_INET) {
            continue;
        }
        const auto* in4 = reinterpret_cast<const sockaddr_in*>(node->ai_addr);
        std::array<char, INET_ADDRSTRLEN> text{};
        inet_ntop(AF_INET, &in4->sin_addr, text.data(), text.size());
        found->address.ip = text.data();
    }
    if (found->address.ip.empty()) {
        found->address.trouble = "the name has no address";
    }
    ares_freeaddrinfo(result);
}

void wait_on(ares_channel channel) {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
    const int bits = ares_getsock(channel, sockets.data(), static_cast<int>(sockets.size()));
    std::vector<pollfd> waits;
    for (std::size_t i = 0; i < sockets.size(); ++i) {
        const int readable = ARES_GETSOCK_READABLE(bits, static_cast<int>(i)) ? POLLIN : 0;
        const int writable = ARES_GETSOCK_WRITABLE(bits, static_cast<int>(i)) ? POLLOUT : 0;
        if ((readable | writable) != 0) {
            waits.push_back({sockets[i], static_cast<short>(readable | writable), 0});
        }
    }
    timeval most{0, 20000};
    const timeval* left = ares_timeout(channel, &most, &most);
    poll(waits.data(), waits.size(), static_cast<int>(left->tv_usec / 1000 + 1));
    if (waits.empty()) {
        ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    }
    for (const auto& wait : waits) {
        const bool read = (wait.revents & (POLLIN | POLLERR | POLLHUP)) != 0;
        const bool write = (wait.revents & POLLOUT) != 0;
        ares_process_fd(channel, read ? wait.fd : ARES_SOCKET_BAD,
                        write ? wait.fd : ARES_SOCKET_BAD);
    }
}

} // namespace

struct NameFinder::Channel {
    ares_channel handle = nullptr;
};

NameFinder::NameFinder(const std::vector<std::string>& servers, std::string name)
    : channel_(std::make_unique<Channel>()), name_(std::move(name) + ".") {
    static std::once_flag once; // c-ares asks for this before the first thread uses it.
    std::call_once(once, [] { ares_library_init(ARES_LIB_INIT_ALL); });
    ares_options options{};
    options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
    options.timeout = server_timeout_ms;
    options.tries = 1;
    std::string lookups = "b";
    options.lookups = lookups.data();
    const int given = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS;
    std::string list;
    for (const auto& server : servers) {
        list += (list.empty() ? "" : ",") + server;
    }
    int status = ares_init_options(&channel_->handle, &options, given);
    if (status == ARES_SUCCESS) {
        status = ares_set_servers_ports_csv(channel_->handle, list.c_str());
    }
    if (status != ARES_SUCCESS) {
        throw Failure("c-ares with " + list + ": " + ares_strerror(status));
    }
}

NameFinder::~NameFinder() {
    ares_destroy(channel_->handle);
}

Address NameFinder::find() {
    Found found;
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_INET;
    hints.ai_flags = ARES_AI_NOSORT;
    ares_getaddrinfo(channel_->handle, name_.c_str(), nullptr, &hints, on_addresses, &found);
    while (!found.done) { // c-ares ends it: one try of half a second a server.
        wait_on(channel_->handle);
    }
    return found.address;
}

} // namespace lockstep::testbed
