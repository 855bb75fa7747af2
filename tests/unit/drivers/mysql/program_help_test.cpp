#include "drivers/mysql/program_help.h"

#include <gtest/gtest.h>

namespace lockstep::mysql {
namespace {

constexpr auto mariadb_help =
    R"(/usr/sbin/mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)
2026-11-25 23:50:24 0 [ERROR] Unknown suffix 'b' used for variable 'innodb-buffer-pool-size' (value 'banana').
2026-11-25 23:50:24 0 [ERROR] /usr/sbin/mariadbd: unknown variable 'max_conections=3'
  --max-connections=#  how many

Variables (--variable-name=value)
and boolean options {FALSE|TRUE}                             Value (after reading options)
------------------------------------------------------------- -------------
innodb-buffer-pool-size                                      134217728
max-connections                                              151
plugin-dir                                                   /usr/lib/mysql/plugin/
skip-show-database                                           FALSE

To see what variables a running server is using, type
)";

Config config_of(Settings settings, Flavour flavour = Flavour::mariadb) {
    Config config;
    config.flavour = flavour;
    config.settings = std::move(settings);
    return config;
}

TEST(ProgramHelp, IsReadWholeAndNoFurther) {
    const auto help = parse_program_help(mariadb_help);
    EXPECT_EQ(help.version, "10.11.19-MariaDB-0+deb12u1");
    EXPECT_EQ(help.plugin_dir, "/usr/lib/mysql/plugin/");
    EXPECT_TRUE(help.variables.contains("max-connections"));
    EXPECT_FALSE(help.variables.contains("--max-connections=#"));
    ASSERT_EQ(help.errors.size(), 2U);
    EXPECT_EQ(help.errors.at(1), "unknown variable 'max_conections=3'");
    EXPECT_EQ(parse_program_help("").version, "");
    const auto mysql = parse_program_help(
        "2026-11-25T23:50:25.026209Z 0 [ERROR] [MY-000077] [Server] /x/mysqld: Error while\n"
        "mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))\n");
    EXPECT_EQ(mysql.version, "9.7.4-2");
    EXPECT_EQ(mysql.errors, std::vector<std::string>{"Error while"});
}

TEST(ProgramHelp, TellsEachSettingThatTheServerWouldRefuseOnce) {
    const auto found = program_findings(
        config_of({{"innodb_buffer_pool_size", "banana"}, {"max_conections", "3"}}),
        parse_program_help(mariadb_help));
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found.at(0).key, "settings.innodb_buffer_pool_size");
    EXPECT_EQ(found.at(1).key, "settings.max_conections");
    for (const auto& finding : found) {
        EXPECT_EQ(finding.weight, Finding::Weight::refused);
        EXPECT_FALSE(finding.mend.empty());
    }
}

TEST(ProgramHelp, ReportsNamesThatOnlyAPlugInMayBring) {
    auto help = parse_program_help(mariadb_help);
    help.errors.clear();
    const auto found = program_findings(config_of({{"max_connections", "100"},
                                                   {"show-database", "1"},
                                                   {"loose_audit", "1"},
                                                   {"simple_password_check_digits", "2"}}),
                                        help);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.at(0).key, "settings.simple_password_check_digits");
    EXPECT_EQ(found.at(0).weight, Finding::Weight::reported);
}

TEST(ProgramHelp, RefusesAnotherProductAndAnOldVersion) {
    ProgramHelp help;
    for (const auto* const bad : {"10.6.12-MariaDB", "9.7.4-2", ""}) {
        help.version = bad;
        const auto found = program_findings(config_of({}), help);
        ASSERT_EQ(found.size(), 1U) << bad;
        EXPECT_EQ(found.at(0).key, "bin_dir");
    }
    help.version = "9.7.4-2";
    EXPECT_TRUE(program_findings(config_of({}, Flavour::mysql), help).empty());
    help.version = "8.0.25";
    EXPECT_EQ(program_findings(config_of({}, Flavour::mysql), help).size(), 1U);
}

} // namespace
} // namespace lockstep::mysql
