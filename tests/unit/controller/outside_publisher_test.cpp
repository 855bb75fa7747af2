#include "controller/outside_publisher.h"

#include <algorithm>
#include <functional>
#include <utility>

#include <gtest/gtest.h>

#include "dns/decision/told.h"
#include "platform/deadline.h"
#include "tests/support/fake_name_publisher.h"
#include "tests/support/run_coroutine.h"

namespace lockstep {
namespace {

using Service = dns::FakeNamePublisher::Service;

/// Servers that answer from zones in memory: each port has one.
class FakeCheck : public dns::NameCheck {
public:
    using Zones = std::map<std::uint16_t, std::shared_ptr<Service>>;
    explicit FakeCheck(std::shared_ptr<Zones> zones) : zones_(std::move(zones)) {}

    Awaitable<Result<dns::NameAnswer>> ask(HostPort server, std::string zone, PairName pair,
                                           Deadline /*deadline*/) override {
        co_return answer(zones_->at(server.port)->zone, dns::primary_name(pair, zone),
                         dns::read_only_name(pair, zone));
    }

private:
    static Result<dns::NameAnswer> answer(const dns::FakeZone& zone, const std::string& primary,
                                          const std::string& read_only) {
        dns::NameAnswer answer;
        for (const auto& record : zone.at({primary, read_only})) {
            if (record.type != dns::RecordType::txt) {
                (record.name == primary ? answer.primary_address : answer.read_only_address) =
                    record.data;
                answer.ttl_seconds = record.ttl_seconds;
            } else if (const auto told = dns::parse_told(record.data)) {
                answer.epoch = told->epoch;
                answer.revision = told->revision;
            }
        }
        if (answer.primary_address.empty()) {
            return fail(Errc::refused, "answers NXDOMAIN for " + primary);
        }
        return answer;
    }
    std::shared_ptr<Zones> zones_;
};

Endpoint shop(std::uint64_t epoch, std::uint64_t revision, const std::string& primary) {
    return {"shop", primary, "10.77.0.12", Epoch{epoch}, Revision{revision}, 2};
}

class OutsidePublisherTest : public testing::Test {
protected:
    [[nodiscard]] std::unique_ptr<OutsidePublisher> publisher() {
        return std::make_unique<OutsidePublisher>(
            context.get_executor(), std::make_unique<dns::FakeNamePublisher>(service),
            std::make_unique<FakeCheck>(zones), [this](Event event) { events.push_back(event); },
            Milliseconds{10});
    }
    /// Runs the loop until `holds`; false if it never does.
    bool runs_until(std::function<bool()> holds) {
        const auto wait = [](std::function<bool()> condition) -> Awaitable<bool> {
            const auto by = Deadline::in(Milliseconds{20000});
            const Milliseconds an_instant{1};
            while (!condition() && !by.passed()) {
                co_await pause_for(an_instant);
            }
            co_return condition();
        };
        bool held = false;
        asio::co_spawn(context, wait(std::move(holds)), [&](const std::exception_ptr&, bool value) {
            held = value;
            context.stop();
        });
        context.restart();
        context.run();
        return held;
    }
    bool is_published(const OutsidePublisher& one) {
        return runs_until([&] { return one.status("shop").published; });
    }
    [[nodiscard]] std::size_t told(const std::string& kind) const {
        return static_cast<std::size_t>(std::ranges::count(events, kind, &Event::kind));
    }
    [[nodiscard]] std::string address() const {
        for (const auto& record : service->zone.at({"shop.db.example.test"})) {
            if (record.type == dns::RecordType::a) {
                return record.data;
            }
        }
        return "";
    }

