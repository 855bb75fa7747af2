#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dns/decision/answer.h"
#include "platform/asio.h"
#include "platform/config.h"
#include "platform/deadline.h"

struct ares_channeldata;

namespace lockstep::dns {

struct Asked {
    std::string name;
    RecordType type{};
};

/// c-ares on Asio's event loop: questions to one server, without a second try. Lives on one strand.
class Channel : public std::enable_shared_from_this<Channel> {
public:
    enum class Way {
        udp,      // By TCP where the answer is truncated.
        tcp,      // Nothing gets lost on the way.
        resolver, // By UDP, asking it to find out (recursion).
    };
    /// Errors: `refused` if c-ares can't be set up for this server.
    [[nodiscard]] static Result<std::shared_ptr<Channel>> open(asio::any_io_executor strand,
                                                               HostPort server, Way way = Way::udp);
    /// To the resolvers of this machine (/etc/resolv.conf), one after the other, for 1 s each.
    [[nodiscard]] static Result<std::shared_ptr<Channel>> open_system(asio::any_io_executor strand);
    /// The replies' bytes, in the order of the questions, which are all sent at once. One without
    /// a reply is an error: `timeout`, `unreachable`, `corrupt`.
    [[nodiscard]] static Awaitable<std::vector<Result<std::string>>>
    ask(std::shared_ptr<Channel> self, std::vector<Asked> questions, Deadline deadline);

    explicit Channel(asio::any_io_executor strand);
    ~Channel();
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

private:
    struct Socket;
    struct Place { // Where a reply belongs; c-ares hands it back.
        Channel* channel;
        std::size_t index;
    };
    [[nodiscard]] Result<void> set_up(int flags, int timeout_ms);
    [[nodiscard]] Result<void> aim_at(const HostPort& server);
    void send(const std::vector<Asked>& questions);
    static void on_reply(void* place, int status, int timeouts, unsigned char* bytes, int size);
    static void on_socket(void* channel, int descriptor, int readable, int writable);
    void watch(const std::shared_ptr<Socket>& socket);

    asio::any_io_executor strand_;
    ares_channeldata* channel_ = nullptr;
    std::map<int, std::shared_ptr<Socket>> sockets_;
    std::vector<Result<std::string>> replies_;
    std::vector<Place> places_;
    std::size_t outstanding_ = 0;
    asio::steady_timer answered_;
};

} // namespace lockstep::dns
