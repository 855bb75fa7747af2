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
    [[nodiscard]] virtual std::vector<std::string> members() const { return {"a", "b"}; }
    /// Each member's data on a file system of its own; 0: none.
    [[nodiscard]] virtual std::uint64_t data_disk_bytes() const { return 0; }
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
    /// unless `statement` is seen to wait, so that it is in the log there.
    void expect_commit_waits(const std::string& member, const std::string& statement);
    /// Fails the test unless that name server comes to answer so; "" is: no such name.
    void expect_name(const std::string& server, const std::string& name, const std::string& ip);
    [[nodiscard]] std::string primary();
    /// The member of the pair that is not `member`.
    [[nodiscard]] static std::string other(const std::string& member);
    Json expect_in_sync_under(const std::string& primary, Milliseconds most = Milliseconds{45000});
    /// Kills the agent of a member and then every process of its database: the host is lost.
    void kill_member(const std::string& member);
    [[nodiscard]] bool has_event(const std::string& kind, const std::string& part = {});
    void expect_event(const std::string& kind, const std::string& part, Milliseconds most);

private:
    [[nodiscard]] std::unique_ptr<Writers> begin(const Writers::Options& options);

    std::unique_ptr<Testbed> bed_;
};

/// Replaces text in a configuration file. Throws Failure if it is not there.
void replace_in(const std::filesystem::path& file, const std::string& from, const std::string& to);

/// What ends with `status` and tells why in one line that holds `part`.
testing::AssertionResult is_one_error(const std::string& errors, const std::string& part);

} // namespace lockstep::e2e
