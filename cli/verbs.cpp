#include "cli/verbs.h"

#include <ostream>

#include "cli/views.h"
#include "cli/wrap.h"
#include "core/ids.h"
#include "core/snapshot_id.h"

namespace lockstep::cli {

void give_examples(CLI::App& verb, const std::vector<std::string>& examples) {
    std::string text = "Examples:\n";
    for (const auto& example : examples) {
        text += "  " + example + "\n";
    }
    text += "\n--controller, --identity, --json, --timeout: see `lockstep --help`.";
    verb.footer(text);
}

void add_dry_run(CLI::App& verb, bool& dry_run) {
    verb.add_flag("--dry-run", dry_run, "Check everything, say what would change, change nothing");
}

std::string check_pair_name(const std::string& text) {
    const auto name = parse_pair_name(text);
    return name ? std::string() : name.error().message;
}

std::string check_member_name(const std::string& text) {
    const auto id = parse_member_id(text);
    return id ? std::string() : id.error().message;
}

std::string check_snapshot_name(const std::string& text) {
    const auto name = parse_snapshot_name(text);
    return name ? std::string() : name.error().message;
}

void add_pair_name(CLI::App& verb, std::string& pair) {
    verb.add_option("PAIR", pair, "The pair's name")
        ->required()
        ->type_name("")
        ->check(check_pair_name);
}

void add_member_name(CLI::App& verb, std::string& member) {
    verb.add_option("MEMBER", member, "The member's name: `name` in its agent's configuration")
        ->required()
        ->type_name("")
        ->check(check_member_name);
}

void add_snapshot_id(CLI::App& verb, std::string& id) {
    const auto check = [](const std::string& text) {
        const auto strange = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_");
        return strange == std::string::npos && !text.empty()
                   ? std::string()
                   : "\"" + harmless(text) + "\" is no id: `lockstep snapshot list` shows them";
    };
    verb.add_option("ID", id, "As `lockstep snapshot list` shows it")
        ->required()
        ->type_name("")
        ->check(check);
}

Answer<ExitStatus> show_dry_run(Session& session, const std::string& body) {
    if (session.json()) {
        session.print_json(body);
        return ExitStatus::done;
    }
    const auto change = read_change(body);
    if (!change) {
        return tl::unexpected(change.error());
    }
    const auto& screen = session.out();
    screen.stream << "Dry run, nothing was changed. Without --dry-run:\n";
    for (const auto& line : change->changes) {
        screen.stream << paragraph("  - ", harmless(line), screen.width);
    }
    return ExitStatus::done;
}

Answer<ExitStatus> show_change(Session& session, const Answer<std::string>& body, bool dry_run,
                               const std::string& words) {
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (dry_run) {
        return show_dry_run(session, *body);
    }
    if (session.json()) {
        session.print_json(*body);
    } else {
        session.out().stream << paragraph("", words, session.out().width);
    }
    return ExitStatus::done;
}

} // namespace lockstep::cli
