#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "dns/publisher.h"
#include "tests/support/fake_zone.h"

namespace lockstep::dns {

/// A DNS service in memory. Its zone is shared with the test, which may make it fail.
class FakeNamePublisher : public NamePublisher {
public:
    struct Service {
        FakeZone zone;
        std::optional<Error> trouble; // What every call comes to.
        std::vector<AuthoritativeServer> servers{{"ns1.db.example.test", {"127.0.0.1", 1}}};
        std::vector<Endpoint> asked;
    };
    explicit FakeNamePublisher(std::shared_ptr<Service> service) : service_(std::move(service)) {}

    [[nodiscard]] std::string label() const override { return "fake"; }
    [[nodiscard]] std::string zone() const override { return "db.example.test"; }

    Awaitable<Result<void>> publish(Endpoint wanted, Deadline /*deadline*/) override {
        service_->asked.push_back(wanted);
        co_return carry_out(plan_publication(zone(), wanted, served(wanted.pair)));
    }
    Awaitable<Result<void>> withdraw(Endpoint last, Deadline /*deadline*/) override {
        co_return carry_out(plan_withdrawal(zone(), last, served(last.pair)));
    }
    Awaitable<Result<std::vector<AuthoritativeServer>>> servers(Deadline /*deadline*/) override {
        if (service_->trouble) {
            co_return tl::unexpected(*service_->trouble);
        }
        co_return service_->servers;
    }

private:
    [[nodiscard]] std::vector<Record> served(const PairName& pair) const {
        return service_->zone.at({primary_name(pair, zone()), read_only_name(pair, zone())});
    }
    [[nodiscard]] Result<void> carry_out(const Plan& plan) {
        if (service_->trouble) {
            return tl::unexpected(*service_->trouble);
        }
        if (plan.kind == Plan::Kind::update && !service_->zone.apply(plan.update)) {
            return fail(Errc::refused, "the fake zone changed by itself");
        }
        if (plan.kind == Plan::Kind::newer_there) {
            return fail(Errc::conflict, plan.reason);
        }
        if (plan.kind == Plan::Kind::name_taken) {
            return fail(Errc::refused, plan.reason);
        }
        return {};
    }

    std::shared_ptr<Service> service_;
};

} // namespace lockstep::dns
