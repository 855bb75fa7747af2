#include "tests/support/testbed/resolver.h"

#include <algorithm>
#include <array>
#include <mutex>

#include <ares.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>

namespace lockstep::testbed {

namespace {

constexpr int server_timeout_ms = 500;

struct Reply {
    int status = ARES_SUCCESS;
    std::string ip; // Empty: none.
    bool done = false;
};

void on_addresses(void* argument, int status, int /*timeouts*/, ares_addrinfo* result) {
    auto* reply = static_cast<Reply*>(argument);
    reply->done = true;
    reply->status = status;
    if (status != ARES_SUCCESS) {
        return;
    }
    for (const auto* node = result->nodes; node != nullptr; node = node->ai_next) {
        if (node->ai_family != AF_INET) {
            continue;
        }
        const auto* in4 = reinterpret_cast<const sockaddr_in*>(node->ai_addr);
        std::array<char, INET_ADDRSTRLEN> text{};
        inet_ntop(AF_INET, &in4->sin_addr, text.data(), text.size());
        reply->ip = text.data();
    }
    ares_freeaddrinfo(result);
}

// The server knows the answer, whatever it is: nobody else is asked.
bool is_answer(int status) {
    return status == ARES_SUCCESS || status == ARES_ENOTFOUND || status == ARES_ENODATA;
}

Address address_in(const Reply& reply) {
    if (reply.status != ARES_SUCCESS) {
        return {{}, ares_strerror(reply.status)};
    }
    return {reply.ip, reply.ip.empty() ? "the name has no address" : ""};
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

class NameFinder::Server {
public:
    explicit Server(const std::string& where) {
        ares_options options{};
        options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
        options.timeout = server_timeout_ms;
        options.tries = 1;
        std::string lookups = "b";
        options.lookups = lookups.data();
        const int given = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS;
        int status = ares_init_options(&channel_, &options, given);
        if (status == ARES_SUCCESS) {
            status = ares_set_servers_ports_csv(channel_, where.c_str());
        }
        if (status != ARES_SUCCESS) {
            throw Failure("c-ares with " + where + ": " + ares_strerror(status));
        }
    }
    ~Server() { ares_destroy(channel_); }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    [[nodiscard]] Reply ask(const std::string& name) {
        Reply reply;
        ares_addrinfo_hints hints{};
        hints.ai_family = AF_INET;
        hints.ai_flags = ARES_AI_NOSORT;
        ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, on_addresses, &reply);
        while (!reply.done) { // c-ares ends it: one try of half a second.
            wait_on(channel_);
        }
        return reply;
    }

private:
    ares_channel channel_ = nullptr;
};

NameFinder::NameFinder(const std::vector<std::string>& servers, std::string name)
    : name_(std::move(name) + ".") {
    static std::once_flag once; // c-ares asks for this before the first thread uses it.
    std::call_once(once, [] { ares_library_init(ARES_LIB_INIT_ALL); });
    for (const auto& server : servers) {
        servers_.push_back(std::make_unique<Server>(server));
    }
}

NameFinder::~NameFinder() = default;

Address NameFinder::find() {
    std::vector<Server*> silent;
    Address found{{}, "no server was asked"};
    for (const auto& server : servers_) {
        const auto reply = server->ask(name_);
        found = address_in(reply);
        if (is_answer(reply.status)) {
            break;
        }
        if (reply.status == ARES_ETIMEOUT) {
            silent.push_back(server.get());
        }
    }
    std::ranges::stable_partition(servers_, [&silent](const auto& server) {
        return std::ranges::find(silent, server.get()) == silent.end();
    });
    return found;
}

} // namespace lockstep::testbed
