#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

/// The units that deploy/systemd holds, as systemd itself reads them.
namespace lockstep {
namespace {

namespace fs = std::filesystem;

const fs::path units = fs::path(LOCKSTEP_SOURCE_DIR) / "deploy" / "systemd";

std::string text_of(const fs::path& file) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

std::string verify(const fs::path& unit) {
    const auto command = "systemd-analyze verify --man=no '" + unit.string() + "' 2>&1";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    std::string said;
    std::array<char, 1024> part{};
    while (pipe && std::fgets(part.data(), part.size(), pipe.get()) != nullptr) {
        said += part.data();
    }
    return said;
}

TEST(SystemdUnits, AreReadWithoutAWarning) {
    const TemporaryFolder folder; // Its programs are not installed here: others stand for them.
    for (const auto* const name : {"lockstep-agent.service", "lockstep-controller.service"}) {
        auto text = text_of(units / name);
        ASSERT_FALSE(text.empty()) << name;
        const std::string program = "/usr/bin/lockstepd";
        for (auto at = text.find(program); at != std::string::npos; at = text.find(program)) {
            text.replace(at, program.size(), "/bin/true");
        }
        std::ofstream(folder / name) << text;
        if (fs::exists(units / (std::string(name) + ".d"))) {
            fs::copy(units / (std::string(name) + ".d"), folder / (std::string(name) + ".d"));
        }
        const auto said = verify(folder / name);
        EXPECT_EQ(said.find("not found"), std::string::npos) << said; // systemd-analyze itself.
        EXPECT_EQ(said.find(name), std::string::npos) << said;
    }
}

TEST(SystemdUnits, LetOnlyTheAgentStopItsDatabase) {
    const auto text = text_of(units / "lockstep-agent.service");
    for (const auto* const line : {"\nKillSignal=SIGPWR\n", "\nRestartKillSignal=SIGTERM\n",
                                   "\nKillMode=process\n", "\nTimeoutStopSec=75\n"}) {
        EXPECT_NE(text.find(line), std::string::npos) << line;
    }
    for (const auto* const unit : {"mariadb.service", "mysql.service", "postgresql@.service"}) {
        const auto drop_in = text_of(units / (std::string(unit) + ".d") / "lockstep.conf");
        EXPECT_NE(drop_in.find("\nConditionPathExists=!/etc/lockstep/agent.toml\n"),
                  std::string::npos)
            << unit;
    }
}

} // namespace
} // namespace lockstep
