#include "dns/rfc2136/rfc2136_publisher.h"

#include <functional>

#include "dns/rfc2136/message.h"
#include "dns/rfc2136/served_names.h"
#include "dns/rfc2136/server_lookup.h"
#include "dns/rfc2136/tcp_exchange.h"

namespace lockstep::dns {
namespace {

constexpr int tries_against_others = 4;

[[nodiscard]] std::string in_words(const HostPort& at) {
    const bool is_v6 = at.address.find(':') != std::string::npos;
    return (is_v6 ? "[" + at.address + "]" : at.address) + ":" + std::to_string(at.port);
}

using Settings = std::shared_ptr<const Rfc2136Settings>;
using Planner = std::function<Plan(const std::vector<Record>& served)>;

Awaitable<Result<void>> send(Settings settings, Update update, Deadline deadline) {
    const auto message = encode_update(update, settings->key);
    if (!message) {
        co_return tl::unexpected(message.error());
    }
    const auto server = settings->server;
    const auto bytes = message->bytes;
    const auto reply =
        co_await exchange_by_tcp(server, bytes, largest_update_reply_bytes, deadline);
    if (!reply) {
        co_return tl::unexpected(reply.error());
    }
    co_return read_update_reply(*reply, *message, settings->zone, settings->key);
}

/// What a plan comes to without sending anything; none: there is something to send.
[[nodiscard]] std::optional<Result<void>> settled(const Plan& plan) {
    switch (plan.kind) {
    case Plan::Kind::nothing: return Result<void>();
    case Plan::Kind::newer_there: return fail(Errc::conflict, plan.reason);
    case Plan::Kind::name_taken: return fail(Errc::refused, plan.reason);
    case Plan::Kind::update: break;
    }
    return std::nullopt;
}

/// Reads, plans and sends until there is nothing left to send. What a plan was made for may have
/// been changed by another publication by the time it arrives: then it is made anew.
Awaitable<Result<void>> bring_about(Settings settings, PairName pair,
                                    std::shared_ptr<const Planner> planner, Deadline deadline) {
    const std::vector<std::string> names{primary_name(pair, settings->zone),
                                         read_only_name(pair, settings->zone)};
    for (int attempt = 0; attempt < tries_against_others; ++attempt) {
        const auto server = settings->server;
        const auto served = co_await read_served(server, names, deadline);
        if (!served) {
            co_return tl::unexpected(served.error());
        }
        const auto plan = (*planner)(*served);
        if (const auto end = settled(plan)) {
            co_return *end;
        }
        const auto sent = co_await send(settings, plan.update, deadline);
        if (sent || sent.error().code != Errc::conflict) {
            co_return sent;
        }
    }
    co_return fail(Errc::refused, "never has the names as it answers them: does " + names[0] +
                                      " or " + names[1] +
                                      " have records of another type (a CNAME)? Remove them");
}

class Rfc2136Publisher : public NamePublisher {
public:
    Rfc2136Publisher(asio::any_io_executor executor, Rfc2136Settings settings)
        : executor_(std::move(executor)),
          settings_(std::make_shared<const Rfc2136Settings>(std::move(settings))) {}

    [[nodiscard]] std::string label() const override {
        return "rfc2136 " + in_words(settings_->server);
    }
    [[nodiscard]] std::string zone() const override { return settings_->zone; }

    Awaitable<Result<void>> publish(Endpoint wanted, Deadline deadline) override {
        Planner planner = [zone = settings_->zone, wanted](const std::vector<Record>& served) {
            return plan_publication(zone, wanted, served);
        };
        const auto pair = wanted.pair;
        co_return co_await carry_out(pair, std::move(planner), deadline);
    }

    Awaitable<Result<void>> withdraw(Endpoint last, Deadline deadline) override {
        Planner planner = [zone = settings_->zone, last](const std::vector<Record>& served) {
            return plan_withdrawal(zone, last, served);
        };
        const auto pair = last.pair;
        co_return co_await carry_out(pair, std::move(planner), deadline);
    }

    Awaitable<Result<std::vector<AuthoritativeServer>>> servers(Deadline deadline) override {
        if (!settings_->servers.empty()) {
            co_return named_servers();
        }
        const asio::any_io_executor strand = asio::make_strand(executor_);
        auto work = look_up_servers(settings_->zone, settings_->server, settings_->resolver,
                                    settings_->servers_port, deadline);
        auto found = co_await asio::co_spawn(strand, std::move(work), asio::use_awaitable);
        if (!found) {
            co_return within(in_words(settings_->server), found.error());
        }
        co_return found;
    }

private:
    Awaitable<Result<void>> carry_out(PairName pair, Planner planner, Deadline deadline) {
        const asio::any_io_executor strand = asio::make_strand(executor_);
        const auto shared = std::make_shared<const Planner>(std::move(planner));
        auto work = bring_about(settings_, pair, shared, deadline);
        auto done = co_await asio::co_spawn(strand, std::move(work), asio::use_awaitable);
        if (!done) {
            co_return within(in_words(settings_->server), done.error());
        }
        co_return done;
    }

    [[nodiscard]] std::vector<AuthoritativeServer> named_servers() const {
        std::vector<AuthoritativeServer> named;
        for (const auto& at : settings_->servers) {
            named.push_back({settings_->zone, at});
        }
        return named;
    }

    asio::any_io_executor executor_;
    Settings settings_;
};

} // namespace

std::unique_ptr<NamePublisher> make_rfc2136_publisher(asio::any_io_executor executor,
                                                      Rfc2136Settings settings) {
    return std::make_unique<Rfc2136Publisher>(std::move(executor), std::move(settings));
}

} // namespace lockstep::dns
