#include <cstdlib>
#include <filesystem>
#include <thread>

#include <unistd.h>

#include "cli/program.h"
#include "platform/clock.h"

namespace {

using namespace lockstep::cli;

class MachineClock final : public Clock {
public:
    std::chrono::milliseconds now() override { return lockstep::boot_time(); }
    void sleep(std::chrono::milliseconds span) override { std::this_thread::sleep_for(span); }
};

std::optional<std::string> variable(const std::string& name) {
    const auto* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

/// `lockstepd` lies beside this program, or where programs are looked for.
Failure become_daemon(const std::vector<std::string>& words) {
    std::error_code unknown;
    const auto beside = std::filesystem::read_symlink("/proc/self/exe", unknown).parent_path();
    std::vector<std::string> all = {"lockstepd"};
    all.insert(all.end(), words.begin(), words.end());
    std::vector<char*> pointers;
    for (auto& word : all) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    ::execv((beside / all.front()).c_str(), pointers.data());
    ::execvp(all.front().c_str(), pointers.data());
    return {ExitStatus::failed, "there is no program lockstepd on this host: this verb looks at an "
                                "agent's own host, so install Lockstep there and run it there"};
}

} // namespace

int main(int count, char** words) {
    MachineClock clock;
    Environment environment{standard_terminal(variable),
                            variable,
                            "/etc/lockstep/cli.toml",
                            connect,
                            clock,
                            become_daemon};
    return run_program({words + 1, words + count}, environment);
}
