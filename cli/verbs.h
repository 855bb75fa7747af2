#pragma once

#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/session.h"

/// Each `add_…` registers a verb: its words, its options, its help with examples, and what it
/// runs. One file per verb.
namespace lockstep::cli {

/// Says what shall run once the whole command line is read.
using Choose = std::function<void(Run)>;

void add_status(CLI::App& app, const Choose& choose);
void add_events(CLI::App& app, const Choose& choose);
void add_pair_create(CLI::App& pair, const Choose& choose);
void add_pair_show(CLI::App& pair, const Choose& choose);
void add_pair_protect(CLI::App& pair, const Choose& choose);
void add_pair_unprotect(CLI::App& pair, const Choose& choose);
void add_pair_delete(CLI::App& pair, const Choose& choose);
void add_member_add(CLI::App& member, const Choose& choose);
void add_member_remove(CLI::App& member, const Choose& choose);
void add_failover(CLI::App& app, const Choose& choose);
void add_switchover(CLI::App& app, const Choose& choose);
void add_pause(CLI::App& app, const Choose& choose);
void add_resume(CLI::App& app, const Choose& choose);
void add_ca_init(CLI::App& ca, const Choose& choose);
void add_token_create(CLI::App& token, const Choose& choose);
void add_agents(CLI::App& app, const Choose& choose);
void add_incident_export(CLI::App& incident, const Choose& choose);
void add_divergence_list(CLI::App& divergence, const Choose& choose);
void add_divergence_show(CLI::App& divergence, const Choose& choose);
void add_snapshot_create(CLI::App& snapshot, const Choose& choose);
void add_snapshot_list(CLI::App& snapshot, const Choose& choose);
void add_snapshot_show(CLI::App& snapshot, const Choose& choose);
void add_snapshot_check(CLI::App& snapshot, const Choose& choose);
void add_snapshot_verify(CLI::App& snapshot, const Choose& choose);
void add_snapshot_plan(CLI::App& snapshot, const Choose& choose);
void add_snapshot_delete(CLI::App& snapshot, const Choose& choose);
void add_snapshot_forget(CLI::App& snapshot, const Choose& choose);
void add_snapshot_schedule(CLI::App& snapshot, const Choose& choose);
void add_snapshot_restore(CLI::App& snapshot, const Choose& choose);
void add_config_check(CLI::App& config, const Choose& choose);
void add_explain(CLI::App& app, const Choose& choose);
void add_advise(CLI::App& app, const Choose& choose);
/// It prints what it finds in the whole program.
void add_completion(CLI::App& app, const Choose& choose);

/// The end of a verb's help: examples, a line each.
void give_examples(CLI::App& verb, const std::vector<std::string>& examples);
void add_dry_run(CLI::App& verb, bool& dry_run);
/// Positional names, checked for what is allowed in them.
void add_pair_name(CLI::App& verb, std::string& pair);
void add_member_name(CLI::App& verb, std::string& member);
void add_snapshot_id(CLI::App& verb, std::string& id);
/// Empty if the text is a name of that kind, else what is allowed: as CLI11 wants it.
[[nodiscard]] std::string check_pair_name(const std::string& text);
[[nodiscard]] std::string check_member_name(const std::string& text);
[[nodiscard]] std::string check_snapshot_name(const std::string& text);

/// Prints what a dry run would change, or hands the JSON through. Done either way.
[[nodiscard]] Answer<ExitStatus> show_dry_run(Session& session, const std::string& body);
/// Tells how a change ended that needs no waiting: its failure, its dry run, its JSON, or `words`.
[[nodiscard]] Answer<ExitStatus> show_change(Session& session, const Answer<std::string>& body,
                                             bool dry_run, const std::string& words);

/// A verb that asks for one thing of one pair, which can be taken back: /v1/pairs/PAIR/`word`.
struct PairSwitch {
    std::string word; // "pause"
    std::string about;
    std::vector<std::string> examples;
    std::string (*done)(const std::string& pair); // What is said then.
};
void add_pair_switch(CLI::App& above, const Choose& choose, const PairSwitch& made);

} // namespace lockstep::cli
