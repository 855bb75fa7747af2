#include <algorithm>
#include <memory>
#include <ostream>

#include "cli/pair_picture.h"
#include "cli/verbs.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

ExitStatus status_of(const std::vector<PairView>& pairs) {
    return std::all_of(pairs.begin(), pairs.end(), is_well) ? ExitStatus::done
                                                            : ExitStatus::not_in_sync;
}

Answer<ExitStatus> show_one(Session& session, const std::string& name) {
    const auto body = session.get("/v1/pairs/" + name);
    if (!body) {
        return tl::unexpected(body.error());
    }
    const auto pair = read_pair(*body);
    if (!pair) {
        return tl::unexpected(pair.error());
    }
    if (session.json()) {
        session.print_json(*body);
    } else {
        print_pair(session.out(), *pair);
    }
    return status_of({*pair});
}

void print_no_pairs(const Screen& screen, const ControllerView& controller) {
    screen.stream << "No pairs yet";
    if (controller.agents.empty()) {
        screen.stream << ", and no agents. On each database host an agent joins with a token:\n"
                         "  lockstep token create MEMBER\n";
        return;
    }
    screen.stream << "; agents that could make one (`lockstep agents`): ";
    std::string separator;
    for (const auto& agent : controller.agents) {
        screen.stream << separator << harmless(agent.member);
        separator = ", ";
    }
    screen.stream << "\n  lockstep pair create NAME --primary A --standby B\n";
}

void print_pairs(const Screen& screen, const std::vector<PairView>& pairs) {
    Table table({{"PAIR"},
                 {"PHASE"},
                 {"PRIMARY"},
                 {"STANDBY"},
                 {"NAME"},
                 {"ADDRESS"},
                 {"BECAUSE", Table::Fit::flexible}});
    for (const auto& pair : pairs) {
        table.add(
            {{pair.pair, Ink::bold},
             {phase_words(pair), ink_of(pair)},
             {pair.primary},
             {pair.standby.empty() ? "-" : pair.standby},
             {pair.endpoint.name},
             {pair.endpoint.address + (pair.endpoint.published ? "" : " (not published yet)")},
             {pair.because}});
    }
    table.print(screen);
}

void print_all_notes(const Screen& screen, const std::vector<PairView>& pairs) {
    std::vector<Note> notes;
    for (const auto& pair : pairs) {
        for (const auto& note : notes_of(pair)) {
            notes.push_back({note.ink, pair.pair + ": " + note.text});
        }
    }
    if (!notes.empty()) {
        screen.stream << "\n";
        print_notes(screen, notes);
    }
}

Answer<ExitStatus> show_all(Session& session) {
    const auto body = session.get("/v1/status");
    if (!body) {
        return tl::unexpected(body.error());
    }
    const auto controller = read_controller(*body);
    if (!controller) {
        return tl::unexpected(controller.error());
    }
    if (session.json()) {
        session.print_json(*body);
    } else if (controller->pairs.empty()) {
        print_no_pairs(session.out(), *controller);
    } else {
        print_pairs(session.out(), controller->pairs);
        print_all_notes(session.out(), controller->pairs);
    }
    return status_of(controller->pairs);
}

} // namespace

void add_status(CLI::App& app, const Choose& choose) {
    auto* verb = app.add_subcommand("status", "Show how pairs are: all in a table, or one in full");
    const auto pair = std::make_shared<std::string>();
    verb->add_option("PAIR", *pair, "The pair's name; without it: all")
        ->type_name("")
        ->check(check_pair_name);
    give_examples(*verb, {"lockstep status", "lockstep status shop",
                          "lockstep status --json | jq '.pairs[].phase'",
                          "lockstep status > /dev/null || echo \"not everything is in sync\""});
    verb->callback([pair, choose] {
        choose([pair](Session& session) {
            return pair->empty() ? show_all(session) : show_one(session, *pair);
        });
    });
}

} // namespace lockstep::cli
