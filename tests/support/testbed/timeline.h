#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace lockstep::testbed {

/// Where the time of an outage went, in milliseconds. Each begins where what it waits for ended:
/// deciding after detecting, promoting and publishing after deciding (at the same time), the first
/// write after the later of these two.
struct Phases {
    std::int64_t detect = 0;  // The fault to the decision that the primary has failed.
    std::int64_t decide = 0;  // The decision to its record being stored.
    std::int64_t promote = 0; // … to the new primary serving, as a write or the controller shows.
    std::int64_t publish = 0; // … to every name server answering with the new address.
    std::int64_t first_write = 0; // Serving and published, to the first acknowledged write.
};

/// The same for writes that were held because the standby was lost; its end releases them.
struct Relaxation {
    std::int64_t detect = 0; // The fault to the decision that the primary goes on alone.
    std::int64_t decide = 0; // The decision to its record being stored.
    std::int64_t relax = 0;  // … to the primary's word that commits wait for nobody.
};

struct Moment {
    std::int64_t after_ms = 0; // After the fault.
    std::string kind;
    std::string message;
};

/// What the controller's event log says about the time after a fault.
struct Timeline {
    std::vector<Moment> moments;
    bool promoted = false; // Then there are phases.
    Phases phases;
    std::optional<Relaxation> relaxation; // The first one; empty: the standby stayed in.
    std::int64_t redundant_again_ms = -1; // A standby in sync again; -1: not seen.
};

[[nodiscard]] Timeline read_timeline(const nlohmann::json& events, std::int64_t fault_unix_ms,
                                     std::int64_t first_write_after_ms);

} // namespace lockstep::testbed
