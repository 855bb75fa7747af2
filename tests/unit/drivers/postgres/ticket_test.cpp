#include "drivers/postgres/ticket.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "drivers/postgres/text.h"

namespace lockstep::postgres {
namespace {

Config config() {
    Config value;
    value.member = "a";
    value.run_dir = "/run/lockstep";
    value.address = "10.0.0.1";
    value.tls = {"/id/ca.pem", "/id/agent.pem", "/id/agent.key"};
    return value;
}

Member peer() {
    Member member;
    member.id = "b";
    member.address = "10.0.0.2";
    member.port = 5433;
    return member;
}

std::string value_of(const Settings& settings, const std::string& name) {
    const auto found = std::find_if(settings.begin(), settings.end(),
                                    [&name](const auto& each) { return each.first == name; });
    return found == settings.end() ? "(none)" : found->second;
}

TEST(Ticket, OfAPrimaryWaitsForOneNameAndFollowsNobody) {
    Ticket ticket;
    ticket.primary = true;
    ticket.sync_name = "ls_b_12";
    ticket.upstream = peer();
    const auto settings = managed_settings(config(), ticket, 15);
    EXPECT_EQ(value_of(settings, "synchronous_standby_names"), "FIRST 1 (\"ls_b_12\")");
    EXPECT_EQ(value_of(settings, "primary_conninfo"), "");
    EXPECT_EQ(value_of(settings, "primary_slot_name"), "");
    EXPECT_EQ(sync_name_in("FIRST 1 (\"ls_b_12\")"), "ls_b_12");
    EXPECT_EQ(sync_name_in(""), "");
}

TEST(Ticket, OfAStandbyFollowsUnderItsStreamNameAndWaitsForNobody) {
    Ticket ticket;
    ticket.sync_name = "ls_b_12";
    ticket.stream_name = "ls_a_13";
    ticket.upstream = peer();
    const auto settings = managed_settings(config(), ticket, 15);
    EXPECT_EQ(value_of(settings, "synchronous_standby_names"), "");
    EXPECT_EQ(value_of(settings, "primary_slot_name"), "lockstep_a");
    const auto conninfo = value_of(settings, "primary_conninfo");
    EXPECT_EQ(conninfo_value(conninfo, "host"), "b");
    EXPECT_EQ(conninfo_value(conninfo, "hostaddr"), "10.0.0.2");
    EXPECT_EQ(conninfo_value(conninfo, "port"), "5433");
    EXPECT_EQ(conninfo_value(conninfo, "application_name"), "ls_a_13");
    EXPECT_EQ(conninfo_value(conninfo, "sslmode"), "verify-full");
}

TEST(Ticket, REDTEAM_F5_LeavesNothingThatEndsOrDivertsRecovery) {
    const auto settings = managed_settings(config(), Ticket{}, 15);
    for (const auto* const name :
         {"recovery_target", "recovery_target_name", "recovery_target_time", "recovery_target_xid",
          "recovery_target_lsn", "restore_command", "promote_trigger_file"}) {
        EXPECT_EQ(value_of(settings, name), "") << name;
    }
    EXPECT_EQ(value_of(settings, "recovery_target_timeline"), "latest");
    EXPECT_EQ(value_of(settings, "fsync"), "on");
    EXPECT_EQ(value_of(settings, "full_page_writes"), "on");
    EXPECT_EQ(value_of(managed_settings(config(), Ticket{}, 16), "promote_trigger_file"), "(none)");
}

TEST(Ticket, PutsTheUsersSettingsFirstSoThatItsOwnWin) {
    auto with_settings = config();
    with_settings.settings = {{"work_mem", "8MB"}, {"application.motto", "it's \\ fine"}};
    const auto managed = managed_settings(with_settings, Ticket{}, 15);
    const auto text = render_ticket(with_settings, managed, "boot-1");
    EXPECT_LT(text.find("work_mem = '8MB'"), text.find("fsync = 'on'"));
    EXPECT_NE(text.find("application.motto = 'it''s \\\\ fine'"), std::string::npos);
    EXPECT_TRUE(is_of_boot(text, "boot-1"));
    EXPECT_FALSE(is_of_boot(text, "boot-2"));
    const auto read = parse_settings(text);
    EXPECT_EQ(value_of(read, "application.motto"), "it's \\ fine");
    for (const auto& [name, value] : managed) {
        EXPECT_EQ(value_of(read, name), value) << name;
    }
}

TEST(Ticket, BehindAShutDoorNoRuleOfTheUsersIsLeft) { // R9
    auto with_rules = config();
    with_rules.hba = {"host all all 10.0.0.0/24 scram-sha-256", "local all all trust"};
    const auto open = render_hba(with_rules, Door::open);
    const auto shut = render_hba(with_rules, Door::shut);
    EXPECT_EQ(door_in(open), Door::open);
    EXPECT_EQ(door_in(shut), Door::shut);
    EXPECT_EQ(door_in(""), Door::shut);
    EXPECT_NE(shut.find("local all postgres peer map=lockstep\n"), std::string::npos);
    EXPECT_NE(shut.find("hostssl replication lockstep_replication all cert"), std::string::npos);
    EXPECT_EQ(shut.find("10.0.0.0/24"), std::string::npos);
    EXPECT_EQ(shut.find("trust"), std::string::npos);
}

TEST(Ticket, LetsInTheAgentThenPeersByCertificateThenTheUsersRules) {
    auto with_rules = config();
    with_rules.hba = {"host all all 10.0.0.0/24 scram-sha-256"};
    const auto text = render_hba(with_rules, Door::open);
    const auto agent = text.find("local all postgres peer map=lockstep\n");
    const auto peers = text.find("hostssl replication lockstep_replication all cert "
                                 "map=lockstep_peers\n");
    const auto others = text.find("host all,replication lockstep_replication all reject\n");
    const auto users = text.find("host all all 10.0.0.0/24 scram-sha-256\n");
    EXPECT_LT(agent, peers);
    EXPECT_LT(peers, others);
    EXPECT_LT(others, users);
    EXPECT_NE(users, std::string::npos);
    const auto ident = render_ident({peer()}, "dbadmin");
    EXPECT_NE(ident.find("lockstep \"dbadmin\" postgres\n"), std::string::npos);
    EXPECT_NE(ident.find("lockstep_peers \"b\" lockstep_replication\n"), std::string::npos);
}

TEST(Include, IsTheLastLineHoweverOftenAndWhereverItWas) {
    const auto once = with_ticket_included("port = 5432\n", "/run/lockstep/a.conf");
    EXPECT_EQ(with_ticket_included(once, "/run/lockstep/a.conf"), once);
    const auto grown = once + "work_mem = '4MB'\n";
    const auto moved = with_ticket_included(grown, "/run/lockstep/b.conf");
    EXPECT_EQ(lines_of(moved).size(), 3U);
    EXPECT_TRUE(lines_of(moved).back().starts_with("include '/run/lockstep/b.conf'"));
    EXPECT_EQ(moved.find("/run/lockstep/a.conf"), std::string::npos);
    EXPECT_EQ(lines_of(with_ticket_included("no line end", "/t")).size(), 2U);
}

TEST(AutoConf, LosesManagedSettingsAndKeepsTheRest) {
    const auto text = without_settings("# Do not edit\nSynchronous_Standby_Names = ''\n"
                                       "work_mem = '8MB'\n  fsync='off'\nport 5\n",
                                       managed_names());
    EXPECT_EQ(text, "# Do not edit\nwork_mem = '8MB'\n");
}

TEST(Conninfo, QuotesEveryValue) {
    EXPECT_EQ(to_conninfo({{"host", "b"}, {"sslkey", "/it's a\\path"}}),
              "host='b' sslkey='/it\\'s a\\\\path'");
    EXPECT_EQ(conninfo_value("user=x application_name=ls_b_7 port=5", "application_name"),
              "ls_b_7");
    EXPECT_EQ(conninfo_value("user=x", "application_name"), "");
    EXPECT_EQ(conninfo_value("hostaddr=1 host='b c'", "host"), "b c");
}

TEST(Settings, MayNotSetWhatTheTicketSets) {
    for (const auto* const name : {"synchronous_standby_names", "fsync", "restore_command", "port",
                                   "hba_file", "data_directory", "include", "lc_messages"}) {
        auto bad = config();
        bad.settings = {{name, "x"}};
        const auto checked = check(bad);
        ASSERT_FALSE(checked) << name;
        EXPECT_EQ(checked.error().code, Errc::refused);
        EXPECT_NE(checked.error().message.find(name), std::string::npos);
    }
}

TEST(Settings, AreNamesWithOneLineOfValue) {
    const auto accepted = [](const char* name, const char* value) {
        auto tried = config();
        tried.settings = {{name, value}};
        return check(tried).has_value();
    };
    EXPECT_TRUE(accepted("work_mem", "8MB"));
    EXPECT_TRUE(accepted("pg_stat_statements.max", "100"));
    EXPECT_TRUE(accepted("wal_level", "logical"));
    EXPECT_TRUE(accepted("max_connections", "200"));
    EXPECT_FALSE(accepted("wal_level", "minimal"));
    EXPECT_FALSE(accepted("max_connections", "12"));
    EXPECT_FALSE(accepted("Work_Mem", "8MB"));
    EXPECT_FALSE(accepted("work_mem = 1\nfsync", "8MB"));
    EXPECT_FALSE(accepted("work_mem", "8MB\nfsync = off"));
    EXPECT_FALSE(accepted("", "8MB"));
}

TEST(Settings, RulesOfAccessAreOneLineEachAndTheSocketsPathFits) {
    auto bad = config();
    bad.hba = {"host all all all trust\nlocal all all trust"};
    EXPECT_FALSE(check(bad));
    auto deep = config();
    deep.run_dir = "/" + std::string(100, 'd');
    const auto checked = check(deep);
    ASSERT_FALSE(checked);
    EXPECT_NE(checked.error().message.find("run_dir"), std::string::npos);
    EXPECT_TRUE(check(config()));
}

TEST(Settings, AllowLogicalWal) {
    auto logical = config();
    logical.settings = {{"wal_level", "logical"}};
    EXPECT_EQ(value_of(managed_settings(logical, Ticket{}, 15), "wal_level"), "logical");
    EXPECT_EQ(value_of(managed_settings(config(), Ticket{}, 15), "wal_level"), "replica");
}

} // namespace
} // namespace lockstep::postgres
