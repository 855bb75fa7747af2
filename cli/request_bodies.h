#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What the verbs send (docs/api.md).
namespace lockstep::cli {

struct NewPair {
    std::string name;
    std::string engine = "postgresql";
    std::string primary;
    std::string standby;
    std::string when_standby_lost = "continue";
    std::string profile = "lan";
    std::int64_t ttl_seconds = 2;
    std::int64_t replace_after_seconds = 600;
    bool deletion_protection = false;
};
[[nodiscard]] std::string create_pair_body(const NewPair& pair);

/// An empty name: none is asked for.
[[nodiscard]] std::string delete_pair_body(const std::string& final_snapshot, bool skip);

struct Failover {
    std::string to; // Empty: the in-sync standby.
    bool accept_data_loss = false;
    std::string fenced_by;
};
[[nodiscard]] std::string failover_body(const Failover& failover);
[[nodiscard]] std::string switchover_body(const std::string& to); // Empty: the in-sync standby.
[[nodiscard]] std::string add_member_body(const std::string& member, const std::string& kind);
[[nodiscard]] std::string token_body(const std::string& member);
[[nodiscard]] std::string take_snapshot_body(const std::vector<std::string>& tags); // KEY=VALUE

/// What of a schedule changes; what is empty stays as it is.
struct Schedule {
    std::optional<std::int64_t> retention_days;
    std::optional<std::int64_t> minimum;
    std::optional<std::string> window;
    std::optional<std::string> time_zone;
    std::optional<bool> verify;
};
[[nodiscard]] std::string schedule_body(const Schedule& schedule);

struct Restore {
    std::string pair;     // Whose snapshots.
    std::string snapshot; // Empty: the best one for the target.
    std::optional<std::int64_t> unix_ms;
    std::optional<std::uint64_t> position; // In the engine's unit.
    std::string transaction;
    bool exclusive = false;
    std::string name;
    bool consistent = false;
    std::string as;
    std::string to;
    std::string standby;
};
[[nodiscard]] std::string restore_body(const Restore& restore);

/// What `ca init --json` prints.
[[nodiscard]] std::string made_identity_json(const std::string& folder,
                                             const std::vector<std::string>& files,
                                             const std::string& ca_fingerprint);

} // namespace lockstep::cli
