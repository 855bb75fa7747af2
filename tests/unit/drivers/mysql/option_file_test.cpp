#include <gtest/gtest.h>

#include "drivers/mysql/option_file.h"

namespace lockstep::mysql {
namespace {

Config config_of(Flavour flavour) {
    Config config;
    config.member = "a";
    config.flavour = flavour;
    config.data_dir = "/srv/a";
    config.run_dir = "/run/lockstep";
    config.address = "192.0.2.1";
    config.tls = {"/etc/ca.pem", "/etc/a.pem", "/etc/a.key"};
    return config;
}

bool has_line(const std::string& text, const std::string& line) {
    return text.find("\n" + line + "\n") != std::string::npos;
}

TEST(OptionFile, EndsInTheTicketsFolder) {
    const auto text = render_option_file(config_of(Flavour::mariadb));
    EXPECT_TRUE(has_line(text, "datadir=\"/srv/a\""));
    EXPECT_TRUE(text.ends_with("\n!includedir /run/lockstep/a.d\n")) << text;
}

TEST(OptionFile, ATicketHoldsTheUsersSettingsBeforeOurs) {
    auto config = config_of(Flavour::mariadb);
    config.settings = {{"max_connections", "99"}};
    const auto text = render_ticket(config, Ticket{}, "boot-1");
    const auto users = text.find("max_connections=\"99\"");
    ASSERT_NE(users, std::string::npos);
    EXPECT_LT(users, text.find("sync_binlog=\"1\""));
    EXPECT_TRUE(has_line(text, "log_bin=\"binlog\""));
    EXPECT_TRUE(has_line(text, "read_only=\"ON\""));
    EXPECT_TRUE(has_line(text, "skip_slave_start"));
    EXPECT_TRUE(is_of_boot(text, "boot-1"));
    EXPECT_FALSE(is_of_boot(text, "boot-2"));
}

TEST(OptionFile, AMariadbStandbyReplaysTogetherUnlessTheUserSaysOtherwise) {
    auto config = config_of(Flavour::mariadb);
    config.settings = {{"slave_parallel_threads", "0"}};
    const auto text = render_ticket(config, Ticket{}, "boot");
    EXPECT_TRUE(has_line(text, "slave_parallel_mode=conservative"));
    const auto ours = text.find("\nslave_parallel_threads=4\n");
    ASSERT_NE(ours, std::string::npos);
    EXPECT_LT(ours, text.find("\nslave_parallel_threads=\"0\"\n")); // The last one counts.
}

TEST(OptionFile, MysqlsPersistedSettingsDoNotUndoATicket) {
    const auto text = render_ticket(config_of(Flavour::mysql), Ticket{}, "boot");
    EXPECT_TRUE(has_line(text, "persisted_globals_load=OFF"));
    EXPECT_TRUE(has_line(text, "super_read_only=\"ON\""));
    EXPECT_TRUE(has_line(text, "plugin_load_add=semisync_source.so"));
}

TEST(OptionFile, TheDoorIsTheTickets) {
    for (const auto flavour : {Flavour::mysql, Flavour::mariadb}) {
        Ticket ticket;
        ticket.primary = true;
        const auto open = render_ticket(config_of(flavour), ticket, "boot");
        EXPECT_EQ(door_in(open), Door::open);
        ticket.door = Door::shut;
        const auto shut = render_ticket(config_of(flavour), ticket, "boot");
        EXPECT_EQ(door_in(shut), Door::shut);
        EXPECT_NE(shut.find(flavour == Flavour::mysql ? "offline_mode=\"ON\"" : "SIGNAL"),
                  std::string::npos);
        EXPECT_EQ(door_in(""), Door::shut);
    }
}

TEST(OptionFile, AStandbyFlushesEachEventWhileItAcknowledgesOnly) {
    for (const auto flavour : {Flavour::mysql, Flavour::mariadb}) {
        for (const auto durability : {Durability::flush, Durability::receive}) {
            for (const std::string stream : {"ls_a_async", "ls_a_7"}) {
                auto config = config_of(flavour);
                config.durability = durability;
                Ticket ticket;
                ticket.stream_name = stream;
                const bool flushes = durability == Durability::flush && stream == "ls_a_7";
                EXPECT_TRUE(has_line(render_ticket(config, ticket, "boot"),
                                     flushes ? "sync_relay_log=\"1\"" : "sync_relay_log=\"10000\""))
                    << stream;
            }
        }
    }
}

TEST(OptionFile, QuotesWhatItHolds) {
    EXPECT_EQ(option_line("a", "b c#d"), "a=\"b c#d\"\n");
    EXPECT_EQ(option_line("a", "C:\\x"), "a=\"C:\\\\x\"\n");
    EXPECT_EQ(option_line("a", "say \"x\""), "a='say \"x\"'\n");
}

TEST(OptionFile, AServerAloneListensToNobodyElse) {
    const auto config = config_of(Flavour::mariadb);
    const Alone alone{"/srv/a", "/run/lockstep/a.alone", true, {{"init_rpl_role", "SLAVE"}}};
    const auto text = render_alone(config, alone);
    EXPECT_TRUE(has_line(text, "skip_networking"));
    EXPECT_TRUE(has_line(text, "socket=\"/run/lockstep/a.alone/s\""));
    EXPECT_TRUE(text.ends_with("init_rpl_role=\"SLAVE\"\n"));
    EXPECT_EQ(text.find("bind_address"), std::string::npos);
}

TEST(MysqlConfig, RefusesWhatLockstepDecidesByName) {
    for (const auto flavour : {Flavour::mysql, Flavour::mariadb}) {
        for (const char* const name :
             {"sync_binlog", "sync-binlog", "loose_sync_binlog", "skip_log_bin", "log-bin",
              "datadir", "init_connect", "port", "skip-networking", "skip-grant-tables",
              "read_only", "innodb_force_recovery", "skip-slave-start", "replicate-do-db"}) {
            auto config = config_of(flavour);
            config.settings = {{name, "1"}};
            const auto checked = check(config);
            ASSERT_FALSE(checked) << name;
            EXPECT_NE(checked.error().message.find(name), std::string::npos);
        }
        auto config = config_of(flavour);
        config.settings = {{"max_connections", "500"}, {"innodb-buffer-pool-size", "1G"}};
        EXPECT_TRUE(check(config));
    }
}

TEST(MysqlConfig, RefusesWhatAnOptionFileCannotHold) {
    auto config = config_of(Flavour::mariadb);
    config.settings = {{"sql_mode", "a\n[mysqld]"}};
    EXPECT_FALSE(check(config));
    config.settings = {{"sql_mode", "'\""}};
    EXPECT_FALSE(check(config));
    config.settings = {{"sql mode", "x"}};
    EXPECT_FALSE(check(config));
    config.settings.clear();
    config.data_dir = "/srv/it's";
    EXPECT_FALSE(check(config));
    config = config_of(Flavour::mariadb);
    config.run_dir = "/" + std::string(120, 'r');
    EXPECT_FALSE(check(config));
    config = config_of(Flavour::mysql);
    config.member = "a-member-with-a-long-name";
    EXPECT_FALSE(check(config));
}

} // namespace
} // namespace lockstep::mysql
