#pragma once

#include <string>
#include <utility>
#include <vector>

namespace lockstep {

/// What is wrong with a configuration, a host, or a server, in words for an operator.
struct Finding {
    enum class Weight {
        refused,  // What breaks R1, or keeps the member from serving or from being in sync.
        reported, // What the engine cannot forbid, or may be meant so.
    };
    Weight weight = Weight::refused;
    std::string place; // "agent.toml:14:1", a path, or "the server at 10.0.0.11:3306".
    std::string key;   // Of the agent's file, below the engine's table: "settings.port"; or empty.
    std::string what;
    std::string mend;
    friend bool operator==(const Finding&, const Finding&) = default;
};
using Findings = std::vector<Finding>;

/// The place is filled in by whoever knows it.
[[nodiscard]] inline Finding refused(std::string key, std::string what, std::string mend) {
    return {Finding::Weight::refused, {}, std::move(key), std::move(what), std::move(mend)};
}

/// "what; mend", for a message of one line.
[[nodiscard]] inline std::string in_a_line(const Finding& finding) {
    return finding.mend.empty() ? finding.what : finding.what + "; " + finding.mend;
}

} // namespace lockstep
