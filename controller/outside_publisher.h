#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/operations.h"
#include "controller/wakeup.h"
#include "core/event.h"
#include "dns/check/name_check.h"
#include "dns/publisher.h"

namespace lockstep {

/// Keeps one DNS service of others as the records have it: for each pair it tells the service, asks
/// every server of the zone whether it answers so, and does both again for ever: soon while
/// something is missing, now and then when all is well. Its troubles hold up nothing else, and the
/// latest wish is worked on at once, whatever became of the ones before.
class OutsidePublisher {
public:
    using Tell = std::function<void(Event)>;

    OutsidePublisher(asio::any_io_executor executor, std::unique_ptr<dns::NamePublisher> service,
                     std::unique_ptr<dns::NameCheck> check, Tell tell,
                     Milliseconds look_again_every = Milliseconds{30000});

    /// Where the names of all pairs lead from now on. Names of pairs that are no longer among them
    /// are taken away.
    void want(const std::vector<Endpoint>& endpoints);
    void stop();
    [[nodiscard]] PublisherStatus status(const PairName& pair) const;

private:
    /// One wish being brought about and kept up, until another one supersedes it.
    struct Keeping {
        explicit Keeping(const asio::any_io_executor& executor) : wakeup(executor) {}
        Endpoint wanted;
        bool gone = false;              // The pair is no more: its names are to be taken away.
        std::optional<Endpoint> former; // Of a deleted pair of this name: to be taken away first.
        Result<void> told = fail(Errc::timeout, "not told yet");
        std::vector<dns::Served> served;
        Milliseconds since{0}; // Since when the names lead there.
        bool announced = false;
        bool late_told = false;
        bool ahead_told = false;
        bool superseded = false;
        Wakeup wakeup;
    };
    /// Answers that are still being waited for.
    struct Asking {
        explicit Asking(const asio::any_io_executor& executor) : answered(executor) {}
        std::vector<dns::Served> served;
        std::size_t outstanding = 0;
        Wakeup answered;
    };

    void want_pair(const Endpoint& wanted);
    void supersede(std::shared_ptr<Keeping> by);
    [[nodiscard]] Awaitable<void> keep(std::shared_ptr<Keeping> keeping);
    [[nodiscard]] Awaitable<bool> bring_about(std::shared_ptr<Keeping> keeping);
    [[nodiscard]] Awaitable<bool> take_away(Endpoint last, std::shared_ptr<Keeping> keeping);
    [[nodiscard]] Awaitable<void> look_up_servers();
    [[nodiscard]] Awaitable<std::vector<dns::Served>> ask_servers(PairName pair);
    [[nodiscard]] Awaitable<void> ask_one(std::shared_ptr<Asking> asking, std::size_t place,
                                          HostPort at, PairName pair);
    void report(Keeping& keeping, bool done);
    void announce(Keeping& keeping);
    void tell_trouble(Keeping& keeping);
    void tell(const Keeping& keeping, Event event) const;
    [[nodiscard]] std::vector<std::string> laggards(const Keeping& keeping) const;
    [[nodiscard]] std::string name_of(const PairName& pair) const;

    asio::any_io_executor executor_;
    std::unique_ptr<dns::NamePublisher> service_;
    std::unique_ptr<dns::NameCheck> check_;
    Tell tell_;
    Milliseconds look_again_every_; // Somebody may have changed the zone.
    std::map<PairName, std::shared_ptr<Keeping>> pairs_;
    Result<std::vector<dns::AuthoritativeServer>> servers_ = fail(Errc::timeout, "not looked up");
    Milliseconds looked_up_at_{0};
    bool stopped_ = false;
};

} // namespace lockstep
