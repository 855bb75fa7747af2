#pragma once

#include "tests/e2e/bed.h"

namespace lockstep::e2e {

/// A pair in sync under a, of the engine that the test is run with.
class PairOf : public EndToEnd, public testing::WithParamInterface<Engine> {
protected:
    void SetUp() override {
        EndToEnd::SetUp();
        bed().form();
    }
    [[nodiscard]] Engine engine() const override { return GetParam(); }
};

/// Those whose suite this is; PostgreSQL has the suite e2e.
inline auto other_engines() {
    return testing::Values(Engine::mysql, Engine::mariadb);
}

inline std::string name_of_test(const testing::TestParamInfo<Engine>& one) {
    return product_of(one.param);
}

} // namespace lockstep::e2e
