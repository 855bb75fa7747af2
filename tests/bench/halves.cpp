#include "tests/bench/halves.h"

#include <algorithm>
#include <thread>

#include <sched.h>
#include <sys/types.h>

#include "tests/support/testbed/cleanup.h"

namespace lockstep::bench {

using namespace testbed;
namespace fs = std::filesystem;

namespace {

cpu_set_t processors(int from, int to) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int one = from; one < to; ++one) {
        CPU_SET(static_cast<std::size_t>(one), &set);
    }
    return set;
}

void keep_on(pid_t thread, int from, int to) {
    const auto set = processors(from, to);
    // One that ended meanwhile needs no processor.
    static_cast<void>(sched_setaffinity(thread, sizeof(set), &set));
}

/// With all their threads; what these start stays there, too.
void keep_processes_on(const fs::path& folder, int from, int to) {
    for (const pid_t pid : processes_of({folder})) {
        std::error_code gone;
        const auto threads = fs::path("/proc") / std::to_string(pid) / "task";
        for (fs::directory_iterator at(threads, gone), end; !gone && at != end;
             at.increment(gone)) {
            keep_on(static_cast<pid_t>(std::stol(at->path().filename().string())), from, to);
        }
    }
}

} // namespace

Halves::Halves(const Testbed& bed, const std::string& primary, const std::string& standby)
    : processors_(static_cast<int>(std::max(1U, std::thread::hardware_concurrency()))) {
    if (processors_ > 1) {
        keep_processes_on(bed.folder_of(primary), 0, processors_ / 2);
        keep_processes_on(bed.folder_of(standby), processors_ / 2, processors_);
    }
}

Halves::WithPrimary::WithPrimary(const Halves& halves) : processors_(halves.processors_) {
    keep_on(0, 0, std::max(1, processors_ / 2));
}

Halves::WithPrimary::~WithPrimary() {
    keep_on(0, 0, processors_);
}

std::vector<std::string> Halves::with_standby(std::vector<std::string> argv) const {
    if (processors_ > 1) {
        const auto list = std::to_string(processors_ / 2) + "-" + std::to_string(processors_ - 1);
        argv.insert(argv.begin(), {"taskset", "--cpu-list", list});
    }
    return argv;
}

} // namespace lockstep::bench