    asio::io_context context;
    std::shared_ptr<Service> service = std::make_shared<Service>();
    std::shared_ptr<FakeCheck::Zones> zones =
        std::make_shared<FakeCheck::Zones>(FakeCheck::Zones{{1, service}});
    std::vector<Event> events;
};

TEST_F(OutsidePublisherTest, PublishesAndSaysSoOnce) {
    const auto one = publisher();
    EXPECT_FALSE(one->status("shop").published);
    one->want({shop(1, 5, "10.77.0.11")});
    ASSERT_TRUE(is_published(*one));
    EXPECT_EQ(address(), "10.77.0.11");
    one->want({shop(1, 6, "10.77.0.11")}); // Moves no name.
    EXPECT_TRUE(one->status("shop").published);
    ASSERT_TRUE(runs_until([&] { return service->asked.back().revision == Revision{6}; }));
    ASSERT_TRUE(is_published(*one));
    ASSERT_EQ(told("published_outside"), 1U);
    EXPECT_NE(events.front().message.find("shop.db.example.test leads to 10.77.0.11"),
              std::string::npos);
    const auto status = one->status("shop");
    EXPECT_EQ(status.publisher, "fake");
    EXPECT_EQ(status.name, "shop.db.example.test");
    EXPECT_EQ(status.read_only_name, "shop-ro.db.example.test");
    EXPECT_TRUE(status.laggards.empty());
}

TEST_F(OutsidePublisherTest, GoesOnTryingSaysWhyAndLetsTheLatestWishWin) {
    service->trouble = Error{Errc::unreachable, "10.0.0.2:53: cannot be connected by TCP"};
    const auto one = publisher();
    one->want({shop(1, 5, "10.77.0.11")});
    one->want({shop(2, 6, "10.77.0.12")});
    ASSERT_TRUE(runs_until([&] { return service->asked.size() > 5; }));
    one->want({shop(3, 7, "10.77.0.13")});
    const auto status = one->status("shop");
    EXPECT_FALSE(status.published);
    ASSERT_FALSE(status.laggards.empty());
    ASSERT_TRUE(runs_until([&] { return service->asked.back().revision == Revision{7}; }));
    EXPECT_NE(one->status("shop").laggards.front().find("cannot be connected"), std::string::npos);
    service->trouble.reset();
    ASSERT_TRUE(is_published(*one));
    EXPECT_EQ(address(), "10.77.0.13");
    EXPECT_EQ(service->asked.back().revision, Revision{7});
    EXPECT_EQ(told("published_outside"), 1U);
}

TEST_F(OutsidePublisherTest, OfOneServiceIsNotHeldUpByAnother) {
    const auto good = publisher();
    const auto works = std::exchange(service, std::make_shared<Service>());
    service->trouble = Error{Errc::refused, "does not know the key"};
    const auto broken = publisher();
    broken->want({shop(1, 5, "10.77.0.11")});
    good->want({shop(1, 5, "10.77.0.11")});
    ASSERT_TRUE(is_published(*good));
    EXPECT_FALSE(broken->status("shop").published);
    EXPECT_FALSE(works->zone.records.empty());
}

TEST_F(OutsidePublisherTest, IsDoneOnlyWhenEveryServerAnswersAndNamesTheOneThatDoesNot) {
    const auto stale = std::make_shared<Service>();
    (*zones)[2] = stale;
    service->servers.push_back({"ns2.db.example.test", {"127.0.0.1", 2}});
    const auto one = publisher();
    one->want({shop(1, 5, "10.77.0.11")});
    ASSERT_TRUE(runs_until([&] { return address() == "10.77.0.11"; }));
    stale->zone = service->zone;
    ASSERT_TRUE(is_published(*one));
    one->want({shop(2, 6, "10.77.0.12")});
    ASSERT_TRUE(runs_until([&] {
        const auto status = one->status("shop");
        return address() == "10.77.0.12" && status.laggards.size() == 1;
    }));
    const auto laggard = one->status("shop").laggards.front();
    EXPECT_EQ(laggard.find("ns2.db.example.test (127.0.0.1:2): answers epoch 1"), 0U) << laggard;
    EXPECT_FALSE(one->status("shop").published);
    EXPECT_EQ(told("published_outside"), 1U);
    stale->zone = service->zone;
    ASSERT_TRUE(is_published(*one));
}

TEST_F(OutsidePublisherTest, LeavesSomethingNewerAndRaisesOneAlarm) {
    static_cast<void>(service->zone.apply(
        dns::plan_publication("db.example.test", shop(9, 90, "10.77.0.99"), {}).update));
    const auto one = publisher();
    one->want({shop(1, 5, "10.77.0.11")});
    ASSERT_TRUE(runs_until([&] { return service->asked.size() > 4; }));
    ASSERT_EQ(told("publish_ahead"), 1U);
    EXPECT_EQ(events.front().severity, Severity::alarm);
    EXPECT_EQ(address(), "10.77.0.99");
    EXPECT_FALSE(one->status("shop").published);
}

TEST_F(OutsidePublisherTest, PutsRightWhatSomebodyChanged) {
    const auto one = publisher();
    one->want({shop(1, 5, "10.77.0.11")});
    ASSERT_TRUE(is_published(*one));
    for (auto& record : service->zone.records) {
        record.ttl_seconds = 3600;
    }
    ASSERT_TRUE(runs_until([&] { return service->zone.records.front().ttl_seconds == 2; }));
    service->zone.records.clear();
    ASSERT_TRUE(runs_until([&] { return address() == "10.77.0.11"; }));
}

TEST_F(OutsidePublisherTest, TakesTheNamesOfADeletedPairAwayAlsoWhenItIsMadeAnew) {
    const auto one = publisher();
    one->want({shop(7, 50, "10.77.0.11")});
    ASSERT_TRUE(is_published(*one));
    one->want({});
    EXPECT_FALSE(one->status("shop").published);
    ASSERT_TRUE(runs_until([&] { return told("withdrawn") == 1; }));
    EXPECT_TRUE(service->zone.records.empty());

    one->want({shop(7, 60, "10.77.0.11")});
    ASSERT_TRUE(is_published(*one));
    service->trouble = Error{Errc::unreachable, "down"};
    one->want({});
    one->want({shop(1, 70, "10.77.0.12")}); // A lower epoch: it is another pair.
    one->want({shop(1, 71, "10.77.0.12")});
    service->trouble.reset();
    ASSERT_TRUE(is_published(*one));
    EXPECT_EQ(address(), "10.77.0.12");
}

TEST_F(OutsidePublisherTest, EndsWhenItIsStopped) {
    service->trouble = Error{Errc::unreachable, "down"};
    const auto one = publisher();
    one->want({shop(1, 5, "10.77.0.11")});
    ASSERT_TRUE(runs_until([&] { return service->asked.size() > 1; }));
    one->stop();
    context.restart();
    context.run(); // Returns: nothing goes on.
}

} // namespace
} // namespace lockstep
