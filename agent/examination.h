#pragma once

#include <filesystem>
#include <string>

#include "core/finding.h"

namespace lockstep {

/// What `lockstepd check` found out about an agent's file and its host.
struct Examination {
    std::filesystem::path file;
    std::string engine;       // Empty: the file does not tell it.
    bool read_whole = false;  // Else the file's own mistakes are all there is to tell.
    bool server_runs = false; // And was looked at.
    Findings findings;
};

/// A whole message of load_agent_config's: a finding a line, `place` taken from its begin.
[[nodiscard]] Findings findings_in(const std::string& message, const std::filesystem::path& file);

/// For people: a finding with how to mend it, then what was looked at.
[[nodiscard]] std::string to_text(const Examination& examination);
/// {"file", "engine", "looked_at": [...], "refused": n, "reported": n, "findings": [{"weight",
/// "place", "key", "what", "mend"}]}
[[nodiscard]] std::string to_json(const Examination& examination);
/// Whether anything is refused.
[[nodiscard]] bool refuses(const Examination& examination);

} // namespace lockstep
