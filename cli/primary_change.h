#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "cli/session.h"
#include "cli/verbs.h"

namespace lockstep::cli {

/// What a failover and a switchover have in common.
struct PrimaryChange {
    std::string word; // "failover": its verb, and its route.
    std::string pair;
    std::string to;
    std::chrono::minutes usual_patience{0};
    bool no_wait = false;
    bool dry_run = false;
};

/// The pair and --to.
void add_aim(CLI::App& verb, PrimaryChange& change);
/// --no-wait and --dry-run.
void add_manner(CLI::App& verb, PrimaryChange& change);

/// A refusal of the controller's, as the user shall read it.
using Explain = std::function<Failure(Session&, Failure)>;

/// Asks for it and waits until another primary serves, or until the controller gave it up: then
/// says why.
[[nodiscard]] Answer<ExitStatus> change_primary(Session& session, const PrimaryChange& change,
                                                const std::string& body, const Explain& explain);

} // namespace lockstep::cli
