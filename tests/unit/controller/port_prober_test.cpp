#include "controller/port_prober.h"
#include "platform/answers_tcp.h"

#include <gtest/gtest.h>

#include "controller/spawn.h"
#include "platform/clock.h"
#include "tests/support/run_coroutine.h"

namespace lockstep {
namespace {

using namespace std::chrono_literals;

class PortProberTest : public testing::Test {
protected:
    bool answers() {
        return run_to_end(context, answers_tcp("127.0.0.1", port, Deadline::in(400ms)));
    }

    asio::io_context context{1};
    asio::ip::tcp::acceptor listener{context, {asio::ip::make_address("127.0.0.1"), 0}};
    std::uint16_t port = listener.local_endpoint().port();
};

TEST_F(PortProberTest, HearsAPortOnWhichAProcessListens) {
    EXPECT_TRUE(answers());
}

TEST_F(PortProberTest, HearsNoPortOnWhichNobodyListens) {
    listener.close();
    EXPECT_FALSE(answers());
}

TEST_F(PortProberTest, HearsNothingAtWhatIsNoAddress) {
    EXPECT_FALSE(run_to_end(context, answers_tcp("db1.example.org", port, Deadline::in(400ms))));
}

TEST_F(PortProberTest, GivesUpAtTheDeadline) {
    // A listener whose queue is full lets further connects wait, as a lost host does.
    listener.listen(0);
    asio::io_context never_run;
    std::vector<asio::ip::tcp::socket> queued;
    for (int i = 0; i < 8; ++i) {
        queued.emplace_back(never_run).async_connect(listener.local_endpoint(), [](error_code) {});
    }
    const auto began = boot_time();
    EXPECT_FALSE(answers());
    EXPECT_GE(boot_time() - began, 350ms);
    EXPECT_LT(boot_time() - began, 2000ms);
}

TEST_F(PortProberTest, ProbesOnlyThoseWhoAreNotWellHeard) {
    Observer observer;
    Observation well;
    well.member = "a";
    well.server = ServerState::primary;
    Member a;
    a.id = "a";
    a.address = "127.0.0.1";
    a.port = port;
    Member b = a;
    b.id = "b";
    std::vector<MemberId> probed;
    std::shared_ptr<PortProber> prober;
    const auto stop_at_second = [&](const MemberId& member) {
        observer.heard("a", well, boot_time());
        probed.push_back(member);
        if (probed.size() == 2) {
            prober->stop();
        }
    };
    observer.heard("a", well, boot_time());
    const auto members = [a, b] { return std::vector<Member>{a, b}; };
    prober =
        std::make_shared<PortProber>(context.get_executor(), observer, members, stop_at_second);
    asio::steady_timer keep_hearing(context);
    std::function<void(error_code)> hear = [&](error_code) {
        if (probed.size() < 2) {
            observer.heard("a", well, boot_time());
            keep_hearing.expires_after(100ms);
            keep_hearing.async_wait(hear);
        }
    };
    hear({});
    spawn(context.get_executor(), prober->run());
    context.run_for(5s);
    EXPECT_EQ(probed, (std::vector<MemberId>{"b", "b"}));
}

} // namespace
} // namespace lockstep
