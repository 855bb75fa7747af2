#include "platform/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>

#include "platform/children.h"
#include "platform/files.h"
#include "platform/process_table.h"

namespace lockstep {
namespace {

// From fork to exec takes about a millisecond; more only if the program's disk hangs.
constexpr std::chrono::milliseconds exec_within{10'000};

/// Waits until the program runs. Returns errno if it could not be executed, else 0.
int wait_for_exec(const Descriptor& trouble) {
    const auto deadline = Deadline::in(exec_within);
    pollfd waiting{trouble.get(), POLLIN, 0};
    for (;;) {
        const int ready = ::poll(&waiting, 1, static_cast<int>(deadline.left().count()));
        if (ready > 0) {
            int error = 0;
            const auto got = ::read(trouble.get(), &error, sizeof error);
            return got == sizeof error ? error : 0;
        }
        if (ready == 0) {
            return ETIMEDOUT;
        }
        if (errno != EINTR) {
            return errno;
        }
    }
}

/// A number in /proc/PID/stat, by proc(5)'s count; `third_at`: where the third field begins.
std::optional<std::uint64_t> field(std::string_view text, std::size_t third_at, int which) {
    std::size_t at = third_at;
    for (int passed = 3; passed < which; ++passed) {
        at = text.find(' ', at);
        if (at == std::string_view::npos) {
            return std::nullopt;
        }
        ++at;
    }
    std::uint64_t number = 0;
    const auto parsed = std::from_chars(text.data() + at, text.data() + text.size(), number);
    return parsed.ec == std::errc() ? std::optional(number) : std::nullopt;
}

} // namespace

std::optional<ProcessStat> read_stat(pid_t pid) {
    const auto text = read_file("/proc/" + std::to_string(pid) + "/stat");
    if (!text) {
        return std::nullopt;
    }
    // The second field is the program's name in parentheses; it may itself hold ") ".
    const auto name_end = text->rfind(") ");
    if (name_end == std::string::npos || name_end + 2 >= text->size()) {
        return std::nullopt;
    }
    ProcessStat stat;
    stat.state = (*text)[name_end + 2];
    const auto parent_at = std::min(name_end + 4, text->size()); // After "S ".
    std::from_chars(text->data() + parent_at, text->data() + text->size(), stat.parent);
    const auto threads = field(*text, name_end + 2, 20);
    const auto start_ticks = field(*text, name_end + 2, 22);
    if (!threads || !start_ticks) {
        return std::nullopt;
    }
    stat.threads = *threads;
    stat.start_ticks = *start_ticks;
    return stat;
}

Result<ProcessId> identify(pid_t pid) {
    const auto stat = read_stat(pid);
    if (!stat) {
        return fail(Errc::unreachable, "no process " + std::to_string(pid));
    }
    if (stat->dead()) {
        return fail(Errc::unreachable, "process " + std::to_string(pid) + " is dead");
    }
    return ProcessId{pid, stat->start_ticks};
}

Result<ProcessId> launch_detached(const Command& command, const std::filesystem::path& log) {
    const std::string starting = "start " + command.argv.at(0) + ": ";
    const Descriptor input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const Descriptor output(::open(log.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
    if (!input.valid() || !output.valid()) {
        return fail(Errc::refused, starting + "log " + log.string() + ": " + system_reason(errno));
    }
    auto spawned = children::spawn(command, children::Group::session,
                                   {input.get(), output.get(), output.get()});
    if (!spawned) {
        return tl::unexpected(spawned.error());
    }
    const auto& child = spawned->child;
    const int error = wait_for_exec(spawned->exec_trouble);
    if (error != 0) {
        children::abandon(child);
        return tl::unexpected(children::exec_failure(command, error));
    }
    children::leave(child);
    return ProcessId{child->pid, child->start_ticks};
}

Result<void> become_subreaper() {
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
        return fail(Errc::refused, "become a child subreaper: " + system_reason(errno));
    }
    return {};
}

std::vector<Reaped> reap_children() {
    return children::reap_others();
}

} // namespace lockstep
