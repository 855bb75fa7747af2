#include "drivers/postgres/postgres_driver.h"

#include <charconv>
#include <csignal>
#include <cstring>

#include <spdlog/fmt/fmt.h>

#include "drivers/postgres/text.h"
#include "drivers/postgres/ticket.h"
#include "platform/clock.h"
#include "platform/files.h"

namespace lockstep {

namespace fs = std::filesystem;

std::unique_ptr<Driver> PostgresDriver::make(asio::any_io_executor executor,
                                             PostgresConfig config) {
    return std::make_unique<PostgresDriver>(std::move(executor), std::move(config));
}

PostgresDriver::PostgresDriver(asio::any_io_executor executor, PostgresConfig config)
    : executor_(std::move(executor)), config_(std::move(config)) {
    // Settings' sources are compared by path, so there is one spelling of each.
    config_.run_dir = fs::absolute(config_.run_dir).lexically_normal();
    config_.data_dir = fs::absolute(config_.data_dir).lexically_normal();
    if (config_.log_file.empty()) {
        config_.log_file = config_.run_dir / (config_.member + ".log");
    }
    // Where run_dir is no tmpfs, a ticket outlives its boot: nobody may start the server by it.
    const auto ticket = read_file(postgres::ticket_path(config_));
    if (ticket && !postgres::is_of_boot(*ticket, boot_id())) {
        std::error_code ignored; // The agent writes a new one before each start anyway.
        fs::remove(postgres::ticket_path(config_), ignored);
    }
}

PostgresDriver::~PostgresDriver() {
    forget_server();
}

fs::path PostgresDriver::wal_folder() const {
    return config_.data_dir / "pg_wal";
}

const fs::path& PostgresDriver::data_folder() const {
    return config_.data_dir;
}

fs::path PostgresDriver::server_log() const {
    return config_.log_file;
}

int PostgresDriver::major_version() const {
    const auto text = read_file(config_.data_dir / "PG_VERSION");
    int major = 0;
    if (text) {
        std::from_chars(text->data(), text->data() + text->size(), major);
    }
    return major;
}

Command PostgresDriver::start_command() const {
    return Command{{(config_.bin_dir / "postgres").string(), "-D", config_.data_dir.string()},
                   {},
                   config_.data_dir};
}

Command PostgresDriver::tool(const std::string& name, std::vector<std::string> arguments) const {
    return postgres::tool(config_.bin_dir, name, std::move(arguments));
}

std::optional<ProcessId> PostgresDriver::running_server() const {
    const auto lock = read_file(config_.data_dir / "postmaster.pid");
    pid_t pid = 0;
    if (!lock ||
        std::from_chars(lock->data(), lock->data() + lock->size(), pid).ec != std::errc{}) {
        return std::nullopt;
    }
    const auto process = identify(pid);
    std::error_code gone;
    // A lock file outlives a killed server, and its pid may be another process by now.
    const auto folder = fs::read_symlink(fmt::format("/proc/{}/cwd", pid), gone);
    if (!process || gone || !fs::equivalent(folder, config_.data_dir, gone) || gone) {
        return std::nullopt;
    }
    return *process;
}

Awaitable<Result<void>> PostgresDriver::stop(Deadline) {
    const auto server = running_server();
    if (server && ::kill(server->pid, SIGINT) != 0 && errno != ESRCH) {
        co_return fail(Errc::refused, fmt::format("stop: signal process {}: {}", server->pid,
                                                  std::strerror(errno)));
    }
    co_return Result<void>{};
}

} // namespace lockstep
