#include <memory>
#include <ostream>
#include <ranges>

#include "cli/humanise.h"
#include "cli/new_primary.h"
#include "cli/request_bodies.h"
#include "cli/verbs.h"
#include "cli/wait.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

struct SwitchoverOptions {
    std::string pair;
    std::string to;
    bool no_wait = false;
    bool dry_run = false;
};

// A checkpoint of much that is dirty takes minutes; the database serves meanwhile.
constexpr std::chrono::minutes usual_patience{15};
constexpr std::chrono::seconds ask_within{5};

/// Ends when another primary serves, or when the controller dropped what was asked for.
Judge judge_from(const ChangeView& asked) {
    return [asked](const PairView& pair) -> std::optional<Answer<void>> {
        if (pair.epoch > asked.epoch && pair.served) {
            return Answer<void>{};
        }
        if (pair.epoch == asked.epoch && pair.revision > asked.revision && pair.intent.empty()) {
            return give_up(ExitStatus::failed, "the switchover of " + pair.pair +
                                                   " was given up; " + pair.primary + " goes on");
        }
        return std::nullopt;
    };
}

/// Why it was given up: the controller wrote it into its events.
Failure with_reason(Session& session, const std::string& pair, Failure failure) {
    if (failure.status != ExitStatus::failed) {
        return failure;
    }
    ApiRequest request{"GET", "/v1/events", {{"pair", pair}, {"limit", "100"}}, ""};
    const auto body = session.ask(request, ask_within);
    const auto events =
        body ? read_events(*body) : Answer<std::vector<EventView>>(tl::unexpected(body.error()));
    if (events) {
        for (const auto& event : *events | std::views::reverse) {
            if (event.kind == "cancel" || event.kind == "narrow") {
                failure.message += ": " + harmless(event.message);
                break;
            }
        }
    }
    failure.message += ". `lockstep events " + pair + "` tells more.";
    return failure;
}

Answer<ExitStatus> wait_until_served(Session& session, const SwitchoverOptions& options,
                                     const std::string& body) {
    const auto asked = read_change(body);
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    const auto waited =
        wait_for_pair(session, options.pair, session.patience(usual_patience), judge_from(*asked));
    if (!waited) {
        return tl::unexpected(with_reason(session, options.pair, waited.error()));
    }
    if (session.json()) {
        session.print_json(waited->body);
    } else {
        print_new_primary(session.out(), *waited);
    }
    return ExitStatus::done;
}

Answer<ExitStatus> switch_over(Session& session, const SwitchoverOptions& options) {
    const auto body = session.change("POST", "/v1/pairs/" + options.pair + "/switchover",
                                     switchover_body(options.to), options.dry_run);
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (options.dry_run) {
        return show_dry_run(session, *body);
    }
    if (!options.no_wait) {
        return wait_until_served(session, options, *body);
    }
    if (session.json()) {
        session.print_json(*body);
    } else {
        session.out().stream << "The switchover of " << options.pair
                             << " is asked for; `lockstep status " << options.pair
                             << "` shows how far it is.\n";
    }
    return ExitStatus::done;
}

} // namespace

void add_switchover(CLI::App& app, const Choose& choose) {
    auto* verb = app.add_subcommand("switchover", "Change primary and standby over, as planned: "
                                                  "the primary stops cleanly first");
    const auto options = std::make_shared<SwitchoverOptions>();
    add_pair_name(*verb, options->pair);
    verb->add_option("--to", options->to, "The new primary (default: the standby in sync)")
        ->type_name("MEMBER")
        ->check(check_member_name);
    verb->add_flag("--no-wait", options->no_wait, "Do not wait until the new primary serves");
    add_dry_run(*verb, options->dry_run);
    give_examples(*verb, {"lockstep switchover shop --dry-run", "lockstep switchover shop"});
    verb->callback([options, choose] {
        choose([options](Session& session) { return switch_over(session, *options); });
    });
}

} // namespace lockstep::cli
