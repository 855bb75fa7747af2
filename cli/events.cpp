#include <limits>
#include <memory>
#include <ostream>

#include "cli/table.h"
#include "cli/verbs.h"
#include "cli/views.h"

namespace lockstep::cli {
namespace {

struct EventsOptions {
    std::string pair;
    std::uint64_t after = 0;
    std::uint32_t limit = 100;
    bool follow = false;
};

constexpr std::chrono::milliseconds follow_every{500};

Ink ink_of(const std::string& severity) {
    if (severity == "alarm") {
        return Ink::red;
    }
    return severity == "warning" ? Ink::yellow : Ink::plain;
}

void print_events(const Screen& screen, const std::vector<EventView>& events, bool with_titles) {
    // Piped into grep, an event is one line.
    const Screen shown{screen.stream, screen.is_terminal, screen.colours, screen.unicode,
                       screen.is_terminal ? screen.width : std::numeric_limits<std::size_t>::max()};
    Table table({{"TIME", Table::Fit::whole, 24},
                 {"PAIR", Table::Fit::whole, 8},
                 {"MEMBER", Table::Fit::whole, 6},
                 {"SEVERITY", Table::Fit::whole, 8},
                 {"KIND", Table::Fit::whole, 14},
                 {"MESSAGE", Table::Fit::flexible}});
    for (const auto& event : events) {
        table.add({{event.time},
                   {event.pair.empty() ? "-" : event.pair},
                   {event.member.empty() ? "-" : event.member},
                   {event.severity, ink_of(event.severity)},
                   {event.kind},
                   {event.message}});
    }
    if (with_titles) {
        table.print(shown);
    } else {
        table.print_rows(shown);
    }
    shown.stream << std::flush;
}

Answer<std::string> ask_events(Session& session, const EventsOptions& options,
                               std::uint64_t after) {
    ApiRequest request{"GET", "/v1/events", {}, ""};
    request.query["after"] = std::to_string(after);
    request.query["limit"] = std::to_string(options.limit);
    if (!options.pair.empty()) {
        request.query["pair"] = options.pair;
    }
    return session.ask(request);
}

/// One object a line, so that a reader need not wait for the end.
void print_lines(const Session& session, const std::vector<EventView>& events) {
    for (const auto& event : events) {
        session.print_json(event.json);
    }
}

/// Goes on until the user ends it; a controller that is away for a while is waited for.
Answer<ExitStatus> follow(Session& session, const EventsOptions& options) {
    auto after = options.after;
    bool with_titles = true;
    bool away = false;
    while (true) {
        const auto body = ask_events(session, options, after);
        if (!body && (with_titles || body.error().status != ExitStatus::unreachable)) {
            return tl::unexpected(body.error());
        }
        if (!body && !away) {
            session.err().stream << "lockstep: " << body.error().message << " Trying again.\n"
                                 << std::flush;
        }
        away = !body;
        const auto events = body ? read_events(*body) : std::vector<EventView>{};
        if (!events) {
            return tl::unexpected(events.error());
        }
        if (session.json()) {
            print_lines(session, *events);
        } else if (with_titles || !events->empty()) {
            print_events(session.out(), *events, with_titles);
        }
        with_titles = false;
        after = events->empty() ? after : events->back().id;
        if (!session.out().stream) {
            return ExitStatus::done; // Nobody reads any more.
        }
        session.clock().sleep(follow_every);
    }
}

Answer<ExitStatus> show_events(Session& session, const EventsOptions& options) {
    if (options.follow) {
        return follow(session, options);
    }
    const auto body = ask_events(session, options, options.after);
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (session.json()) {
        session.print_json(*body);
        return ExitStatus::done;
    }
    const auto events = read_events(*body);
    if (!events) {
        return tl::unexpected(events.error());
    }
    if (events->empty()) {
        session.out().stream << "No events.\n";
        return ExitStatus::done;
    }
    print_events(session.out(), *events, true);
    return ExitStatus::done;
}

} // namespace

void add_events(CLI::App& app, const Choose& choose) {
    auto* verb = app.add_subcommand("events", "Show what happened, what was decided, and why");
    const auto options = std::make_shared<EventsOptions>();
    verb->add_option("PAIR", options->pair, "Only events of this pair")
        ->type_name("")
        ->check(check_pair_name);
    verb->add_flag("--follow,-f", options->follow, "Go on showing new ones, until Ctrl-C");
    verb->add_option("--after", options->after, "Only events after the one with this id")
        ->type_name("ID");
    verb->add_option("--limit", options->limit,
                     "At most so many: the newest, or with --after the next (default 100)")
        ->type_name("N")
        ->check(CLI::Range(1U, 1000U).description(""));
    give_examples(*verb, {"lockstep events", "lockstep events shop --follow",
                          "lockstep events --json | jq '.events[] | select(.severity==\"alarm\")'",
                          "lockstep events --follow --json     (an event a line)"});
    verb->callback([options, choose] {
        choose([options](Session& session) { return show_events(session, *options); });
    });
}

} // namespace lockstep::cli
