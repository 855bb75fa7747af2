#pragma once

#include <array>
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "dns/check/name_check.h"
#include "dns/server/name_server.h"
#include "platform/asio.h"

namespace lockstep::dns {

inline constexpr const char* server_address = "127.0.0.53";

inline Endpoint shop() {
    return {"shop", "10.77.0.11", "10.77.0.12", Epoch{3}, Revision{17}, 2};
}

inline ZoneView small_zone() {
    ZoneView view;
    view.zone.name = "db.example.test";
    view.zone.serial = 4711;
    view.zone.servers = {{"ns-a", server_address, 53}};
    view.zone.endpoints = {shop()};
    view.vouched = {"shop"};
    return view;
}

/// An event loop on a thread of its own, with a name server on it. Its end is also a test: it
/// returns only once everything that the server began has ended.
class DnsWorld : public testing::Test {
public:
    DnsWorld() {
        loop_ = std::thread([this] { context.run(); });
    }
    ~DnsWorld() override {
        server.reset();
        check.reset();
        guard_.reset();
        loop_.join();
    }

    void show(ZoneView view) {
        const std::lock_guard lock(mutex_);
        view_ = std::make_shared<const ZoneView>(std::move(view));
    }
    [[nodiscard]] NameServer::Current current() {
        return [this] {
            const std::lock_guard lock(mutex_);
            return view_;
        };
    }
    void start(ZoneView view = small_zone(), const std::string& address = server_address) {
        show(std::move(view));
        auto made = NameServer::listen(context.get_executor(), {{address, 0}}, current());
        ASSERT_TRUE(made) << made.error().message;
        server = *std::move(made);
    }
    /// What the check says of a server.
    [[nodiscard]] Result<NameAnswer>
    ask(HostPort at, const PairName& pair = "shop",
        std::chrono::milliseconds patience = std::chrono::seconds(15)) {
        auto work = check->ask(std::move(at), "db.example.test", pair, Deadline::in(patience));
        return asio::co_spawn(context, std::move(work), asio::use_future).get();
    }
    [[nodiscard]] HostPort at() const { return {server_address, server->port()}; }
    /// All that dig prints. It tries once and waits for 15 s.
    [[nodiscard]] std::string dig(const std::string& arguments) const {
        const std::string command = std::string("dig @") + server_address + " -p " +
                                    std::to_string(server->port()) +
                                    " +time=15 +tries=1 +norecurse " + arguments + " 2>&1";
        const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
        std::string output;
        std::array<char, 4096> part{};
        while (pipe && fgets(part.data(), part.size(), pipe.get()) != nullptr) {
            output += part.data();
        }
        return output;
    }

    asio::io_context context;
    std::unique_ptr<NameServer> server;
    std::unique_ptr<NameCheck> check = NameCheck::make(context.get_executor());

private:
    asio::executor_work_guard<asio::io_context::executor_type> guard_ =
        asio::make_work_guard(context);
    std::thread loop_;
    std::mutex mutex_;
    std::shared_ptr<const ZoneView> view_;
};

/// A blocking socket that gives up after 20 s, so that a missing answer fails the test.
template <class Socket> void give_up_after_20_s(Socket& socket) {
    const timeval patience{20, 0};
    ASSERT_EQ(
        setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
}

/// The question for shop's address, with `id`.
inline std::string shop_query(char id) {
    using namespace std::string_literals;
    return std::string{'\0', id} + "\0\0\0\1\0\0\0\0\0\0\4shop\2db\7example\4test\0\0\1\0\1"s;
}

} // namespace lockstep::dns
