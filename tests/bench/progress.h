#pragma once

#include <cstddef>
#include <string>

#include "tests/support/testbed/children.h"

namespace lockstep::bench {

/// To standard error: what was done, and how long the rest will take.
class Progress {
public:
    explicit Progress(std::size_t runs) : runs_(runs) {}

    void tell(const std::string& text) const;
    void done(const std::string& text);

private:
    [[nodiscard]] std::string stamp() const;

    testbed::Clock::time_point begin_ = testbed::Clock::now();
    std::size_t runs_;
    std::size_t done_ = 0;
};

} // namespace lockstep::bench
