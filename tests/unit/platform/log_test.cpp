#include "platform/log.h"

#include <cstdlib>
#include <regex>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

template <class Work> std::string logged(Work work) {
    testing::internal::CaptureStderr();
    work();
    return testing::internal::GetCapturedStderr();
}

class Log : public testing::Test {
protected:
    ~Log() override { unsetenv("LOCKSTEP_LOG"); }
};

TEST_F(Log, AnEventIsOneLineWithTimeLevelPartAndReason) {
    Event event;
    event.kind = "promote";
    event.pair = "shop";
    event.member = "b";
    event.severity = Severity::warning;
    event.message = "primary failed;\nforged line";
    const auto text = logged([&] {
        start_log("agent 100%");
        log_event(event);
    });
    const std::regex wanted(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warning agent 100%: )"
                            R"(promote shop b: primary failed; forged line\n)");
    EXPECT_TRUE(std::regex_match(text, wanted)) << text;
}

TEST_F(Log, AnEventOfNoPairLeavesItsPlaceOut) {
    Event event;
    event.kind = "started";
    event.severity = Severity::alarm;
    event.message = "here";
    const auto text = logged([&] {
        start_log("controller");
        log_event(event);
    });
    EXPECT_NE(text.find("Z error controller: started: here\n"), std::string::npos) << text;
}

TEST_F(Log, TheLevelComesFromTheEnvironment) {
    setenv("LOCKSTEP_LOG", "warning", 1);
    const auto text = logged([] {
        start_log("controller");
        spdlog::info("quiet");
        spdlog::warn("loud");
    });
    EXPECT_EQ(text.find("quiet"), std::string::npos);
    EXPECT_NE(text.find("loud"), std::string::npos);
}

TEST_F(Log, AnUnknownLevelIsToldWithWhatIsAllowed) {
    setenv("LOCKSTEP_LOG", "verbose", 1);
    const auto text = logged([] {
        start_log("controller");
        spdlog::info("still here");
    });
    EXPECT_NE(text.find("LOCKSTEP_LOG is \"verbose\"; allowed: trace"), std::string::npos) << text;
    EXPECT_NE(text.find("still here"), std::string::npos);
}

} // namespace
} // namespace lockstep
