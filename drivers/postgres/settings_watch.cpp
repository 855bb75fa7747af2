#include <algorithm>
#include <array>

#include <spdlog/fmt/fmt.h>

#include "drivers/postgres/postgres_driver.h"
#include "drivers/postgres/ticket.h"

/// Are the ticket's settings in force, and from the ticket (R13, F5)?
namespace lockstep {

using postgres::Rows;

namespace {

/// What makes a primary's commit wait, and keeps it where it was acknowledged.
constexpr std::array guards_of_commits = {"synchronous_standby_names", "synchronous_commit",
                                          "fsync", "full_page_writes"};
/// What a standby needs to keep and to replay all that it acknowledged, and nothing else.
constexpr std::array guards_of_standby = {"fsync",
                                          "full_page_writes",
                                          "recovery_target_timeline",
                                          "recovery_target",
                                          "recovery_target_name",
                                          "recovery_target_time",
                                          "recovery_target_xid",
                                          "recovery_target_lsn",
                                          "restore_command",
                                          "promote_trigger_file",
                                          "recovery_min_apply_delay",
                                          "recovery_end_command",
                                          "archive_cleanup_command"};

template <class Names> bool is_in(const Names& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// One row of pg_settings beside what the ticket says.
struct Setting {
    std::string name;
    std::string value;
    std::string source;
    std::string file;
    std::string line;
    std::string expected;
    bool pending_restart = false;

    /// Set for a role or a database: reported as a bypass, not as a change of the server's.
    [[nodiscard]] bool is_of_role() const {
        return source == "user" || source == "database" || source == "database user" ||
               source == "global" || source == "client" || source == "session";
    }
    [[nodiscard]] std::string words() const {
        const auto where = file.empty() ? "the " + source : fmt::format("{} line {}", file, line);
        return fmt::format("{} is \"{}\", set by {}, instead of the ticket's \"{}\"", name, value,
                           where, expected);
    }
};

Setting setting_in(const Rows& rows, std::size_t row, const postgres::Settings& expected) {
    Setting setting{rows.text(row, 0),   rows.text(row, 1), rows.text(row, 2),
                    rows.text(row, 3),   rows.text(row, 4), "",
                    rows.is_true(row, 5)};
    for (const auto& [name, value] : expected) {
        if (name == setting.name) {
            setting.expected = value;
        }
    }
    return setting;
}

std::string names_array(const postgres::Settings& settings) {
    std::string text = "{";
    for (const auto& [name, value] : settings) {
        text += (text.size() > 1 ? "," : "") + name;
    }
    return text + "}";
}

void add_sentence(std::string& to, const std::string& sentence) {
    to += (to.empty() ? "" : "; ") + sentence;
}

} // namespace

Awaitable<Result<PostgresDriver::SettingsReport>>
PostgresDriver::look_at_settings(Session::Ptr session, Deadline deadline) {
    SettingsReport report;
    const auto expected = expected_settings();
    if (expected.empty()) {
        report.unfit = "its ticket is not there: nothing says which settings it should have";
        co_return report;
    }
    std::string sql = "select name, setting, source, sourcefile, sourceline, pending_restart "
                      "from pg_settings where name = any($1::text[])";
    std::vector<std::string> values{names_array(expected)};
    const auto rows = co_await session->query(std::move(sql), std::move(values), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    const auto ticket = postgres::ticket_path(config_).string();
    for (std::size_t row = 0; row < rows->size(); ++row) {
        const auto setting = setting_in(*rows, row, expected);
        // PostgreSQL sets hba_file and ident_file from the ticket once more itself, as "override".
        const bool repeated = setting.source == "override" && setting.value == setting.expected;
        const bool from_ticket = setting.file == ticket || repeated;
        if (from_ticket && setting.value == setting.expected) {
            continue;
        }
        if (!setting.pending_restart && !setting.is_of_role()) {
            report.not_in_force.push_back(setting.words());
        }
        // A ticket's own older value is a reload on its way, not somebody else's change.
        if (!from_ticket && !setting.is_of_role() && is_in(guards_of_commits, setting.name)) {
            add_sentence(report.lowered, setting.words());
        }
        if (setting.value != setting.expected && is_in(guards_of_standby, setting.name)) {
            add_sentence(report.unfit, setting.words());
        }
    }
    co_return report;
}

/// One broken line makes a reload change nothing at all.
Awaitable<Result<std::string>> PostgresDriver::configuration_errors(Session::Ptr session,
                                                                    Deadline deadline) {
    std::string sql = "select format('%s line %s: %s', sourcefile, sourceline, error) "
                      "from pg_file_settings where error is not null "
                      "and error <> 'setting could not be applied' limit 3";
    std::vector<std::string> none;
    const auto rows = co_await session->query(std::move(sql), std::move(none), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    std::string errors;
    for (std::size_t row = 0; row < rows->size(); ++row) {
        add_sentence(errors, rows->text(row, 0));
    }
    co_return errors;
}

} // namespace lockstep
