#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/exit_status.h"

/// What the controller's API shows (docs/api.md), as far as the verbs need it. Keys that this
/// version does not know are passed over, so that an older `lockstep` reads a newer controller.
namespace lockstep::cli {

struct JobView {
    std::string what;
    std::uint64_t done_bytes = 0;
    std::uint64_t total_bytes = 0; // 0: not known.
    std::chrono::milliseconds running_for{0};
};

struct MemberView {
    std::string id;
    std::string role;
    std::string kind;
    bool in_sync = false;
    std::string zone;
    std::string host;
    std::string address;
    std::uint16_t port = 0;
    bool connected = false;
    std::chrono::milliseconds silent{0};
    std::string server; // Empty: its agent never said.
    std::string server_version;
    std::optional<std::uint64_t> position;
    std::string unit; // Of positions: "bytes", "transactions"; empty: not known.
    std::string history;
    std::optional<JobView> job;
    std::string unfit;
    std::string lowered;
    std::vector<std::string> rpo_notes;
    std::vector<std::string> alarms;
    std::string death;
    std::string door; // Why it lets no client in; empty: it does.
};

struct PublisherView {
    std::string publisher;
    std::string name;
    std::string read_only_name;
    bool published = false;
};

struct EndpointView {
    std::string name;
    std::string read_only_name;
    std::string address;
    std::string read_only_address;
    std::uint32_t ttl_seconds = 0;
    bool published = false;
    std::vector<std::string> laggards;
    std::vector<PublisherView> publishers;
};

struct PolicyView {
    std::string when_standby_lost;
    std::string profile;
};

struct PairView {
    std::string pair;
    std::string engine;
    std::string phase;
    std::string because;
    bool alarm = false;
    std::uint64_t epoch = 0;
    std::uint64_t revision = 0;
    std::string primary;
    std::string standby; // Empty: none is in sync.
    std::string granted; // Empty: nobody is being let in.
    std::string intent;  // What an operator asked for and is still to be done; empty: nothing.
    bool paused = false;
    bool served = false;
    bool deletion_protection = false;
    std::string final_snapshot; // The pair is deleted once it is taken; empty: it is not.
    PolicyView policy;
    EndpointView endpoint;
    std::vector<MemberView> members;
};

struct AgentView {
    std::string member;
    std::string pair; // Empty: in none.
    std::string zone;
    std::string host;
    std::string address;
    std::uint16_t port = 0;
    std::string engine;
    bool connected = false;
    std::chrono::milliseconds silent{0};
};

struct ControllerView {
    std::string zone;
    std::vector<PairView> pairs;
    std::vector<AgentView> agents;
};

struct EventView {
    std::uint64_t id = 0;
    std::string time;
    std::string pair;
    std::string member;
    std::string severity;
    std::string kind;
    std::string message;
    std::string json; // The event as the API shows it.
};

struct RuleView {
    std::string from;
    std::string condition;
    std::string action;
    std::string to;
    std::string because;
};

/// Counts of what a kept log says.
struct DivergenceLogView {
    bool decoded = false;
    std::string trouble;
    std::string end;
    std::string read_with;
    std::uint64_t committed = 0;
    std::uint64_t rolled_back = 0;
    std::uint64_t unfinished = 0;
    std::uint64_t heartbeats = 0;
};

struct DivergenceSourceView {
    std::string member;
    bool connected = false;
    bool told = false;
    std::chrono::milliseconds silent{0};
};

struct DivergenceTransactionView {
    std::string id;
    std::string end;
    std::string position;
    std::uint64_t changes = 0;
    std::vector<std::string> objects;
};

struct DivergenceView {
    std::string id;
    std::string pair;
    std::string host;
    std::string folder;
    std::string time;
    std::string remove_time;
    std::uint64_t epoch = 0;
    std::string fork;
    std::string why;
    std::uint64_t bytes = 0;
    std::uint64_t overwritten_bytes = 0;
    std::string rejoined; // Empty: not yet.
    std::string rejoined_why;
    DivergenceLogView log;
    std::vector<DivergenceTransactionView> transactions; // When one alone was asked for,
    std::vector<DivergenceSourceView> sources;           // and these.
};

struct DivergencesView {
    std::vector<DivergenceView> kept;
    std::vector<DivergenceSourceView> sources;
};

/// The answer to a change.
struct ChangeView {
    bool dry_run = false;
    std::vector<std::string> changes; // Of a dry run.
    std::uint64_t revision = 0;       // Of the record as it is now; 0 where none is left.
    std::uint64_t epoch = 0;
    std::string final_snapshot; // Of a deletion that waits for it.
};

struct TokenView {
    std::string token;
    std::int64_t expires_unix_ms = 0;
};

// Failures: the answer is not what the API promises.
[[nodiscard]] Answer<PairView> read_pair(const std::string& body);
[[nodiscard]] Answer<ControllerView> read_controller(const std::string& body);
[[nodiscard]] Answer<std::vector<AgentView>> read_agents(const std::string& body);
[[nodiscard]] Answer<std::vector<EventView>> read_events(const std::string& body);
[[nodiscard]] Answer<std::vector<RuleView>> read_rules(const std::string& body);
[[nodiscard]] Answer<DivergencesView> read_divergences(const std::string& body);
[[nodiscard]] Answer<DivergenceView> read_divergence(const std::string& body);
[[nodiscard]] Answer<ChangeView> read_change(const std::string& body);
[[nodiscard]] Answer<TokenView> read_token(const std::string& body);

/// {"error":{"code":…,"message":…}}; an answer of another form is its own message.
struct ErrorView {
    std::string code;
    std::string message;
};
[[nodiscard]] ErrorView read_error(const std::string& body);

} // namespace lockstep::cli
