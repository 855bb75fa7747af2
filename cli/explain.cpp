#include <memory>
#include <ostream>
#include <set>

#include "cli/table.h"
#include "cli/verbs.h"
#include "cli/views.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

std::string spaced(std::string words) {
    for (auto& c : words) {
        c = c == '_' ? ' ' : c;
    }
    return words;
}

/// Rules come in order of their phase; the first that matches wins.
void print_rules(const Screen& screen, const std::vector<RuleView>& rules) {
    screen.stream << paragraph("",
                               "The life of a pair. In each phase the rules are read from top to "
                               "bottom; the first whose condition holds is what is done.",
                               screen.width);
    std::string phase;
    Table table({{"WHEN"}, {"DO"}, {"THEN"}, {"BECAUSE", Table::Fit::flexible}});
    const auto print_phase = [&] {
        if (!table.empty()) {
            screen.stream << "\n" << painted(screen, Ink::bold, harmless(phase)) << "\n";
            table.print(screen, 2);
        }
        table = Table({{"WHEN", Table::Fit::whole, 20},
                       {"DO", Table::Fit::whole, 9},
                       {"THEN", Table::Fit::whole, 9},
                       {"BECAUSE", Table::Fit::flexible}});
    };
    for (const auto& rule : rules) {
        if (rule.from != phase) {
            print_phase();
            phase = rule.from;
        }
        table.add({{spaced(rule.condition)},
                   {spaced(rule.action)},
                   {rule.to == rule.from ? "stays" : rule.to},
                   {rule.because}});
    }
    print_phase();
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : harmless(text)) {
        out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    }
    return out + "\"";
}

/// Graphviz: phases as nodes; rules that change nothing are left out.
void print_dot(const Screen& screen, const std::vector<RuleView>& rules) {
    screen.stream << "digraph pair {\n"
                     "    rankdir=LR;\n"
                     "    node [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
                     "    edge [fontname=\"sans-serif\", fontsize=10];\n";
    std::set<std::string> phases;
    for (const auto& rule : rules) {
        phases.insert({rule.from, rule.to});
    }
    for (const auto& phase : phases) {
        screen.stream << "    " << quoted(phase) << ";\n";
    }
    for (const auto& rule : rules) {
        if (rule.from != rule.to || (rule.action != "stay" && rule.action != "wait")) {
            screen.stream << "    " << quoted(rule.from) << " -> " << quoted(rule.to) << " [label="
                          << quoted(spaced(rule.condition) + " / " + spaced(rule.action))
                          << ", tooltip=" << quoted(rule.because) << "];\n";
        }
    }
    screen.stream << "}\n";
}

Answer<ExitStatus> explain(Session& session, bool dot) {
    const auto body = session.get("/v1/rules");
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (session.json()) {
        session.print_json(*body);
        return ExitStatus::done;
    }
    const auto rules = read_rules(*body);
    if (!rules) {
        return tl::unexpected(rules.error());
    }
    if (dot) {
        print_dot(session.out(), *rules);
    } else {
        print_rules(session.out(), *rules);
    }
    return ExitStatus::done;
}

} // namespace

void add_explain(CLI::App& app, const Choose& choose) {
    auto* verb = app.add_subcommand(
        "explain", "Print the rules by which the controller decides, as it has them");
    const auto dot = std::make_shared<bool>(false);
    verb->add_flag("--dot", *dot, "As a Graphviz state diagram");
    give_examples(*verb,
                  {"lockstep explain", "lockstep explain --dot | dot -Tsvg > life-of-a-pair.svg"});
    verb->callback(
        [dot, choose] { choose([dot](Session& session) { return explain(session, *dot); }); });
}

} // namespace lockstep::cli
