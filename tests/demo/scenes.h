#pragma once

#include <functional>
#include <span>
#include <string>

#include "tests/demo/report.h"
#include "tests/support/testbed/testbed.h"

namespace lockstep::demo {

/// Says how far the demo is, to a person.
using Tell = std::function<void(const std::string&)>;

/// Something that happens to a pair in sync, and what becomes of it.
struct Scene {
    const char* name;
    const char* what;
    Report (*play)(testbed::Testbed& bed, const Tell& tell);
};

[[nodiscard]] std::span<const Scene> scenes();

} // namespace lockstep::demo
