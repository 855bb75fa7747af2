#include "controller/outside_publisher.h"

#include <algorithm>

#include "controller/event_log.h"
#include "controller/spawn.h"
#include "dns/decision/update.h"
#include "platform/clock.h"
#include "platform/deadline.h"

namespace lockstep {
namespace {

constexpr Milliseconds first_retry{20};
constexpr Milliseconds longest_retry{2000};
constexpr Milliseconds longest_telling{2000}; // The service may have to write to its disk.
constexpr Milliseconds longest_lookup{1500};
constexpr Milliseconds longest_ask{500};
constexpr Milliseconds servers_stay_for{60000};
constexpr Milliseconds late_after{5000};

std::string in_words(const dns::AuthoritativeServer& server) {
    return server.name + " (" + server.at.address + ":" + std::to_string(server.at.port) + ")";
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const auto& part : parts) {
        text += (text.empty() ? "" : "; ") + part;
    }
    return text;
}

/// What clients see. The revision also rises with changes that move no name.
bool same_names(const Endpoint& one, const Endpoint& other) {
    return one.epoch == other.epoch && one.primary_address == other.primary_address &&
           one.read_only_address == other.read_only_address && one.ttl_seconds == other.ttl_seconds;
}

bool is_newer_there(const Result<void>& told) {
    return !told && told.error().code == Errc::conflict;
}

} // namespace

OutsidePublisher::OutsidePublisher(asio::any_io_executor executor,
                                   std::unique_ptr<dns::NamePublisher> service,
                                   std::unique_ptr<dns::NameCheck> check, Tell tell,
                                   Milliseconds look_again_every)
    : executor_(std::move(executor)), service_(std::move(service)), check_(std::move(check)),
      tell_(std::move(tell)), look_again_every_(look_again_every) {}

void OutsidePublisher::stop() {
    stopped_ = true;
    for (const auto& [name, keeping] : pairs_) {
        keeping->superseded = true;
        keeping->wakeup.wake();
    }
}

void OutsidePublisher::want(const std::vector<Endpoint>& endpoints) {
    std::vector<Endpoint> gone;
    for (const auto& [name, keeping] : pairs_) {
        const bool stays = std::ranges::any_of(
            endpoints, [&, pair = name](const Endpoint& wanted) { return wanted.pair == pair; });
        if (!stays && !keeping->gone) {
            gone.push_back(keeping->wanted);
        }
    }
    for (const auto& last : gone) {
        auto next = std::make_shared<Keeping>(executor_);
        next->wanted = last;
        next->gone = true;
        supersede(std::move(next));
    }
    for (const auto& wanted : endpoints) {
        want_pair(wanted);
    }
}

void OutsidePublisher::want_pair(const Endpoint& wanted) {
    auto next = std::make_shared<Keeping>(executor_);
    next->wanted = wanted;
    next->since = boot_time();
    if (const auto found = pairs_.find(wanted.pair); found != pairs_.end()) {
        const auto& before = *found->second;
        if (before.gone) {
            next->former = before.wanted;
        } else if (before.wanted == wanted) {
            return;
        } else {
            next->former = before.former;
            next->served = before.served;
        }
        if (!before.gone && same_names(before.wanted, wanted)) {
            next->told = before.told;
            next->since = before.since;
            next->announced = before.announced;
            next->late_told = before.late_told;
            next->ahead_told = before.ahead_told;
        }
    }
    supersede(std::move(next));
}

void OutsidePublisher::supersede(std::shared_ptr<Keeping> by) {
    auto& place = pairs_[by->wanted.pair];
    if (place) {
        place->superseded = true;
        place->wakeup.wake();
    }
    place = by;
    if (!stopped_) {
        spawn(executor_, keep(std::move(by)));
    }
}

Awaitable<void> OutsidePublisher::keep(std::shared_ptr<Keeping> keeping) {
    for (auto pause = first_retry; !keeping->superseded;) {
        const bool done = co_await bring_about(keeping);
        if (keeping->superseded) {
            co_return;
        }
        report(*keeping, done);
        if (done && keeping->gone) {
            pairs_.erase(pairs_.find(keeping->wanted.pair));
            co_return;
        }
        const auto span = done ? look_again_every_ : pause;
        pause = done ? first_retry : std::min(2 * pause, longest_retry);
        co_await keeping->wakeup.wait_for(span);
    }
}

/// One attempt. True: all is as it should be.
Awaitable<bool> OutsidePublisher::bring_about(std::shared_ptr<Keeping> keeping) {
    if (keeping->gone) {
        const auto last = keeping->wanted;
        co_return co_await take_away(last, keeping);
    }
    if (keeping->former) {
        const auto former = *keeping->former;
        const bool away = co_await take_away(former, keeping);
        if (!away) {
            co_return false;
        }
        keeping->former.reset();
    }
    const auto wanted = keeping->wanted;
    const auto by = Deadline::in(longest_telling);
    auto told = co_await service_->publish(wanted, by);
    keeping->told = std::move(told);
    if (keeping->superseded) {
        co_return false;
    }
    co_await look_up_servers();
    const auto pair = wanted.pair;
    auto served = co_await ask_servers(pair);
    keeping->served = std::move(served);
    co_return keeping->told&& servers_&& dns::publication(wanted, keeping->served).published;
}

