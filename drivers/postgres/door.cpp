#include <algorithm>
#include <csignal>
#include <set>

#include <spdlog/fmt/fmt.h>

#include "drivers/postgres/postgres_driver.h"
#include "drivers/postgres/ticket.h"
#include "platform/files.h"

/// R9: the door is the file with the rules of access (DECISIONS.md 4).
namespace lockstep {

namespace {

constexpr std::chrono::milliseconds look_again{4};

/// Processes of the server that never show in pg_stat_activity, by PostgreSQL 13 and 14.
constexpr std::array never_shown = {"stats collector", "archiver", "logger"};

bool is_a_helper(pid_t pid) {
    const auto title = read_file(fmt::format("/proc/{}/cmdline", pid)).value_or("");
    return std::ranges::any_of(never_shown, [&title](const char* helper) {
        return title.find(fmt::format(": {}", helper)) != std::string::npos;
    });
}

} // namespace

Door PostgresDriver::door() const {
    const auto rules = read_file(postgres::hba_path(config_));
    return rules ? postgres::door_in(*rules) : Door::shut;
}

/// A file of rules with one bad line is ignored as a whole, and the one before stays in force.
Awaitable<Result<void>> PostgresDriver::check_rules(Session::Ptr session, Deadline deadline) {
    std::string sql = "select format('line %s: %s', line_number, error) "
                      "from pg_hba_file_rules where error is not null limit 1";
    std::vector<std::string> none;
    const auto rows = co_await session->query(std::move(sql), std::move(none), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    if (!rows->empty()) {
        co_return fail(Errc::refused,
                       fmt::format("the server refuses its rules of access, {} {}; correct "
                                   "\"hba\" in the agent's configuration",
                                   postgres::hba_path(config_).string(), rows->text(0, 0)));
    }
    co_return Result<void>{};
}

/// Who was let in before the door was shut, or was on the way in by the rules of before, is sent
/// out. Streams stay. R1: a backend that is sent out while its commit waits for the standby
/// acknowledges nothing (F16: it warns and closes the connection), but its commit becomes visible
/// to the others, so a door that keeps unproved commits from readers is shut before the start.
Awaitable<Result<void>> PostgresDriver::send_clients_out(Deadline deadline) {
    const auto server = running_server();
    auto on_the_way = server ? children_of(server->pid) : std::vector<ProcessId>{};
    std::erase_if(on_the_way, [](const auto& child) { return is_a_helper(child.pid); });
    while (true) {
        std::erase_if(on_the_way, [](const auto& child) { return identify(child.pid) != child; });
        std::string sql =
            "select pid, case when backend_type = 'client backend' and not coalesce("
            "client_addr is null and usename = 'postgres' and "
            "application_name = 'lockstep agent', false) then pg_terminate_backend(pid) end "
            "from pg_stat_activity";
        std::vector<std::string> none;
        const auto rows = co_await command(std::move(sql), std::move(none), deadline);
        if (!rows) {
            co_return within("shut the door", rows.error());
        }
        std::set<std::string> inside;
        std::size_t clients = 0;
        for (std::size_t row = 0; row < rows->size(); ++row) {
            inside.insert(rows->text(row, 0));
            clients += rows->is_null(row, 1) ? 0U : 1U;
        }
        std::erase_if(on_the_way, [&inside](const auto& child) {
            return inside.contains(std::to_string(child.pid));
        });
        if (clients == 0 && on_the_way.empty()) {
            co_return Result<void>{};
        }
        if (deadline.passed()) {
            co_return fail(Errc::timeout, fmt::format("shut the door: {} clients are left inside",
                                                      clients + on_the_way.size()));
        }
        for (const auto& child : on_the_way) {
            ::kill(child.pid, SIGTERM);
        }
        co_await pause_for(look_again);
    }
}

} // namespace lockstep
