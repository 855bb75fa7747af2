#include "dns/check/channel.h"

#include <ares.h>

// c-ares 1.34 has newer calls for these; 1.18 (Debian 12) has only these.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace lockstep::dns {
namespace {

/// Waiting is the deadline's business. c-ares shortens its own timeout at random by up to half.
constexpr int never_ms = 3600 * 1000;
/// But one of several resolvers that is silent must leave time for the next.
constexpr int next_resolver_ms = 1000;
/// How often c-ares looks which of its own timeouts have passed.
constexpr std::chrono::milliseconds look_every{200};

[[nodiscard]] int flags_of(Channel::Way way) {
    constexpr int always = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
    // Without recursion; SERVFAIL is an answer like any other.
    constexpr int of_authority = always | ARES_FLAG_NORECURSE | ARES_FLAG_NOCHECKRESP;
    switch (way) {
    case Channel::Way::udp: return of_authority;
    case Channel::Way::tcp: return of_authority | ARES_FLAG_USEVC;
    case Channel::Way::resolver: break;
    }
    return always;
}

[[nodiscard]] bool library_is_ready() {
    static const int status = ares_library_init(ARES_LIB_INIT_ALL); // Once in a process.
    return status == ARES_SUCCESS;
}

[[nodiscard]] std::string csv_of(const HostPort& server) {
    const bool is_v6 = server.address.find(':') != std::string::npos;
    return (is_v6 ? "[" + server.address + "]" : server.address) + ":" +
           std::to_string(server.port);
}

[[nodiscard]] tl::unexpected<Error> no_reply(int status) {
    switch (status) {
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
    case ARES_ETIMEOUT: return fail(Errc::timeout, "no answer in time");
    case ARES_ECONNREFUSED: return fail(Errc::unreachable, "nothing answers there");
    case ARES_EBADRESP: return fail(Errc::corrupt, "its reply does not parse");
    case ARES_EBADNAME: return fail(Errc::refused, "the name asked for is no domain name");
    default: return fail(Errc::unreachable, ares_strerror(status));
    }
}

} // namespace

/// A socket of c-ares's, lent to Asio to wait on.
struct Channel::Socket {
    explicit Socket(const asio::any_io_executor& strand) : descriptor(strand) {}
    asio::posix::stream_descriptor descriptor;
    bool wants_to_read = false;
    bool wants_to_write = false;
    bool waits_to_read = false;
    bool waits_to_write = false;
};

Channel::Channel(asio::any_io_executor strand) : strand_(std::move(strand)), answered_(strand_) {}

Channel::~Channel() {
    if (channel_ != nullptr) {
        ares_destroy(channel_);
    }
}

Result<std::shared_ptr<Channel>> Channel::open(asio::any_io_executor strand, HostPort server,
                                               Way way) {
    auto channel = std::make_shared<Channel>(std::move(strand));
    auto done = channel->set_up(flags_of(way), never_ms);
    if (done) {
        done = channel->aim_at(server);
    }
    if (!done) {
        return tl::unexpected(done.error());
    }
    return channel;
}

Result<std::shared_ptr<Channel>> Channel::open_system(asio::any_io_executor strand) {
    auto channel = std::make_shared<Channel>(std::move(strand));
    if (auto done = channel->set_up(flags_of(Way::resolver), next_resolver_ms); !done) {
        return tl::unexpected(done.error());
    }
    return channel;
}

Result<void> Channel::set_up(int flags, int timeout_ms) {
    if (!library_is_ready()) {
        return fail(Errc::refused, "c-ares cannot be initialized");
    }
    ares_options options{};
    options.flags = flags;
    options.timeout = timeout_ms;
    options.tries = 1;
    options.sock_state_cb = on_socket;
    options.sock_state_cb_data = this;
    const int status = ares_init_options(&channel_, &options,
                                         ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                                             ARES_OPT_SOCK_STATE_CB);
    if (status != ARES_SUCCESS) {
        return fail(Errc::refused,
                    std::string("c-ares cannot be set up: ") + ares_strerror(status));
    }
    return {};
}