/// Something newer there is not ours to take away, and in nobody's way.
Awaitable<bool> OutsidePublisher::take_away(Endpoint last, std::shared_ptr<Keeping> keeping) {
    const auto by = Deadline::in(longest_telling);
    auto told = co_await service_->withdraw(last, by);
    keeping->told = std::move(told);
    co_return keeping->told || is_newer_there(keeping->told);
}

/// Those known before stay while nobody can be asked.
Awaitable<void> OutsidePublisher::look_up_servers() {
    if (servers_ && boot_time() - looked_up_at_ < servers_stay_for) {
        co_return;
    }
    const auto by = Deadline::in(longest_lookup);
    auto found = co_await service_->servers(by);
    if (found || !servers_) {
        servers_ = std::move(found);
        looked_up_at_ = boot_time();
    }
}

Awaitable<std::vector<dns::Served>> OutsidePublisher::ask_servers(PairName pair) {
    const auto asking = std::make_shared<Asking>(executor_);
    for (const auto& server : servers_.value_or(std::vector<dns::AuthoritativeServer>())) {
        asking->served.push_back({in_words(server), fail(Errc::timeout, "not asked yet")});
        ++asking->outstanding;
        spawn(executor_, ask_one(asking, asking->served.size() - 1, server.at, pair));
    }
    while (asking->outstanding > 0) {
        co_await asking->answered.wait_for(longest_ask);
    }
    co_return std::move(asking->served);
}

Awaitable<void> OutsidePublisher::ask_one(std::shared_ptr<Asking> asking, std::size_t place,
                                          HostPort at, PairName pair) {
    const auto zone = service_->zone();
    const auto by = Deadline::in(longest_ask);
    auto answer = co_await check_->ask(at, zone, pair, by);
    asking->served[place].answer = std::move(answer);
    --asking->outstanding;
    asking->answered.wake();
}

void OutsidePublisher::report(Keeping& keeping, bool done) {
    if (!done) {
        tell_trouble(keeping);
    } else if (!keeping.announced) {
        keeping.announced = true;
        announce(keeping);
    }
}

void OutsidePublisher::announce(Keeping& keeping) {
    const auto& wanted = keeping.wanted;
    if (keeping.gone) {
        tell(keeping, make_event("withdrawn", Severity::info,
                                 name_of(wanted.pair) + " is taken out of " + service_->label()));
        return;
    }
    const auto took = (boot_time() - keeping.since).count();
    tell(keeping, make_event("published_outside", Severity::info,
                             name_of(wanted.pair) + " leads to " + wanted.primary_address +
                                 " (read-only: " + wanted.read_only_address + "), epoch " +
                                 std::to_string(number(wanted.epoch)) + ": " + service_->label() +
                                 " was told, and each of the zone's " +
                                 std::to_string(keeping.served.size()) +
                                 " servers answers so after " + std::to_string(took) + " ms"));
}

void OutsidePublisher::tell_trouble(Keeping& keeping) {
    if (keeping.gone) {
        return; // Tried again without an end; nobody is led astray who was not before.
    }
    if (is_newer_there(keeping.told) && !keeping.ahead_told) {
        keeping.ahead_told = true;
        tell(keeping,
             make_event("publish_ahead", Severity::alarm,
                        name_of(keeping.wanted.pair) + " is left as it is, because " +
                            keeping.told.error().message +
                            ": another controller publishes it, or this one's store is old. If "
                            "the pair was deleted and made again, remove its records there"));
    }
    if (!keeping.late_told && boot_time() - keeping.since >= late_after) {
        keeping.late_told = true;
        tell(keeping,
             make_event("publish_late", Severity::warning,
                        name_of(keeping.wanted.pair) + " is not published by " + service_->label() +
                            " after 5 s; its clients may still be led to the former "
                            "address: " +
                            joined(laggards(keeping))));
    }
}

void OutsidePublisher::tell(const Keeping& keeping, Event event) const {
    event.pair = keeping.wanted.pair;
    event.revision = keeping.wanted.revision;
    tell_(std::move(event));
}

std::vector<std::string> OutsidePublisher::laggards(const Keeping& keeping) const {
    std::vector<std::string> found;
    if (!keeping.told) {
        found.push_back(keeping.told.error().message);
    }
    if (!servers_) {
        found.push_back("the servers of zone " + service_->zone() +
                        " are not known: " + servers_.error().message);
    }
    const auto seen = dns::publication(keeping.wanted, keeping.served);
    for (const auto& deviations : {seen.laggards, seen.ahead}) {
        for (const auto& deviation : deviations) {
            found.push_back(deviation.server + ": " + deviation.reason);
        }
    }
    return found;
}

std::string OutsidePublisher::name_of(const PairName& pair) const {
    return dns::primary_name(pair, service_->zone());
}

PublisherStatus OutsidePublisher::status(const PairName& pair) const {
    PublisherStatus status;
    status.publisher = service_->label();
    status.name = name_of(pair);
    status.read_only_name = dns::read_only_name(pair, service_->zone());
    const auto found = pairs_.find(pair);
    if (found == pairs_.end() || found->second->gone) {
        return status;
    }
    status.laggards = laggards(*found->second);
    status.published = status.laggards.empty() && !found->second->served.empty();
    return status;
}

} // namespace lockstep
