#include <map>

#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/mysql_driver.h"

/// Whether what Lockstep decides is what the server does (R13).
namespace lockstep {

namespace {

std::string names_in(const std::vector<mysql::Managed>& settings) {
    std::string names;
    for (const auto& setting : settings) {
        names += (names.empty() ? "" : ", ") + mysql::quote(setting.variable);
    }
    return names;
}

/// A number and a word stand for themselves, anything else is quoted.
std::string assignment(const mysql::Managed& setting) {
    const bool number = setting.value.find_first_not_of("0123456789") == std::string::npos;
    return fmt::format("SET GLOBAL {} = {}", setting.variable,
                       number && !setting.value.empty() ? setting.value
                                                        : mysql::quote(setting.value));
}

void add_sentence(std::string& to, const std::string& sentence) {
    to += (to.empty() ? "" : "; ") + sentence;
}

} // namespace

Awaitable<Result<MysqlDriver::SettingsReport>>
MysqlDriver::look_at_settings(Session::Ptr session, bool standby, Deadline deadline) {
    auto expected = mysql::standing_settings(config_);
    const bool settled = !remembered_.wait_settles;
    // Who was just started has not the ticket of this agent's in mind, but the server's.
    if (ticket_ && ticket_->primary != standby) {
        const auto decided = mysql::ticket_settings(config_, *ticket_);
        expected.insert(expected.end(), decided.begin(), decided.end());
    }
    std::string sql =
        fmt::format("SHOW GLOBAL VARIABLES WHERE Variable_name IN ({})", names_in(expected));
    const auto rows = co_await session->query(std::move(sql), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    std::map<std::string, std::string> found;
    for (std::size_t row = 0; row < rows->size(); ++row) {
        found[rows->text(row, 0)] = rows->text(row, 1);
    }
    SettingsReport report;
    for (const auto& setting : expected) {
        const auto value = found.find(setting.variable);
        const bool wait = setting.variable == word().wait_enabled;
        if (wait && !standby && !(settled && !remembered_.wait_settles)) {
            continue; // It is being switched on, and nobody was promised anything before.
        }
        if (value != found.end() && value->second == setting.value) {
            continue;
        }
        const auto words =
            fmt::format("{} is {} instead of {}", setting.variable,
                        value == found.end() ? "not there" : value->second, setting.value);
        const bool role = setting.variable == "read_only" || setting.variable == "super_read_only";
        if (setting.promise && !standby) {
            add_sentence(report.lowered, words + ": somebody changed it");
        } else if (!wait || standby) {
            add_sentence(report.unfit, words);
        }
        // A primary's role is a promotion's, its wait is tighten()'s and relax()'s.
        if (setting.dynamic && (standby || (!wait && !role))) {
            report.repairs.push_back(assignment(setting));
        }
    }
    co_return report;
}

} // namespace lockstep
