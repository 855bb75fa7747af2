#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lockstep::conformance {

/// A line of a script: what is done, and what is answered to it. "b promotes => promoted; mariadb:
/// refused": where an engine is named, that one answers otherwise. Without "=>" it just succeeds.
struct Step {
    std::string does;
    std::string answer;
};

/// Events at a pair that is in sync: a serves, b acknowledges as ls_b_7.
struct Script {
    std::string_view name; // With the rule that its answers matter for.
    std::string_view text;
    bool on_mysql = false; // Its server takes long to make: only where its answers are its own, or
                           // matter most.
};

[[nodiscard]] const std::vector<Script>& scripts();
/// The steps as `engine` ("postgresql", "mysql", "mariadb") takes them.
[[nodiscard]] std::vector<Step> steps_of(const Script& script, std::string_view engine);

} // namespace lockstep::conformance
