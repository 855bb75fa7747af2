#include "controller/publisher.h"

#include <algorithm>

#include "controller/spawn.h"
#include "dns/decision/update.h"
#include "platform/clock.h"
#include "platform/deadline.h"

namespace lockstep {
namespace {

constexpr Milliseconds first_retry{5};
constexpr Milliseconds longest_retry{500};
constexpr Milliseconds longest_ask{500};
constexpr Milliseconds look_every{500};
constexpr Milliseconds late_after{5000};

std::string in_words(const wire::NameServer& server) {
    return server.host + " (" + server.address + ":" + std::to_string(server.port) + ")";
}

std::string in_words(const std::vector<dns::Deviation>& deviations) {
    std::string words;
    for (const auto& deviation : deviations) {
        words += (words.empty() ? "" : "; ") + deviation.server + ": " + deviation.reason;
    }
    return words;
}

/// What clients see. The revision also rises with changes that move no name.
bool same_names(const Endpoint& one, const Endpoint& other) {
    return one.epoch == other.epoch && one.primary_address == other.primary_address &&
           one.read_only_address == other.read_only_address && one.ttl_seconds == other.ttl_seconds;
}

bool answers_as(const Endpoint& wanted, const std::string& server,
                const Result<dns::NameAnswer>& answer) {
    return dns::publication(wanted, {dns::Served{server, answer}}).published;
}

} // namespace

Publisher::Publisher(asio::any_io_executor executor, std::unique_ptr<dns::NameCheck> check,
                     EventLog& events, Reachable reachable)
    : executor_(std::move(executor)), check_(std::move(check)), events_(events),
      reachable_(std::move(reachable)) {}

void Publisher::stop() {
    stopped_ = true;
    for (const auto& outside : outside_) {
        outside->stop();
    }
    for (auto& [name, pair] : pairs_) {
        for (auto& [host, asking] : pair.servers) {
            asking->superseded = true;
        }
    }
}

void Publisher::add(std::unique_ptr<OutsidePublisher> outside) {
    outside_.push_back(std::move(outside));
}

void Publisher::want(const wire::Zone& zone) {
    zone_name_ = zone.name;
    for (const auto& outside : outside_) {
        outside->want(zone.endpoints);
    }
    for (const auto& endpoint : zone.endpoints) {
        want_pair(endpoint, zone.servers);
    }
    std::erase_if(pairs_, [&zone](const auto& entry) {
        const auto& [name, pair] = entry;
        const bool gone = std::none_of(zone.endpoints.begin(), zone.endpoints.end(),
                                       [&](const auto& endpoint) { return endpoint.pair == name; });
        if (gone) {
            for (const auto& [host, asking] : pair.servers) {
                asking->superseded = true;
            }
        }
        return gone;
    });
}

void Publisher::want_pair(const Endpoint& wanted, const std::vector<wire::NameServer>& servers) {
    auto& pair = pairs_[wanted.pair];
    const bool moved = !same_names(pair.wanted, wanted);
    pair.wanted = wanted;
    if (moved) {
        pair.wanted_since = boot_time();
        pair.announced = false;
        pair.late_told = false;
    }
    std::erase_if(pair.servers, [&](const auto& entry) {
        const auto& [host, asking] = entry;
        const bool stays =
            std::find(servers.begin(), servers.end(), asking->server) != servers.end();
        asking->superseded = !stays || moved;
        return asking->superseded;
    });
    for (const auto& server : servers) {
        if (!pair.servers.contains(server.host)) {
            begin_asking(pair, server);
        }
    }
    for (const auto& [host, asking] : pair.servers) {
        asking->wanted = wanted; // A later revision with the same names.
    }
}

void Publisher::ask_again(const std::string& host) {
    for (auto& [name, pair] : pairs_) {
        const auto found = pair.servers.find(host);
        if (found == pair.servers.end() || !found->second->satisfied) {
            continue;
        }
        const auto server = found->second->server;
        begin_asking(pair, server);
    }
}

void Publisher::begin_asking(Pair& pair, const wire::NameServer& server) {
    auto asking =
        std::make_shared<Asking>(Asking{pair.wanted, server, fail(Errc::timeout, "not asked yet")});
    pair.servers[server.host] = asking;
    spawn(executor_, ask(std::move(asking)));
}

Awaitable<void> Publisher::ask(std::shared_ptr<Asking> asking) {
    const HostPort at{asking->server.address, asking->server.port};
    const auto label = in_words(asking->server);
    for (auto pause = first_retry; !asking->superseded;
         pause = std::min(2 * pause, longest_retry)) {
        const auto zone = zone_name_;
        const auto name = asking->wanted.pair;
        const auto deadline = Deadline::in(longest_ask);
        auto answer = co_await check_->ask(at, zone, name, deadline);
        if (asking->superseded) {
            co_return;
        }
        asking->answer = std::move(answer);
        asking->satisfied = answers_as(asking->wanted, label, asking->answer);
        if (asking->satisfied) {
            announce(pairs_.at(name));
            co_return;
        }
        co_await pause_for(pause);
    }
}

dns::Publication Publisher::seen(const Pair& pair, bool reachable_only) const {
    std::vector<dns::Served> served;
    for (const auto& [host, asking] : pair.servers) {
        if (!reachable_only || reachable_(host)) {
            served.push_back({in_words(asking->server), asking->answer});
        }
    }
    return dns::publication(pair.wanted, served);
}

void Publisher::announce(Pair& pair) {
    if (pair.announced || !seen(pair, true).published) {
        return;
    }
    pair.announced = true;
    const auto took = (boot_time() - pair.wanted_since).count();
    auto words = pair.wanted.pair + "." + zone_name_ + " leads to " + pair.wanted.primary_address +
                 " (read-only: " + pair.wanted.read_only_address + "), epoch " +
                 std::to_string(number(pair.wanted.epoch)) + ": every server answers so after " +
                 std::to_string(took) + " ms";
    const auto laggards = seen(pair, false).laggards;
    if (!laggards.empty()) {
        words += ", but for those whose agent is away: " + in_words(laggards);
    }
    auto event = make_event("published", Severity::info, std::move(words));
    event.pair = pair.wanted.pair;
    event.revision = pair.wanted.revision;
    events_.add(std::move(event));
}

void Publisher::tell_late(Pair& pair) {
    if (pair.announced || pair.late_told || boot_time() - pair.wanted_since < late_after) {
        return;
    }
    pair.late_told = true;
    const auto publication = seen(pair, true);
    auto event = make_event("publish_late", Severity::warning,
                            pair.wanted.pair + "." + zone_name_ +
                                " is not published after 5 s; clients may still be led to the "
                                "former address: " +
                                in_words(publication.laggards) + in_words(publication.ahead));
    event.pair = pair.wanted.pair;
    event.revision = pair.wanted.revision;
    events_.add(std::move(event));
}

Awaitable<void> Publisher::run() {
    while (!stopped_) {
        for (auto& [name, pair] : pairs_) {
            announce(pair); // A laggard's agent may have gone away.
            tell_late(pair);
        }
        co_await pause_for(look_every);
    }
}

PublisherStatus Publisher::embedded_status(const PairName& name) const {
    PublisherStatus status;
    status.publisher = "embedded";
    status.name = dns::primary_name(name, zone_name_);
    status.read_only_name = dns::read_only_name(name, zone_name_);
    const auto found = pairs_.find(name);
    if (found == pairs_.end()) {
        return status;
    }
    const auto publication = seen(found->second, false);
    status.published = seen(found->second, true).published;
    for (const auto& deviations : {publication.laggards, publication.ahead}) {
        for (const auto& deviation : deviations) {
            status.laggards.push_back(deviation.server + ": " + deviation.reason);
        }
    }
    return status;
}

EndpointStatus Publisher::status(const Endpoint& wanted) const {
    auto embedded = embedded_status(wanted.pair);
    EndpointStatus status;
    status.name = embedded.name;
    status.read_only_name = embedded.read_only_name;
    status.wanted = wanted;
    status.published = embedded.published;
    status.laggards = embedded.laggards;
    status.publishers.push_back(std::move(embedded));
    for (const auto& outside : outside_) {
        auto one = outside->status(wanted.pair);
        status.published = status.published && one.published;
        for (const auto& laggard : one.laggards) {
            status.laggards.push_back(one.publisher + ": " + laggard);
        }
        status.publishers.push_back(std::move(one));
    }
    return status;
}

} // namespace lockstep
