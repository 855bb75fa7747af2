#include "cli/primary_change.h"

#include <optional>
#include <ostream>
#include <ranges>

#include "cli/humanise.h"
#include "cli/wait.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

constexpr std::chrono::seconds ask_within{5};

void print_new_primary(const Screen& screen, const Waited& waited) {
    const auto& pair = waited.pair;
    const auto& endpoint = pair.endpoint;
    auto text = pair.primary + " is the primary of " + pair.pair + " now (epoch " +
                std::to_string(pair.epoch) + "), after " + show_span(waited.took) + ". " +
                endpoint.name + " leads to " + endpoint.address +
                (endpoint.published ? "." : ", not yet at every name server.");
    if (pair.phase != "in sync") {
        text += " No standby is in sync yet: `lockstep status " + pair.pair + "`.";
    }
    screen.stream << paragraph("", text, screen.width);
}

/// Ends when another primary serves, or when the controller dropped what was asked for.
Judge judge_from(const ChangeView& asked, const std::string& word) {
    return [asked, word](const PairView& pair) -> std::optional<Answer<void>> {
        if (pair.epoch > asked.epoch && pair.served) {
            return Answer<void>{};
        }
        if (pair.epoch == asked.epoch && pair.revision > asked.revision && pair.intent.empty()) {
            return give_up(ExitStatus::failed, "the " + word + " of " + pair.pair +
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

Answer<ExitStatus> wait_until_served(Session& session, const PrimaryChange& change,
                                     const std::string& body) {
    const auto asked = read_change(body);
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    const auto waited = wait_for_pair(session, change.pair, session.patience(change.usual_patience),
                                      judge_from(*asked, change.word));
    if (!waited) {
        return tl::unexpected(with_reason(session, change.pair, waited.error()));
    }
    if (session.json()) {
        session.print_json(waited->body);
    } else {
        print_new_primary(session.out(), *waited);
    }
    return ExitStatus::done;
}

} // namespace

void add_aim(CLI::App& verb, PrimaryChange& change) {
    add_pair_name(verb, change.pair);
    verb.add_option("--to", change.to, "The new primary (default: the standby in sync)")
        ->type_name("MEMBER")
        ->check(check_member_name);
}

void add_manner(CLI::App& verb, PrimaryChange& change) {
    verb.add_flag("--no-wait", change.no_wait, "Do not wait until the new primary serves");
    add_dry_run(verb, change.dry_run);
}

Answer<ExitStatus> change_primary(Session& session, const PrimaryChange& change,
                                  const std::string& body, const Explain& explain) {
    const auto answer = session.change("POST", "/v1/pairs/" + change.pair + "/" + change.word, body,
                                       change.dry_run);
    if (!answer) {
        return tl::unexpected(explain ? explain(session, answer.error()) : answer.error());
    }
    if (change.dry_run) {
        return show_dry_run(session, *answer);
    }
    if (!change.no_wait) {
        return wait_until_served(session, change, *answer);
    }
    if (session.json()) {
        session.print_json(*answer);
    } else {
        session.out().stream << "The " << change.word << " of " << change.pair
                             << " is asked for; `lockstep status " << change.pair
                             << "` shows how far it is.\n";
    }
    return ExitStatus::done;
}

} // namespace lockstep::cli
