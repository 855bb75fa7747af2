#include "tests/sim/many.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace lockstep::sim {
namespace {

using nlohmann::json;

struct Worker {
    pid_t pid = 0;
    int output = -1;
    std::string unread;
};

void write_line(int to, const json& line) {
    const auto text = line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
    for (std::size_t written = 0; written < text.size();) {
        const auto count = ::write(to, text.data() + written, text.size() - written);
        if (count <= 0) {
            _exit(1); // Nobody listens any more.
        }
        written += static_cast<std::size_t>(count);
    }
}

json told(const HistoryOutcome& outcome) {
    return {{"seed", outcome.seed},
            {"invariant", outcome.violation->invariant},
            {"what", outcome.violation->what}};
}

json told(const Totals& totals) {
    return {{"histories", totals.histories},       {"faults", totals.faults},
            {"acknowledged", totals.acknowledged}, {"lost", totals.lost},
            {"violations", totals.violations},     {"seconds", totals.seconds}};
}

[[noreturn]] void work(int output, std::uint64_t first, std::uint64_t count, std::uint64_t stride,
                       Engines engines) {
    Totals totals;
    for (std::uint64_t i = 0; i < count; i += stride) {
        HistoryOptions options;
        options.engine = engine_of(first + i, engines);
        const auto outcome = run_history(first + i, options);
        totals.add(outcome);
        if (outcome.violation) {
            write_line(output, told(outcome));
        }
    }
    write_line(output, told(totals));
    _exit(0);
}

Worker start_worker(std::uint64_t first, std::uint64_t count, std::uint64_t stride,
                    Engines engines) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) {
        throw std::runtime_error("no pipe can be made");
    }
    const auto pid = ::fork();
    if (pid < 0) {
        throw std::runtime_error("no process can be started");
    }
    if (pid == 0) {
        ::close(ends[0]);
        work(ends[1], first, count, stride, engines);
    }
    ::close(ends[1]);
    return {pid, ends[0], {}};
}

/// Reads what there is. Returns whether the worker has more to say.
bool listen_to(Worker& worker, Totals& totals,
               const std::function<void(const HistoryOutcome&)>& violated) {
    std::array<char, 4096> buffer{};
    const auto count = ::read(worker.output, buffer.data(), buffer.size());
    if (count <= 0) {
        return false;
    }
    worker.unread.append(buffer.data(), static_cast<std::size_t>(count));
    for (auto end = worker.unread.find('\n'); end != std::string::npos;
         end = worker.unread.find('\n')) {
        const auto line = json::parse(worker.unread.substr(0, end));
        worker.unread.erase(0, end + 1);
        if (line.contains("seed")) {
            HistoryOutcome outcome;
            outcome.seed = line.at("seed").get<std::uint64_t>();
            outcome.violation = Violation{line.at("invariant").get<std::string>(),
                                          line.at("what").get<std::string>(), 0};
            violated(outcome);
            continue;
        }
        Totals some;
        some.histories = line.at("histories").get<std::uint64_t>();
        some.faults = line.at("faults").get<std::uint64_t>();
        some.acknowledged = line.at("acknowledged").get<std::uint64_t>();
        some.lost = line.at("lost").get<std::uint64_t>();
        some.violations = line.at("violations").get<std::uint64_t>();
        totals.add(some);
    }
    return true;
}

void listen_to_all(std::vector<Worker>& workers, Totals& totals,
                   const std::function<void(const HistoryOutcome&)>& violated) {
    for (auto left = workers.size(); left > 0;) {
        std::vector<pollfd> waiting;
        for (const auto& worker : workers) {
            waiting.push_back({worker.output, POLLIN, 0});
        }
        if (::poll(waiting.data(), waiting.size(), -1) < 0) {
            throw std::runtime_error("the workers cannot be waited for");
        }
        for (std::size_t i = 0; i < workers.size(); ++i) {
            if (waiting[i].revents != 0 && !listen_to(workers[i], totals, violated)) {
                ::close(workers[i].output);
                workers[i].output = -1; // poll() passes it over.
                --left;
            }
        }
    }
}

/// A worker that crashed has lost its account: no total is told then.
void end_all(const std::vector<Worker>& workers) {
    bool failed = false;
    for (const auto& worker : workers) {
        int status = 0;
        ::waitpid(worker.pid, &status, 0);
        failed = failed || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }
    if (failed) {
        throw std::runtime_error("a process of the simulation died");
    }
}

} // namespace

void Totals::add(const HistoryOutcome& outcome) {
    ++histories;
    faults += outcome.faults;
    acknowledged += outcome.acknowledged;
    lost += outcome.lost;
    violations += outcome.violation ? 1U : 0U;
}

void Totals::add(const Totals& others) {
    histories += others.histories;
    faults += others.faults;
    acknowledged += others.acknowledged;
    lost += others.lost;
    violations += others.violations;
}

std::string Totals::json() const {
    return told(*this).dump();
}

std::string Totals::text() const {
    std::array<char, 16> took{};
    std::snprintf(took.data(), took.size(), "%.1f", seconds);
    return std::to_string(histories) + " histories, " + std::to_string(faults) + " faults, " +
           std::to_string(acknowledged) + " acknowledged writes, " + std::to_string(lost) +
           " lost, " + std::to_string(violations) + " violations, " + took.data() + " s";
}

Engine engine_of(std::uint64_t seed, Engines engines) {
    if (engines == Engines::both) {
        return seed % 8 < 4 ? Engine::postgresql : Engine::semisync;
    }
    return engines == Engines::postgresql ? Engine::postgresql : Engine::semisync;
}

Totals run_many(std::uint64_t first, std::uint64_t count, Engines engines,
                const std::function<void(const HistoryOutcome&)>& violated) {
    const auto began = std::chrono::system_clock::now();
    const auto stride = std::max(1U, std::thread::hardware_concurrency());
    std::vector<Worker> workers;
    for (std::uint64_t i = 0; i < stride && i < count; ++i) {
        workers.push_back(start_worker(first + i, count - i, stride, engines));
    }
    Totals totals;
    listen_to_all(workers, totals, violated);
    end_all(workers);
    totals.seconds =
        std::chrono::duration<double>(std::chrono::system_clock::now() - began).count();
    return totals;
}

} // namespace lockstep::sim
