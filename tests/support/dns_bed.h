#pragma once

#include <memory>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include "dns/check/name_check.h"
#include "dns/rfc2136/rfc2136_publisher.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/testbed/cleanup.h"
#include "tests/support/testbed/dns_servers.h"
#include "tests/support/watchdog/watchdog.h"

namespace lockstep::dns {

/// A network of a test's own, without any link, in which this thread and what it starts are. BIND
/// listens only at addresses that an interface has. Root needed.
class OwnNetwork {
public:
    explicit OwnNetwork(const std::vector<std::string>& addresses)
        : home_(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)) {
        if (home_ < 0 || unshare(CLONE_NEWNET) != 0) {
            throw testbed::Failure("no network of its own: these tests need root");
        }
        ip({"link", "set", "lo", "up"});
        for (const auto& address : addresses) {
            ip({"address", "add", address + "/32", "dev", "lo"});
        }
    }
    ~OwnNetwork() {
        setns(home_, CLONE_NEWNET);
        close(home_);
    }
    OwnNetwork(const OwnNetwork&) = delete;
    OwnNetwork& operator=(const OwnNetwork&) = delete;

private:
    static void ip(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "ip");
        testbed::must_run({std::move(arguments), {}, {}},
                          testbed::in(testbed::Milliseconds{20000}));
    }
    int home_;
};

/// Real DNS servers in a network of their own, and an event loop to reach them from.
class DnsBed {
public:
    static constexpr auto zone = "db.example.test";
    static constexpr std::uint16_t port = 5353;
    static constexpr auto primary_address = "127.77.53.1";
    static constexpr auto secondary_address = "127.77.53.2";
    using Server = testbed::DnsServer;

    DnsBed() {
        loop_ = std::thread([this] { context.run(); });
    }
    ~DnsBed() {
        guard_.reset();
        context.stop();
        loop_.join();
    }
    DnsBed(const DnsBed&) = delete;
    DnsBed& operator=(const DnsBed&) = delete;

    [[nodiscard]] Server::Plan primary_plan() const {
        return {.folder = folder_ / "primary",
                .address = primary_address,
                .port = port,
                .zone = zone,
                .name_servers = {{"ns1", primary_address}},
                .more_records = {"www IN A 192.0.2.80", "alias IN CNAME www",
                                 "noted IN TXT \"v=spf1 -all\""}};
    }
    [[nodiscard]] Server::Plan secondary_plan() const {
        return {.folder = folder_ / "secondary",
                .address = secondary_address,
                .port = port,
                .zone = zone,
                .primary = primary_address};
    }
    [[nodiscard]] static Rfc2136Settings settings(const testbed::UpdateKey& key = {}) {
        Rfc2136Settings made;
        made.server = {primary_address, port};
        made.zone = zone;
        made.key = *parse_tsig_key(key.statement());
        made.servers_port = port;
        return made;
    }
    [[nodiscard]] std::unique_ptr<NamePublisher> publisher(const testbed::UpdateKey& key = {}) {
        return make_rfc2136_publisher(context.get_executor(), settings(key));
    }
    template <class T> [[nodiscard]] T wait(Awaitable<T> work) {
        return asio::co_spawn(context, std::move(work), asio::use_future).get();
    }

    asio::io_context context;

private:
    OwnNetwork network_{{primary_address, secondary_address, "127.77.53.9"}};
    TemporaryFolder folder_;
    testbed::Watchdog watchdog_{{folder_.path()}};
    asio::executor_work_guard<asio::io_context::executor_type> guard_ =
        asio::make_work_guard(context);
    std::thread loop_;
};

inline Endpoint shop(std::uint64_t epoch = 3, std::uint64_t revision = 17,
                     const std::string& primary = "10.77.0.11") {
    return {"shop", primary, "10.77.0.12", Epoch{epoch}, Revision{revision}, 2};
}

[[nodiscard]] inline Deadline soon() {
    return Deadline::in(std::chrono::seconds(20));
}

} // namespace lockstep::dns
