#include <csignal>
#include <thread>

#include "tests/e2e/bed.h"
#include "tests/support/testbed/outside_dns.h"

namespace lockstep::e2e {
namespace {

/// A pair whose names are also in a zone that a BIND serves, as users have it already.
class OutsideDns : public EndToEnd {
protected:
    void SetUp() override {
        EndToEnd::SetUp();
        bind_ = std::make_unique<DnsServer>(
            bind_beside(bed(), bed().address_of(Testbed::client_host), 5301));
        bind_->start();
        publish_to(bed(), *bind_);
        bed().form();
    }

    [[nodiscard]] DnsServer& bind() { return *bind_; }
    [[nodiscard]] std::string name() const { return "shop." + bind_->plan().zone; }
    void expect_bind_leads_to(const std::string& member) {
        const auto wanted = bed().address_of(member) + "\n";
        const auto by = in(Milliseconds{30000});
        while (bind().answer(name(), "A") != wanted) {
            ASSERT_LT(Clock::now(), by) << "BIND does not lead to " << member << "\n"
                                        << bind().log_tail();
            std::this_thread::sleep_for(Milliseconds{20});
        }
    }
    void kill_primary() {
        const pid_t postmaster = bed().postmaster(primary());
        ASSERT_NE(postmaster, 0);
        kill(postmaster, SIGKILL);
    }

private:
    std::unique_ptr<DnsServer> bind_;
};

// About 20 s.
TEST_F(OutsideDns, LeadsToTheNewPrimaryAfterEachFailoverAndHoldsNoneUpWhileItIsDown) {
    expect_bind_leads_to("a");
    bed().wait_for_pair(
        "be published by both",
        [&](const Json& pair) { return pair.at("endpoint").at("published") == true; },
        Milliseconds{30000});
    const auto writers = begin_writing();
    kill_primary();
    expect_bind_leads_to("b");
    expect_event("published_outside", "epoch 2", Milliseconds{20000});
    EXPECT_EQ(bind().answer(name(), "TXT").find("\"epoch=2 revision="), 0U);
    expect_in_sync_under("b");

    bind().stop();
    kill_primary();
    expect_in_sync_under("a");
    bed().wait_for_pair(
        "say that nothing answers at BIND's address",
        [&](const Json& now) {
            const auto outside = publisher_of(now, bind());
            return outside.at("published") == false &&
                   outside.at("laggards").dump().find("nothing answers there") !=
                       std::string::npos &&
                   now.at("endpoint").at("publishers").at(0).at("published") == true;
        },
        Milliseconds{30000});
    bind().start();
    expect_bind_leads_to("a");
    expect_writes(*writers);
    expect_nothing_lost(*writers);
}

} // namespace
} // namespace lockstep::e2e
