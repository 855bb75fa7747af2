#pragma once

#include <ostream>

#include <gtest/gtest.h>

#include "tests/conformance/player.h"

namespace lockstep::conformance {

/// For GoogleTest, which shows bytes else.
inline void PrintTo(const Script& script, std::ostream* to) {
    *to << script.name;
}

/// A script on this stage answers, step by step, as it is written: both the models and the servers
/// must, so that a model that answers otherwise than its server fails.
inline void expect_answers(Stage& stage, const Script& script) {
    Player player(stage);
    player.form_pair();
    for (const auto& step : steps_of(script, stage.engine())) {
        SCOPED_TRACE(std::string(script.name) + ": " + step.does);
        ASSERT_EQ(player.play(step), step.answer) << step.does << " (" << stage.engine() << ")";
    }
}

inline std::string name_of(const testing::TestParamInfo<Script>& info) {
    return std::string(info.param.name);
}

} // namespace lockstep::conformance
