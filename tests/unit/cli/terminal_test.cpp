#include <gtest/gtest.h>

#include <map>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/terminal.h"

namespace lockstep::cli {
namespace {

using Values = std::map<std::string, std::string>;

Variables variables_of(Values values) {
    return [values = std::move(values)](const std::string& name) {
        const auto found = values.find(name);
        return found == values.end() ? std::nullopt : std::optional<std::string>(found->second);
    };
}

/// Standard output is a terminal of 72 columns while this lives.
class PseudoTerminal {
public:
    PseudoTerminal() : master_(posix_openpt(O_RDWR | O_NOCTTY)), kept_(dup(STDOUT_FILENO)) {
        EXPECT_EQ(grantpt(master_), 0);
        EXPECT_EQ(unlockpt(master_), 0);
        const int slave = open(ptsname(master_), O_RDWR | O_NOCTTY);
        const winsize size{24, 72, 0, 0};
        EXPECT_EQ(ioctl(slave, TIOCSWINSZ, &size), 0);
        EXPECT_EQ(dup2(slave, STDOUT_FILENO), STDOUT_FILENO);
        close(slave);
    }
    PseudoTerminal(const PseudoTerminal&) = delete;
    PseudoTerminal& operator=(const PseudoTerminal&) = delete;
    ~PseudoTerminal() {
        dup2(kept_, STDOUT_FILENO);
        close(kept_);
        close(master_);
    }

private:
    int master_;
    int kept_;
};

Terminal on_terminal(const Values& values) {
    const PseudoTerminal terminal;
    return standard_terminal(variables_of(values));
}

TEST(Terminal, HasColoursOnATerminalOnly) {
    const auto screen = on_terminal({{"TERM", "xterm"}}).out;
    EXPECT_TRUE(screen.is_terminal);
    EXPECT_TRUE(screen.colours);
    EXPECT_EQ(painted(screen, Ink::red, "x"), "\033[31mx\033[0m");
}

TEST(Terminal, HasNoColoursWhereTheUserOrTheTerminalWantsNone) {
    EXPECT_FALSE(on_terminal({{"TERM", "xterm"}, {"NO_COLOR", "1"}}).out.colours);
    EXPECT_TRUE(on_terminal({{"TERM", "xterm"}, {"NO_COLOR", ""}}).out.colours);
    EXPECT_FALSE(on_terminal({{"TERM", "dumb"}}).out.colours);
    EXPECT_FALSE(on_terminal({}).out.colours);
}

TEST(Terminal, KnowsItsWidth) {
    EXPECT_EQ(on_terminal({}).out.width, 72U);
}

TEST(Terminal, SpeaksUtf8WhereTheLocaleSaysSo) {
    EXPECT_TRUE(standard_terminal(variables_of({{"LANG", "C.UTF-8"}})).out.unicode);
    EXPECT_TRUE(standard_terminal(variables_of({{"LC_ALL", "de_DE.utf8"}})).out.unicode);
    EXPECT_FALSE(
        standard_terminal(variables_of({{"LC_ALL", "C"}, {"LANG", "C.UTF-8"}})).out.unicode)
        << "LC_ALL counts before LANG";
    EXPECT_FALSE(standard_terminal(variables_of({})).out.unicode);
}

} // namespace
} // namespace lockstep::cli