Result<void> Channel::aim_at(const HostPort& server) {
    const int status = ares_set_servers_ports_csv(channel_, csv_of(server).c_str());
    if (status != ARES_SUCCESS) {
        return fail(Errc::refused,
                    std::string("c-ares cannot ask there: ") + ares_strerror(status));
    }
    return {};
}

Awaitable<std::vector<Result<std::string>>>
Channel::ask(std::shared_ptr<Channel> self, std::vector<Asked> questions, Deadline deadline) {
    const auto outcome = asio::as_tuple(asio::use_awaitable);
    self->send(questions);
    while (self->outstanding_ > 0 && !deadline.passed()) {
        const auto next_look = deadline.earlier(look_every);
        self->answered_.expires_at(next_look.at());
        co_await self->answered_.async_wait(outcome);
        ares_process_fd(self->channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    }
    ares_cancel(self->channel_); // Calls on_reply() for those that got none.
    co_return std::move(self->replies_);
}

void Channel::send(const std::vector<Asked>& questions) {
    replies_.assign(questions.size(), fail(Errc::timeout, "no answer in time"));
    places_.clear();
    for (std::size_t index = 0; index < questions.size(); ++index) {
        places_.push_back({this, index});
    }
    outstanding_ = questions.size();
    for (std::size_t index = 0; index < questions.size(); ++index) {
        ares_query(channel_, questions[index].name.c_str(), internet_class,
                   static_cast<int>(questions[index].type), on_reply, &places_[index]);
    }
}

void Channel::on_reply(void* place, int status, int /*timeouts*/, unsigned char* bytes, int size) {
    const auto [self, index] = *static_cast<Place*>(place);
    if (bytes != nullptr && size > 0) { // Also with a status that stands for its response code.
        self->replies_[index] =
            std::string(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    } else {
        self->replies_[index] = no_reply(status);
    }
    if (--self->outstanding_ == 0) {
        self->answered_.cancel();
    }
}

void Channel::on_socket(void* channel, int descriptor, int readable, int writable) {
    auto& self = *static_cast<Channel*>(channel);
    const auto known = self.sockets_.find(descriptor);
    if (readable == 0 && writable == 0) {
        if (known != self.sockets_.end()) {
            known->second->descriptor.release(); // c-ares closes it.
            self.sockets_.erase(known);
        }
        return;
    }
    std::shared_ptr<Socket> socket;
    if (known != self.sockets_.end()) {
        socket = known->second;
    } else {
        socket = std::make_shared<Socket>(self.strand_);
        error_code error; // An exception would fly through c-ares.
        socket->descriptor.assign(descriptor, error);
        if (error) {
            return; // Not watched, so the deadline ends it.
        }
        self.sockets_.emplace(descriptor, socket);
    }
    socket->wants_to_read = readable != 0;
    socket->wants_to_write = writable != 0;
    self.watch(socket);
}

void Channel::watch(const std::shared_ptr<Socket>& socket) {
    using Descriptor = asio::posix::stream_descriptor;
    if (!socket->descriptor.is_open()) {
        return;
    }
    if (socket->wants_to_read && !socket->waits_to_read) {
        socket->waits_to_read = true;
        socket->descriptor.async_wait(
            Descriptor::wait_read, [weak = weak_from_this(), socket](error_code error) {
                socket->waits_to_read = false;
                const auto self = weak.lock();
                if (!error && self && socket->descriptor.is_open()) {
                    ares_process_fd(self->channel_, socket->descriptor.native_handle(),
                                    ARES_SOCKET_BAD);
                    self->watch(socket);
                }
            });
    }
    if (socket->wants_to_write && !socket->waits_to_write) {
        socket->waits_to_write = true;
        socket->descriptor.async_wait(Descriptor::wait_write,
                                      [weak = weak_from_this(), socket](error_code error) {
                                          socket->waits_to_write = false;
                                          const auto self = weak.lock();
                                          if (!error && self && socket->descriptor.is_open()) {
                                              ares_process_fd(self->channel_, ARES_SOCKET_BAD,
                                                              socket->descriptor.native_handle());
                                              self->watch(socket);
                                          }
                                      });
    }
}

} // namespace lockstep::dns
