#include "drivers/mysql/schema.h"
#include "tests/integration/findings/findings_bed.h"

/// What an engine does while a commit waits for a standby that is frozen or cut off.
namespace lockstep::findings {
namespace {

class StandbyAway : public FindingsOfOnePair {
protected:
    /// The standby has it, and its acknowledgement is lost: it received it without acknowledging,
    /// and comes back when it has everything already.
    /// So is that of `behind`, if any, whose commit comes while the first one waits.
    static mysql::Session::Ptr
    commit_whose_acknowledgement_is_lost(mysql::Session::Ptr behind = nullptr);
    /// How a login ends; `conflict`: it succeeds.
    static Errc login(Milliseconds within);
};
INSTANTIATE_TEST_SUITE_P(mariadb, StandbyAway, testing::Values(Flavour::mariadb));
INSTANTIATE_TEST_SUITE_P(mysql, StandbyAway, testing::Values(Flavour::mysql));

TEST_P(StandbyAway, FINDING_2_SwitchingTheWaitOffAnswersOkAndIsToldAtOnce) {
    bed().b().freeze();
    const auto writer = hanging_commit(bed());
    EXPECT_EQ(bed().a().observe().lowered, "");
    bed().a().sql(set_global(word().wait_enabled, "OFF"));
    EXPECT_TRUE(is_answered(bed(), writer, patient)) << "what the engine does by itself";
    bed().a().observe_until([](const auto& seen) { return !seen.lowered.empty(); },
                            "a says that its commits do not wait"); // R13 narrows the record.
    bed().b().thaw();
}

TEST_P(StandbyAway, FINDING_3_ReadOnlyWaitsBehindAHungCommitAndTheDoorDoesNot) {
    bed().b().freeze();
    const auto writer = hanging_commit(bed());
    const auto plain = bed().a().session();
    must(plain->start("SET GLOBAL read_only = ON"));
    EXPECT_FALSE(is_answered(bed(), plain, never)) << "what the engine does by itself";
    auto ticket = strict_ticket();
    ticket.door = Door::shut;
    bed().a().apply(ticket); // Within its deadline, and nobody is left inside.
    EXPECT_FALSE(is_answered(bed(), writer, patient));
    bed().a().kill(); // The fence waits for nothing.
    EXPECT_FALSE(bed().a().driver().running_server());
    bed().b().thaw();
    bed().a().start(bed().primary_ticket(bed().a()));
    bed().a().apply(bed().primary_ticket(bed().a()));
}

Errc StandbyAway::login(Milliseconds within) {
    mysql::Connection come;
    come.socket = bed().a().config().run_dir / (bed().a().config().member + ".sock");
    come.user = "nobody_of_that_name";
    const auto brief = Deadline::in(within);
    const auto opened = bed().run(mysql::Session::open(bed().context().get_executor(), come,
                                                       std::chrono::seconds{10}, brief));
    return opened ? Errc::conflict : opened.error().code;
}

TEST_P(StandbyAway, FINDING_4_AnAccountMadeMeanwhileHangsLoginsAndTheDriverGetsOut) {
    static_cast<void>(bed().a().observe());       // Its spare session is open.
    bed().a().sql("CREATE USER early@localhost"); // What is known of rights is looked up anew.
    bed().b().freeze();
    const auto writer = hanging_commit(bed(), "CREATE USER late@localhost");
    EXPECT_EQ(login(never), is_mysql() ? Errc::timeout : Errc::refused)
        << "what the engine does by itself";
    bed().a().apply(bed().primary_ticket(bed().a())); // Narrowed.
    EXPECT_TRUE(is_answered(bed(), writer, patient));
    EXPECT_EQ(login(patient), Errc::refused);
    bed().b().thaw();
}

TEST_P(StandbyAway, FINDING_7_TheStatusSaysThatAllIsWellAndTheHeartbeatDoesNot) {
    bed().b().freeze();
    const auto writer = hanging_commit(bed());
    EXPECT_EQ(status(bed(), bed().a(), word().wait_status), "ON");
    EXPECT_EQ(status(bed(), bed().a(), word().acknowledging_streams), "1")
        << "what the engine does by itself";
    const auto brief = Deadline::in(never);
    EXPECT_EQ(must(bed().run(bed().a().driver().heartbeat(brief))), Heartbeat::waiting_for_standby);
    bed().b().thaw();
    EXPECT_TRUE(is_answered(bed(), writer, patient));
}

mysql::Session::Ptr StandbyAway::commit_whose_acknowledgement_is_lost(mysql::Session::Ptr behind) {
    const auto stop = std::string(word().stop_receiver);
    const auto start = std::string(word().start_receiver);
    const auto before = std::stoi(bed().b().sql(rows_kept));
    bed().b().sql(stop);
    bed().b().sql(set_global(word().acknowledge_enabled, "OFF"));
    bed().b().sql(start);
    auto writer = hanging_commit(bed());
    if (behind) {
        must(behind->start(insert_one));
    }
    const auto rows = before + (behind ? 2 : 1);
    const auto has_it = [&] { return std::stoi(bed().b().sql(rows_kept)) == rows; };
    EXPECT_TRUE(eventually(has_it, patient));
    bed().b().sql(stop);
    bed().b().sql(set_global(word().acknowledge_enabled, "ON"));
    bed().b().sql(start);
    bed().a().observe_until([](const auto& seen) { return seen.acknowledgements.streaming; },
                            "b streams again");
    return writer;
}

TEST_P(StandbyAway, FINDING_8_ALostAcknowledgementStallsUntilTheHeartbeatNudges) {
    const auto writer = commit_whose_acknowledgement_is_lost();
    EXPECT_FALSE(is_answered(bed(), writer, never)) << "what the engine does by itself";
    EXPECT_EQ(must(bed().run(bed().a().driver().heartbeat(soon()))), Heartbeat::committed);
    EXPECT_TRUE(is_answered(bed(), writer, patient));
}

// Two groups of commits: on MariaDB nothing is committed behind them, so no nudge comes.
TEST_P(StandbyAway, FINDING_8_TwoLostAcknowledgementsAreGivenByTheStandby) {
    const auto second = bed().a().session();
    const auto first = commit_whose_acknowledgement_is_lost(second);
    auto& standby = bed().b().driver();
    if (!is_mysql()) {
        const auto brief = Deadline::in(never);
        const auto beat = bed().run(bed().a().driver().heartbeat(brief));
        EXPECT_NE(beat.value_or(Heartbeat::not_primary), Heartbeat::committed);
        EXPECT_FALSE(is_answered(bed(), first, never)) << "what the engine does by itself";
        std::string told;
        const auto tells = [&] {
            static_cast<void>(bed().b().observe()); // As its agent does all the time.
            told = must(bed().run(standby.acknowledge_held(soon())));
            return !told.empty();
        };
        EXPECT_TRUE(eventually(tells, patient));
        EXPECT_NE(told.find(" holds everything up to binlog."), std::string::npos) << told;
    }
    EXPECT_EQ(must(bed().run(bed().a().driver().heartbeat(soon()))), Heartbeat::committed);
    EXPECT_TRUE(is_answered(bed(), first, patient));
    EXPECT_TRUE(is_answered(bed(), second, patient));
    EXPECT_EQ(bed().a().observe().lowered, "");
    EXPECT_TRUE(bed().b().observe().stream.connected);
    EXPECT_EQ(must(bed().run(standby.acknowledge_held(soon()))), "") << "nobody waits";
}

// Not even a nudge helps then, always on MySQL and at times on MariaDB: nothing is committed behind
// the new log, and only R3 gets out.
TEST_P(StandbyAway, FINDING_8_AFlushOfTheLogsDuringTheStallEndsWithTheWaitForTheStandby) {
    const auto writer = commit_whose_acknowledgement_is_lost();
    const auto flusher = bed().a().session();
    must(flusher->start("FLUSH BINARY LOGS"));
    const bool flushed = is_answered(bed(), flusher, never);
    const auto brief = Deadline::in(never);
    const auto beat = bed().run(bed().a().driver().heartbeat(brief));
    if (is_mysql()) {
        EXPECT_FALSE(flushed) << "what the engine does by itself";
        EXPECT_NE(beat.value_or(Heartbeat::not_primary), Heartbeat::committed);
    }
    bed().a().apply(bed().primary_ticket(bed().a())); // Narrowed.
    EXPECT_TRUE(is_answered(bed(), writer, patient));
}

TEST_P(StandbyAway, AServerWhoseConnectionsAreAllTakenIsStillObserved) {
    EXPECT_EQ(bed().a().observe().state, ServerState::primary);
    EXPECT_EQ(must(bed().run(bed().a().driver().heartbeat(soon()))), Heartbeat::committed);
    const auto most = bed().a().sql("SELECT @@global.max_connections");
    const auto mender = bed().a().session();
    must(bed().run(mender->query("SET GLOBAL max_connections = 10", soon())));
    std::vector<mysql::Session::Ptr> crowd;
    mysql::Connection come; // A superuser, so that what is kept back for one is taken, too.
    come.socket = bed().a().config().run_dir / (bed().a().config().member + ".sock");
    come.user = mysql::own_account();
    const auto is_let_in = [&] {
        auto opened = bed().run(mysql::Session::open(bed().context().get_executor(), come,
                                                     std::chrono::seconds{10}, soon()));
        if (opened) {
            crowd.push_back(*opened);
        }
        return opened.has_value();
    };
    while (is_let_in()) {
        ASSERT_LT(crowd.size(), 20U);
    }
    const auto by = Deadline::in(std::chrono::seconds{3});
    while (!by.passed()) {
        ASSERT_EQ(bed().a().observe().state, ServerState::primary);
        ASSERT_EQ(must(bed().run(bed().a().driver().heartbeat(soon()))), Heartbeat::committed);
        static_cast<void>(is_let_in()); // Nor does it leave its place to another.
    }
    crowd.clear();
    must(bed().run(mender->query("SET GLOBAL max_connections = " + most, soon())));
}

// Last, for it ends the primary.
TEST_P(StandbyAway, FINDING_1_ASigtermAnswersOkButTheDriversStopAnswersNobody) {
    bed().b().freeze();
    auto writer = hanging_commit(bed());
    ASSERT_EQ(::kill(bed().a().driver().running_server().value().pid, SIGTERM), 0);
    EXPECT_EQ(is_answered(bed(), writer, Milliseconds{30000}), is_mysql())
        << "what the engine does by itself";
    wait_for_death(bed().a());

    bed().a().start(strict_ticket());
    writer = hanging_commit(bed());
    must(bed().run(bed().a().driver().stop(soon())));
    EXPECT_FALSE(is_answered(bed(), writer, Milliseconds{30000})) << "an OK that b does not back";
    wait_for_death(bed().a());
    bed().b().thaw();
    bed().a().start(bed().primary_ticket(bed().a()));
    bed().a().apply(bed().primary_ticket(bed().a()));
}

} // namespace
} // namespace lockstep::findings
