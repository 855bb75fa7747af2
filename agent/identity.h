#pragma once

#include <filesystem>
#include <string>

#include "core/result.h"
#include "platform/tls_stream.h"

namespace lockstep {

/// What a join left in the agent's state folder: who this agent is, and whose.
struct Identity {
    TlsFiles files;
    HostPort controller;
    std::string store_id; // Pinned: another one needs an operator (R7).
};

[[nodiscard]] std::filesystem::path identity_folder(const std::filesystem::path& state_dir);

[[nodiscard]] TlsFiles identity_files(const std::filesystem::path& state_dir);

/// Errors: `refused`, saying what is missing or unreadable and how to join.
[[nodiscard]] Result<Identity> load_identity(const std::filesystem::path& state_dir);

/// The text of `controller.json`.
[[nodiscard]] std::string encode_controller(const std::string& controller,
                                            const std::string& store_id);

} // namespace lockstep
