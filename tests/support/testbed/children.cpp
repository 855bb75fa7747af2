#include "tests/support/testbed/children.h"

#include <array>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lockstep::testbed {

namespace {

// The harness is a subreaper (DECISIONS.md 12): servers whose agent was killed become its children
// and must be reaped at once, because PostgreSQL does not start while a zombie holds its pid. So
// one thread reaps everything, and keeps the statuses of what the harness started itself.
class Reaper {
public:
    static Reaper& instance() {
        static auto* const reaper = new Reaper; // Never destroyed: its thread outlives main().
        return *reaper;
    }

    template <class Fork> pid_t start(Fork fork_child) {
        const std::scoped_lock lock(mutex_); // Held while forking: no status can come before.
        const pid_t pid = fork_child();
        if (pid < 0) {
            throw Failure(std::string("fork: ") + strerrordesc_np(errno));
        }
        statuses_[pid] = std::nullopt;
        changed_.notify_all();
        return pid;
    }

    std::optional<ExitStatus> wait_for(pid_t pid, Clock::time_point by) {
        std::unique_lock lock(mutex_);
        const auto found = statuses_.find(pid);
        if (found == statuses_.end()) {
            throw Failure("waited for process " + std::to_string(pid) + ", which is no child");
        }
        changed_.wait_until(lock, by, [&] { return found->second.has_value(); });
        return found->second;
    }

private:
    Reaper() {
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        std::thread([this] { reap(); }).detach();
    }

    [[noreturn]] void reap() {
        for (;;) {
            int status = 0;
            const pid_t pid = waitpid(-1, &status, 0);
            std::unique_lock lock(mutex_);
            if (pid < 0) {
                changed_.wait_for(lock, Milliseconds{100});
                continue;
            }
            const auto found = statuses_.find(pid);
            if (found == statuses_.end()) {
                continue;
            }
            found->second = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
            changed_.notify_all();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<pid_t, std::optional<ExitStatus>> statuses_;
};

struct Streams {
    int in = -1;
    int out = -1;
    int err = -1;
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> result;
    result.reserve(texts.size() + 1);
    for (const auto& text : texts) {
        result.push_back(const_cast<char*>(text.c_str())); // exec does not change them
    }
    result.push_back(nullptr);
    return result;
}

std::vector<std::string> environment(const std::vector<std::string>& added) {
    std::vector<std::string> result;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        result.emplace_back(*entry);
    }
    result.insert(result.end(), added.begin(), added.end());
    return result;
}

[[noreturn]] void become(const std::vector<char*>& argv, const std::vector<char*>& env,
                         const char* folder, Streams streams) {
    setsid();
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, nullptr);
    dup2(streams.in, 0);
    dup2(streams.out, 1);
    dup2(streams.err, 2);
    if (*folder == '\0' || chdir(folder) == 0) {
        execvpe(argv[0], argv.data(), env.data());
    }
    dprintf(2, "cannot run %s: %s\n", argv[0], strerrordesc_np(errno));
    _exit(127);
}

pid_t spawn_with(const Spawn& spawn, Streams streams) {
    const auto argv = pointers(spawn.argv);
    const auto env_texts = environment(spawn.env);
    const auto env = pointers(env_texts);
    const std::string folder = spawn.folder.string();
    return Reaper::instance().start([&] {
        const pid_t pid = fork();
        if (pid == 0) {
            become(argv, env, folder.c_str(), streams);
        }
        return pid;
    });
}

class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {
        if (number < 0) {
            throw Failure(std::string("open: ") + strerrordesc_np(errno));
        }
    }
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor() { close(); }
    void close() {
        if (number_ >= 0) {
            ::close(std::exchange(number_, -1));
        }
    }
    [[nodiscard]] int number() const { return number_; }

private:
    int number_;
};

std::pair<Descriptor, Descriptor> make_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw Failure(std::string("pipe: ") + strerrordesc_np(errno));
    }
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

Descriptor input_file(const std::string& input) {
    Descriptor file(memfd_create("input", MFD_CLOEXEC));
    if (write(file.number(), input.data(), input.size()) != static_cast<ssize_t>(input.size())) {
        throw Failure(std::string("write the input: ") + strerrordesc_np(errno));
    }
    lseek(file.number(), 0, SEEK_SET);
    return file;
}

bool take(Descriptor& from, std::string& into) {
    std::array<char, 65536> buffer{};
    const ssize_t got = read(from.number(), buffer.data(), buffer.size());
    if (got > 0) {
        into.append(buffer.data(), static_cast<std::size_t>(got));
    } else {
        from.close();
    }
    return got > 0;
}

std::string joined(const std::vector<std::string>& words) {
    std::string result;
    for (const auto& word : words) {
        result += (result.empty() ? "" : " ") + word;
    }
    return result;
}

// A server that the tool left running may hold the pipes open: the end of the tool counts, not the
// end of its output.
std::optional<ExitStatus> collect(pid_t pid, Descriptor& out, Descriptor& err, Outcome& outcome,
                                  Clock::time_point by) {
    std::optional<ExitStatus> status;
    while (Clock::now() < by) {
        std::array<pollfd, 2> waits{pollfd{out.number(), POLLIN, 0},
                                    pollfd{err.number(), POLLIN, 0}};
        const bool open = out.number() >= 0 || err.number() >= 0;
        const int ready = open ? poll(waits.data(), waits.size(), status ? 0 : 20) : 0;
        if (waits[0].revents != 0) {
            take(out, outcome.output);
        }
        if (waits[1].revents != 0) {
            take(err, outcome.errors);
        }
        if (ready > 0) {
            continue;
        }
        if (status) {
            return status;
        }
        status = Reaper::instance().wait_for(pid, open ? Clock::now() : by);
    }
    return status;
}

} // namespace

pid_t start(const Spawn& spawn, const std::filesystem::path& log) {
    const Descriptor in(open("/dev/null", O_RDONLY | O_CLOEXEC));
    const Descriptor out(open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    return spawn_with(spawn, {in.number(), out.number(), out.number()});
}

std::optional<ExitStatus> wait_for(pid_t child, Clock::time_point by) {
    return Reaper::instance().wait_for(child, by);
}

Outcome run(const Spawn& spawn, Clock::time_point by, const std::string& input) {
    auto [out, out_write] = make_pipe();
    auto [err, err_write] = make_pipe();
    const Descriptor in = input_file(input);
    const pid_t pid = spawn_with(spawn, {in.number(), out_write.number(), err_write.number()});
    out_write.close();
    err_write.close();
    Outcome outcome;
    const auto status = collect(pid, out, err, outcome, by);
    if (!status) {
        kill(-pid, SIGKILL);
        throw Failure("did not end in time: " + joined(spawn.argv) + "\n" + outcome.output +
                      outcome.errors);
    }
    outcome.status = *status;
    return outcome;
}

std::string must_run(const Spawn& spawn, Clock::time_point by, const std::string& input) {
    auto outcome = run(spawn, by, input);
    if (outcome.status != 0) {
        throw Failure(joined(spawn.argv) + ": exit status " + std::to_string(outcome.status) +
                      "\n" + outcome.output + outcome.errors);
    }
    return std::move(outcome.output);
}

} // namespace lockstep::testbed
