#include <csignal>
#include <fstream>
#include <sstream>

#include "tests/e2e/bed.h"

namespace lockstep::e2e {
namespace {

/// About 20 s.
class Incident : public EndToEnd {
protected:
    void SetUp() override {
        EndToEnd::SetUp();
        bed().form();
    }
    static Outcome replay(const std::filesystem::path& file) {
        return run({{LOCKSTEP_BIN_DIR "/lockstep-simulate", "--replay", file.string()}, {}, {}},
                   in(Milliseconds{30000}));
    }
};

TEST_F(Incident, IsExportedAndDecidedUponAgain) {
    ASSERT_EQ(kill(bed().postmaster("a"), SIGKILL), 0);
    bed().wait_for_pair(
        "fail over", [](const Json& pair) { return pair.at("primary") == "b"; },
        Milliseconds{45000});
    const auto file = bed().folder() / "incident.jsonl";
    const auto exported = bed().cli({"incident", "export", "shop"});
    ASSERT_EQ(exported.status, 0) << exported.errors;
    std::ofstream(file) << exported.output;

    std::size_t promotions = 0;
    std::istringstream lines(exported.output);
    std::string line;
    ASSERT_TRUE(std::getline(lines, line));
    EXPECT_EQ(Json::parse(line).at("format"), "lockstep-incident");
    while (std::getline(lines, line)) {
        const auto decision = Json::parse(line).at("decision");
        promotions += decision.at("action") == "promote" ? 1U : 0U;
    }
    EXPECT_EQ(promotions, 1U);

    const auto again = replay(file);
    EXPECT_EQ(again.status, 0) << again.output << again.errors;
    EXPECT_NE(again.output.find("every decision is the same"), std::string::npos) << again.output;

    // Another decision than the one that was made is told.
    auto text = exported.output;
    const std::string decided = "\"action\":\"promote\"";
    text.replace(text.find(decided), decided.size(), "\"action\":\"narrow\"");
    std::ofstream(file, std::ios::trunc) << text;
    const auto bent = replay(file);
    EXPECT_EQ(bent.status, 1);
    EXPECT_NE(bent.output.find("the first difference is"), std::string::npos) << bent.output;
}

} // namespace
} // namespace lockstep::e2e
