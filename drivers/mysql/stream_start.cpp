#include <charconv>

#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/mysql_driver.h"
#include "platform/files.h"

/// What a standby received is promised for one start of its replication: MariaDB throws relay logs
/// away whenever both of its threads were stopped, and nobody knows what somebody else's STOP and
/// START did. A start is told by the server's process and by the connection number of its applier,
/// which is another after each start.
namespace lockstep {

namespace {

constexpr std::chrono::milliseconds look_again{2};
constexpr std::chrono::seconds longest_until_shown{1};

/// "<process> <applier> <count>": which applier the start of this count is.
struct Noted {
    std::string process;
    std::string applier;
    std::uint64_t count = 0;
};

Noted parse_note(const std::string& text) {
    Noted noted;
    const auto first = text.find(' ');
    const auto second = text.find(' ', first == std::string::npos ? first : first + 1);
    if (second == std::string::npos) {
        return noted;
    }
    noted.process = text.substr(0, first);
    noted.applier = text.substr(first + 1, second - first - 1);
    std::from_chars(text.data() + second + 1, text.data() + text.size(), noted.count);
    return noted;
}

std::string process_text(const std::optional<ProcessId>& process) {
    return process ? fmt::format("{}.{}", process->pid, process->start_ticks) : std::string{};
}

Result<void> write_note(const std::filesystem::path& path, const Noted& noted) {
    return write_file_durably(path,
                              fmt::format("{} {} {}", noted.process, noted.applier, noted.count));
}

std::filesystem::path note_path(const mysql::Config& config) {
    return config.run_dir / (config.member + ".stream_start");
}

} // namespace

/// Empty: it does not run.
Awaitable<Result<std::string>> MysqlDriver::applier_thread(Session::Ptr session,
                                                           Deadline deadline) {
    std::string sql =
        is_mysql() ? "SELECT THREAD_ID FROM performance_schema.replication_applier_status_by_"
                     "coordinator WHERE SERVICE_STATE = 'ON' UNION SELECT THREAD_ID FROM "
                     "performance_schema.replication_applier_status_by_worker WHERE SERVICE_STATE "
                     "= 'ON' AND WORKER_ID = 0 LIMIT 1"
                   : "SELECT ID FROM information_schema.processlist WHERE COMMAND = 'Slave_SQL'";
    const auto rows = co_await session->query(std::move(sql), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    co_return rows->empty() ? std::string{} : rows->text(0, 0);
}

Awaitable<std::string> MysqlDriver::start_of_stream(Session::Ptr session, Deadline deadline) {
    // An applier that is handed over while it is asked for is nobody's restart.
    const auto before = read_file(note_path(config_)).value_or("");
    const bool was_handed_over = remembered_.applier_is_handed_over;
    const auto applier = co_await applier_thread(session, deadline);
    if (!applier) {
        co_return std::string("not known");
    }
    const auto text = read_file(note_path(config_)).value_or("");
    auto noted = parse_note(text);
    const auto process = process_text(running_server());
    const bool handed_over =
        was_handed_over || remembered_.applier_is_handed_over || text != before;
    const bool known = noted.process == process && noted.applier == *applier;
    if (!known && !(handed_over && noted.process == process)) {
        // The count goes on over a restart of the agent, not over one of the machine.
        noted = {process, *applier, noted.count + 1};
        if (!write_note(note_path(config_), noted)) {
            co_return std::string("cannot be noted");
        }
    }
    co_return fmt::format("{}.{}{}", noted.process, noted.count,
                          noted.applier.empty() ? " stopped" : "");
}

/// Called when all that was received had been replayed before the applier was stopped. START SLAVE
/// returns before the new applier is in the list of threads: one that was noted then as none would
/// be taken for somebody else's restart when it appears.
Awaitable<Result<void>> MysqlDriver::carry_start_over(Deadline deadline) {
    auto opened = co_await kept(&Sessions::control, deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    auto applier = co_await applier_thread(session, deadline);
    const auto shown_by = deadline.earlier(longest_until_shown);
    while (applier && applier->empty() && !shown_by.passed()) {
        co_await pause_for(look_again);
        applier = co_await applier_thread(session, deadline);
    }
    if (!applier) {
        co_return tl::unexpected(applier.error());
    }
    if (applier->empty()) {
        co_return Result<void>{}; // It has stopped by itself: what comes next is another start.
    }
    auto noted = parse_note(read_file(note_path(config_)).value_or(""));
    if (noted.process != process_text(running_server())) {
        co_return Result<void>{};
    }
    noted.applier = *applier;
    co_return write_note(note_path(config_), noted);
}

} // namespace lockstep
