#include <cstdlib>
#include <thread>

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

} // namespace

int main(int count, char** words) {
    MachineClock clock;
    Environment environment{standard_terminal(variable), variable, "/etc/lockstep/cli.toml",
                            connect, clock};
    return run_program({words + 1, words + count}, environment);
}
