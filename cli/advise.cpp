#include <memory>
#include <ostream>

#include <nlohmann/json.hpp>

#include "cli/snapshot_views.h"
#include "cli/verbs.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

/// One thing that was looked at.
struct Advice {
    std::string pair;
    std::string subject;
    std::string weight; // "green", "yellow", "unknown"
    std::string what;
    std::string mend; // A command; empty: there is nothing to mend.
};

Advice on_backup_window(const SnapshotsOfPairView& pair) {
    Advice advice{pair.pair, "backup window", "unknown", {}, {}};
    const auto& window = pair.plan.window;
    if (!pair.told) {
        advice.what = "its archiver has told nothing since the controller was started";
    } else if (pair.repository.empty()) {
        advice.what = "no log of it is kept, so it is not known when the least is written";
    } else if (window.quietest.empty()) {
        advice.what = window.why.empty() ? "its archiver has not looked yet" : window.why;
    } else if (window.quietest == window.present) {
        advice.weight = "green";
        advice.what = window.why;
    } else {
        advice.weight = "yellow";
        advice.what = window.why + " (" + window.time_zone + ")";
        advice.mend = "lockstep snapshot schedule " + pair.pair + " --window " + window.quietest;
    }
    return advice;
}

std::vector<Advice> advice_on(const std::vector<SnapshotsOfPairView>& pairs) {
    std::vector<Advice> all;
    for (const auto& pair : pairs) {
        if (pair.deleted_time.empty()) {
            all.push_back(on_backup_window(pair));
        }
    }
    return all;
}

std::string in_json(const std::vector<Advice>& all) {
    auto list = nlohmann::json::array();
    for (const auto& one : all) {
        list.push_back({{"pair", one.pair},
                        {"subject", one.subject},
                        {"weight", one.weight},
                        {"what", one.what},
                        {"mend", one.mend}});
    }
    return nlohmann::json{{"advice", std::move(list)}}.dump();
}

Ink ink_of(const Advice& advice) {
    if (advice.weight == "green") {
        return Ink::green;
    }
    return advice.weight == "yellow" ? Ink::yellow : Ink::faint;
}

void print(const Screen& screen, const Advice& advice) {
    screen.stream << painted(screen, Ink::bold, harmless(advice.pair)) << "  " << advice.subject
                  << ": " << painted(screen, ink_of(advice), advice.weight) << "\n"
                  << paragraph("  ", harmless(advice.what) + ".", screen.width);
    if (!advice.mend.empty()) {
        screen.stream << "  " << harmless(advice.mend) << "\n";
    }
}

Answer<ExitStatus> advise(Session& session, const std::string& pair) {
    const auto body =
        session.get(pair.empty() ? "/v1/snapshots" : "/v1/pairs/" + pair + "/snapshots");
    if (!body) {
        return tl::unexpected(body.error());
    }
    const auto pairs = read_snapshots(*body);
    if (!pairs) {
        return tl::unexpected(pairs.error());
    }
    const auto all = advice_on(*pairs);
    if (session.json()) {
        session.print_json(in_json(all));
        return ExitStatus::done;
    }
    for (const auto& advice : all) {
        print(session.out(), advice);
    }
    if (all.empty()) {
        session.out().stream << "There are no pairs.\n";
    }
    return ExitStatus::done;
}

} // namespace

void add_advise(CLI::App& app, const Choose& choose) {
    auto* verb = app.add_subcommand(
        "advise", "Say what would be better otherwise, by what was seen, and what mends it");
    const auto pair = std::make_shared<std::string>();
    verb->add_option("PAIR", *pair, "Only of this pair")->type_name("")->check(check_pair_name);
    give_examples(*verb, {"lockstep advise", "lockstep advise shop --json"});
    verb->callback(
        [pair, choose] { choose([pair](Session& session) { return advise(session, *pair); }); });
}

} // namespace lockstep::cli
