#include "tests/support/watchdog/watchdog.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <unistd.h>

namespace lockstep::testbed {

namespace fs = std::filesystem;

namespace {

constexpr int most_milliseconds_of_cleaning = 20000;

/// Opened when the program begins: a suite that becomes another user later may not be let into the
/// folder any more.
const int program = [] {
    std::error_code unknown;
    const auto self = fs::read_symlink("/proc/self/exe", unknown);
    return ::open((self.parent_path() / "lockstep-watchdog").c_str(), O_PATH | O_CLOEXEC);
}();

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
            throw std::runtime_error("cannot make a pipe for the watchdog");
        }
        from = ends[0];
        to = ends[1];
    }
    int from = -1;
    int to = -1;
};

pid_t spawn(std::vector<std::string> words, int in, int out) {
    std::vector<char*> argv;
    for (auto& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID); // A Ctrl-C is not for it.
    pid_t child = 0;
    const auto path = "/proc/self/fd/" + std::to_string(program);
    const int error =
        ::posix_spawn(&child, path.c_str(), &actions, &attributes, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) {
        throw std::runtime_error(std::string("lockstep-watchdog, which must lie beside this "
                                             "program, cannot be started: ") +
                                 strerrordesc_np(error));
    }
    return child;
}

} // namespace

std::uint64_t start_ticks(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text; // Stays empty when it ends just now.
    std::getline(file, text, '\0');
    const auto name_end = text.rfind(')');
    if (name_end == std::string::npos) {
        return 0;
    }
    std::istringstream fields(text.substr(name_end + 1));
    std::string field;
    for (int i = 3; i <= 22; ++i) {
        fields >> field;
    }
    return std::stoull(field);
}

Watchdog::Watchdog(const std::vector<fs::path>& folders) {
    const Pipe ours;
    const Pipe its;
    std::vector<std::string> words{"lockstep-watchdog"};
    for (const auto& folder : folders) {
        words.push_back(folder.string());
    }
    child_ = spawn(std::move(words), ours.from, its.to);
    ::close(ours.from);
    ::close(its.to);
    to_child_ = ours.to;
    from_child_ = its.from;
}

Watchdog::~Watchdog() {
    ::close(to_child_);
    pollfd ended{from_child_, POLLIN, 0};
    while (::poll(&ended, 1, most_milliseconds_of_cleaning) < 0 && errno == EINTR) {
    }
    ::close(from_child_);
}

void Watchdog::tell(const std::string& line) const {
    if (::write(to_child_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
        throw std::runtime_error("the watchdog does not listen");
    }
}

void Watchdog::also(pid_t process) {
    tell(std::to_string(process) + " " + std::to_string(start_ticks(process)) + "\n");
}

void Watchdog::dismiss() {
    tell("0 0\n");
}

} // namespace lockstep::testbed
