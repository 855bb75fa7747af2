#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/testbed/testbed.h"

namespace lockstep::e2e {

using namespace testbed;

/// A real installation on hosts of its own, each a network namespace. A test that fails shows the
/// status, the events and the ends of the logs.
class EndToEnd : public testing::Test {
protected:
    void SetUp() override;
    void TearDown() override;

    [[nodiscard]] virtual Engine engine() const { return Engine::postgresql; }
    /// Plan::durability.
    [[nodiscard]] virtual std::string durability() const { return {}; }
    [[nodiscard]] virtual std::vector<std::string> members() const { return {"a", "b"}; }
    /// Plan::pair_options.
    [[nodiscard]] virtual std::vector<std::string> pair_options() const { return {}; }
    /// Each member's data on a file system of its own; 0: none.
    [[nodiscard]] virtual std::uint64_t data_disk_bytes() const { return 0; }
    [[nodiscard]] virtual bool repository() const { return false; }
    [[nodiscard]] Testbed& bed() { return *bed_; }

    // Of a running pair -------------------------------------------------------------------------
    [[nodiscard]] std::unique_ptr<Writers>
    begin_writing(Writers::Connections connections = Writers::Connections::kept);
    /// With clients that give nothing up while the machine is busy with something else: for tests
    /// that expect nobody to notice.
    [[nodiscard]] std::unique_ptr<Writers>
    begin_patient_writing(Writers::Connections connections = Writers::Connections::kept);
    /// Fails the test unless more writes are acknowledged soon.
    void expect_writes(Writers& writers, std::uint64_t more = 50);
    /// Ends the writers and expects R1 and R2: nothing acknowledged is missing on the primary, and
    /// no two histories acknowledged in turns.
    Ledger expect_nothing_lost(Writers& writers);
    /// Expects that no client noticed anything. Its writers were patient ones.
    static void expect_undisturbed(const Ledger& ledger, Clock::time_point since);
    /// What a commit of a session on that member does now: waits for the standby. Fails the test
    /// unless `statement` is seen to wait, so that it is in the log there. Of the engines other
    /// than PostgreSQL it is a client's, who may insert into app.ledger.
    void expect_commit_waits(const std::string& member, const std::string& statement);
    /// Of those that the writers and expect_commit_waits() write.
    [[nodiscard]] std::string rows_on(const std::string& member, const std::string& condition);
    /// Fails the test unless that name server comes to answer so; "" is: no such name.
    void expect_name(const std::string& server, const std::string& name, const std::string& ip);
    [[nodiscard]] std::string primary();
    /// The member of the pair that is not `member`.
    [[nodiscard]] static std::string other(const std::string& member);
    /// A standby that stalled on a busy machine must first stream cleanly for up to a minute.
    Json expect_in_sync_under(const std::string& primary, Milliseconds most = Milliseconds{120000});
    /// As the pair shows it.
    [[nodiscard]] static Json member_of(const Json& pair, const std::string& id);
    /// What `divergence list` shows of the first one, once it is decoded, that is not in `besides`.
    [[nodiscard]] Json wait_for_divergence(const Json& besides = Json::array());
    /// Kills the controller, and returns once nobody's word of it is fresh any more.
    void lose_controller();
    /// Kills the agent of a member and then every process of its database: the host is lost.
    void kill_member(const std::string& member);
    void signal_agent(const std::string& member, int signal);
    /// Among those since the test began.
    [[nodiscard]] bool has_event(const std::string& kind, const std::string& part = {});
    void expect_event(const std::string& kind, const std::string& part, Milliseconds most);

    /// From now on has_event() looks at what comes.
    void begin_events();
    std::unique_ptr<Testbed> bed_;

private:
    [[nodiscard]] std::unique_ptr<Writers> begin(const Writers::Options& options);

    std::uint64_t last_event_before_ = 0;
};

/// A pair of the engine that the suite is instantiated for, used by one test after the other:
/// making one takes longer than most tests. Each finds it in sync, under whichever member, and
/// leaves it so; after one that fails it is made anew. Prefixes are the engines' names, so that
/// `e2e` and `e2e_engines` (tests/CMakeLists.txt) run each their own.
class SharedPair : public EndToEnd, public testing::WithParamInterface<Engine> {
protected:
    void SetUp() override;
    void TearDown() override;
    static void TearDownTestSuite();
    [[nodiscard]] Engine engine() const override { return GetParam(); }

    /// Who serves, and who does not, when the test begins.
    [[nodiscard]] const std::string& old_primary() const { return old_primary_; }
    [[nodiscard]] const std::string& old_standby() const { return old_standby_; }

private:
    static std::unique_ptr<Testbed> kept_;
    std::string old_primary_;
    std::string old_standby_;
};

/// Replaces text in a configuration file. Throws Failure if it is not there.
void replace_in(const std::filesystem::path& file, const std::string& from, const std::string& to);

/// What ends with `status` and tells why in one line that holds `part`.
testing::AssertionResult is_one_error(const std::string& errors, const std::string& part);

} // namespace lockstep::e2e
