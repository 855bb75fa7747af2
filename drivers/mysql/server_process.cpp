#include <array>
#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "drivers/mysql/flavour.h"
#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/option_file.h"
#include "platform/files.h"

/// The server's programs and its process.
namespace lockstep {

namespace fs = std::filesystem;

namespace {

pid_t pid_in(const fs::path& file) {
    const auto text = read_file(file);
    pid_t pid = 0;
    if (text) {
        std::from_chars(text->data(), text->data() + text->size(), pid);
    }
    return pid;
}

/// Who holds InnoDB's lock on its first file: a server by hand, too, whatever its options.
pid_t lock_holder(const fs::path& data_dir) {
    const int fd = ::open((data_dir / "ibdata1").c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    const bool asked = ::fcntl(fd, F_GETLK, &lock) == 0;
    ::close(fd);
    return asked && lock.l_type != F_UNLCK ? lock.l_pid : 0;
}

} // namespace

const fs::path& MysqlDriver::data_folder() const {
    return config_.data_dir;
}

fs::path MysqlDriver::server_log() const {
    return config_.log_file;
}

/// Servers lie in sbin and tools in bin, or all of them in one folder.
fs::path MysqlDriver::program(std::string_view name) const {
    const auto prefix = config_.bin_dir.parent_path();
    const std::array folders = {config_.bin_dir, prefix / "sbin", prefix / "bin",
                                config_.bin_dir / "sbin", config_.bin_dir / "bin"};
    std::error_code ignored;
    for (const auto& folder : folders) {
        if (fs::exists(folder / name, ignored)) {
            return folder / name;
        }
    }
    return config_.bin_dir / name;
}

Command MysqlDriver::start_command() const {
    return Command{{program(mysql::words(config_.flavour).server).string(),
                    "--defaults-file=" + mysql::option_file(config_).string()},
                   {},
                   config_.data_dir};
}

Command MysqlDriver::tool(std::string_view name, std::vector<std::string> arguments) const {
    Command command{{program(name).string()}, {"LC_ALL=C", "TZ=UTC"}, "/"};
    for (auto& argument : arguments) {
        command.argv.push_back(std::move(argument));
    }
    return command;
}

std::optional<ProcessId> MysqlDriver::running_server() const {
    for (const auto pid : {pid_in(mysql::pid_file(config_)), lock_holder(config_.data_dir)}) {
        if (pid <= 0) {
            continue;
        }
        const auto process = identify(pid);
        std::error_code gone;
        // A pid file outlives a killed server, and its pid may be another process by now.
        const auto folder = fs::read_symlink(fmt::format("/proc/{}/cwd", pid), gone);
        if (process && !gone && fs::equivalent(folder, config_.data_dir, gone) && !gone) {
            return *process;
        }
    }
    return std::nullopt;
}

} // namespace lockstep
