#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "controller/event_log.h"
#include "controller/operations.h"
#include "controller/outside_publisher.h"
#include "core/wire/messages.h"
#include "dns/check/name_check.h"

namespace lockstep {

/// Asks every authoritative server for every pair until it answers what is wanted; then, and not
/// before, an endpoint is published. Servers beside agents that are away or silent are listed
/// as laggards, and nobody waits for them. DNS services of others are told besides, each on its
/// own.
class Publisher {
public:
    /// Whether the server with this label can have been told of the zone now.
    using Reachable = std::function<bool(const std::string& host)>;

    Publisher(asio::any_io_executor executor, std::unique_ptr<dns::NameCheck> check,
              EventLog& events, Reachable reachable);

    /// Another one that is told what is wanted.
    void add(std::unique_ptr<OutsidePublisher> outside);
    /// What every server should answer from now on.
    void want(const wire::Zone& zone);
    /// The server was restarted or its agent connected anew: what it answered counts no more.
    void ask_again(const std::string& host);
    /// Looks for what is published late, until stopped.
    [[nodiscard]] Awaitable<void> run();
    void stop();

    /// `published` and `laggards` of one pair.
    [[nodiscard]] EndpointStatus status(const Endpoint& wanted) const;

private:
    /// One server being asked for one pair. The coroutine that asks ends when it is superseded.
    struct Asking {
        Endpoint wanted;
        wire::NameServer server;
        Result<dns::NameAnswer> answer;
        bool satisfied = false;
        bool superseded = false;
    };
    struct Pair {
        Endpoint wanted;
        Milliseconds wanted_since{0};
        bool announced = false;
        bool late_told = false;
        std::map<std::string, std::shared_ptr<Asking>> servers; // By label.
    };

    void want_pair(const Endpoint& wanted, const std::vector<wire::NameServer>& servers);
    void begin_asking(Pair& pair, const wire::NameServer& server);
    [[nodiscard]] Awaitable<void> ask(std::shared_ptr<Asking> asking);
    void announce(Pair& pair);
    void tell_late(Pair& pair);
    [[nodiscard]] dns::Publication seen(const Pair& pair, bool reachable_only) const;
    [[nodiscard]] PublisherStatus embedded_status(const PairName& name) const;

    asio::any_io_executor executor_;
    std::unique_ptr<dns::NameCheck> check_;
    EventLog& events_;
    Reachable reachable_;
    std::string zone_name_;
    std::map<PairName, Pair> pairs_;
    std::vector<std::unique_ptr<OutsidePublisher>> outside_;
    bool stopped_ = false;
};

} // namespace lockstep
