#include <gtest/gtest.h>

#include "drivers/mysql/copy_call.h"
#include "drivers/mysql/donor.h"
#include "tests/unit/platform/tls_house.h"

/// Donor and receiver of a copy take nobody else for each other.
namespace lockstep::mysql {
namespace {

using namespace std::chrono_literals;

class CopyPeers : public testing::Test {
protected:
    CopyPeers() {
        for (const auto* const name : {"a", "b", "c"}) {
            house_.add(name, CertificateUse::agent, {"127.0.0.1"});
        }
        port_ = FrameServer::listen(context_.get_executor(), {"127.0.0.1", 0}, house_.files("a"),
                                    1024, 1, {}, {})
                    .value()
                    ->port();
    }

    [[nodiscard]] Member member(const std::string& name) const {
        Member member;
        member.id = name;
        member.address = "127.0.0.1";
        member.port = port_;
        member.key = key_fingerprint(house_.pem(name)).value();
        return member;
    }
    std::unique_ptr<CopyCall> call_for(const Member& from) {
        return must(CopyCall::listen(context_.get_executor(), {"127.0.0.1", port_},
                                     house_.files("b"), from));
    }
    std::shared_ptr<FrameStream> dial_as(const std::string& name) {
        return must(run_until_done(context_, dial_agent({"127.0.0.1", port_}, house_.files(name),
                                                        Deadline::in(5s), largest_copy_frame)));
    }
    std::string why_not_answered(CopyCall& call) {
        const auto answered = run_until_done(context_, call.answered(Deadline::in(500ms)));
        return answered ? "answered" : answered.error().message;
    }
    std::shared_ptr<Donor> donor_for(const Member& to) {
        CopyOrder order;
        order.to = to;
        order.files = house_.files("a");
        order.hindrance = "on a: it has none";
        return Donor::begin(context_.get_executor(), std::move(order));
    }

    asio::io_context context_{1};
    TlsHouse house_;
    std::uint16_t port_ = 0;
};

TEST_F(CopyPeers, TheReceiverWaitsForItsDonorAndTurnsOthersAway) {
    const auto call = call_for(member("a"));
    const auto other = dial_as("c");
    EXPECT_EQ(run_until_done(context_, other->read_frame(Deadline::in(5s))).error().code,
              Errc::unreachable);
    const auto why = why_not_answered(*call);
    EXPECT_NE(why.find("agent \"c\", not the agent of a"), std::string::npos) << why;
    const auto donor = dial_as("a");
    const auto answered = run_until_done(context_, call->answered(Deadline::in(5s)));
    ASSERT_TRUE(answered) << answered.error().message;
    EXPECT_EQ((*answered)->peer()->name, "a");
    const auto second = dial_as("a"); // There is one stream for one copy.
    EXPECT_FALSE(run_until_done(context_, second->read_frame(Deadline::in(5s))));
}

TEST_F(CopyPeers, TheReceiverTurnsAwayAKeyThatDidNotJoin) {
    auto expected = member("a");
    expected.key = member("c").key;
    const auto call = call_for(expected);
    const auto donor = dial_as("a");
    const auto why = why_not_answered(*call);
    EXPECT_NE(why.find("another key"), std::string::npos) << why;
}

TEST_F(CopyPeers, TheReceiverTurnsAwayWhoShowsNothing) {
    const auto call = call_for(member("a"));
    run_until_done(context_, dial_agent({"127.0.0.1", port_}, house_.only_ca(), Deadline::in(5s),
                                        largest_copy_frame))
        .value();
    const auto why = why_not_answered(*call);
    EXPECT_NE(why.find("nobody we know"), std::string::npos) << why;
}

TEST_F(CopyPeers, TheDonorTellsItsReceiver) {
    const auto call = call_for(member("a"));
    const auto donor = donor_for(member("b"));
    const auto stream = must(run_until_done(context_, call->answered(Deadline::in(5s))));
    const auto frame = must(run_until_done(context_, stream->read_frame(Deadline::in(5s))));
    EXPECT_EQ(frame, copy_frame(CopyWord::none, "on a: it has none"));
    stream->close();
}

TEST_F(CopyPeers, TheDonorSaysNothingToSomebodyElse) {
    const auto call = call_for(member("a")); // It is b that listens.
    const auto donor = donor_for(member("c"));
    const auto stream = must(run_until_done(context_, call->answered(Deadline::in(5s))));
    EXPECT_FALSE(run_until_done(context_, stream->read_frame(Deadline::in(5s))));
}

TEST_F(CopyPeers, AnEndedDonorIsGone) {
    const auto call = call_for(member("a"));
    const auto donor = donor_for(member("b"));
    const auto stream = must(run_until_done(context_, call->answered(Deadline::in(5s))));
    must(run_until_done(context_, stream->read_frame(Deadline::in(5s))));
    donor->end();
    EXPECT_FALSE(run_until_done(context_, stream->read_frame(Deadline::in(5s))));
    EXPECT_TRUE(donor->is_over());
}

TEST(CopyBytes, CountsAllButLogsOfCommits) {
    const TlsHouse house; // Any folder.
    const auto before = bytes_to_copy(house.folder());
    house.write("binlog.000001", "12345");
    house.write("relay.000001", "12345");
    EXPECT_EQ(bytes_to_copy(house.folder()), before);
    std::filesystem::create_directory(house.folder() / "shop");
    house.write("shop/t.ibd", "1234567");
    EXPECT_EQ(bytes_to_copy(house.folder()), before + 7);
}

} // namespace
} // namespace lockstep::mysql
