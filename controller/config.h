#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "dns/rfc2136/rfc2136_publisher.h"
#include "platform/config.h"

namespace lockstep {

/// What a controller's file says.
struct ControllerConfig {
    std::filesystem::path state_dir;
    std::filesystem::path identity_dir; // Default: `identity` in state_dir.
    HostPort agents;                    // Where agents dial; it goes into join tokens.
    HostPort api;
    std::string zone; // "db.example.org", without a final dot
    std::vector<HostPort> dns;
    std::vector<dns::Rfc2136Settings> rfc2136; // DNS servers of others that are told too.
};

/// Errors: `refused` with every mistake, a line each, as FILE:LINE:COLUMN says where.
[[nodiscard]] Result<ControllerConfig> read_controller_config(const std::filesystem::path& path);
/// The same from text; `name` stands for the file in mistakes.
[[nodiscard]] Result<ControllerConfig> parse_controller_config(std::string_view text,
                                                               const std::string& name);

/// Lower case labels of a host name (RFC 1123, 2.1), at least one, no final dot, at most 200
/// characters, so that names of pairs fit in front of it. Errors: `refused`.
[[nodiscard]] Result<std::string> parse_zone_name(std::string_view text);

} // namespace lockstep
