#include <memory>
#include <ostream>

#include "cli/humanise.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "cli/views.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

std::string way_back(const DivergenceView& kept) {
    return kept.rejoined.empty() ? "not yet" : kept.rejoined;
}

std::string commits_of(const DivergenceView& kept) {
    if (!kept.log.decoded) {
        return "decoding";
    }
    return kept.log.trouble.empty() ? std::to_string(kept.log.committed) : "?";
}

/// What a controller knows of others it only heard.
void print_sources(const Screen& screen, const std::vector<DivergenceSourceView>& sources) {
    for (const auto& source : sources) {
        std::string note;
        if (!source.told) {
            note = "has told nothing since this controller started: what it keeps is not shown.";
        } else if (!source.connected) {
            note = "is away for " + show_span(source.silent) + ": shown is what it said last.";
        }
        if (!note.empty()) {
            screen.stream << paragraph("  ", harmless("Agent " + source.member + " " + note),
                                       screen.width);
        }
    }
}

std::string date_of(const std::string& time) {
    return time.substr(0, 16); // To the minute.
}

void print_list(const Session& session, const DivergencesView& found) {
    const auto& screen = session.out();
    if (found.kept.empty()) {
        screen.stream << "No divergences are kept.\n";
    } else {
        Table table({{"ID"},
                     {"PAIR"},
                     {"KEPT"},
                     {"SINCE", Table::Fit::flexible},
                     {"COMMITS"},
                     {"SIZE"},
                     {"CAME BACK BY"},
                     {"REMOVED"}});
        for (const auto& kept : found.kept) {
            table.add({{kept.id, Ink::bold},
                       {kept.pair.empty() ? "-" : kept.pair},
                       {date_of(kept.time)},
                       {kept.fork},
                       {commits_of(kept)},
                       {show_bytes(kept.bytes + kept.overwritten_bytes)},
                       {way_back(kept)},
                       {kept.remove_time.substr(0, 10)}});
        }
        table.print(screen);
    }
    print_sources(screen, found.sources);
}

Answer<ExitStatus> list(Session& session, const std::string& pair) {
    const auto body =
        session.get(pair.empty() ? "/v1/divergences" : "/v1/pairs/" + pair + "/divergences");
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (session.json()) {
        session.print_json(*body);
        return ExitStatus::done;
    }
    const auto found = read_divergences(*body);
    if (!found) {
        return tl::unexpected(found.error());
    }
    print_list(session, *found);
    return ExitStatus::done;
}

class Page {
public:
    explicit Page(const Screen& screen) : screen_(screen) {}
    void line(const std::string& title, const std::string& text) {
        const auto shown = harmless(text);
        screen_.stream << paragraph(padded("  " + title, 16), shown.empty() ? "-" : shown,
                                    screen_.width);
    }

private:
    const Screen& screen_;
};

std::string counts_of(const DivergenceLogView& log) {
    if (!log.decoded) {
        return "being decoded: ask again";
    }
    auto text = std::to_string(log.committed) + " committed, " + std::to_string(log.rolled_back) +
                " rolled back, " + std::to_string(log.unfinished) + " unfinished; besides " +
                std::to_string(log.heartbeats) + " heartbeats of Lockstep's";
    return log.trouble.empty() ? text : text + " (" + log.trouble + ")";
}

void print_transactions(const Screen& screen, const DivergenceView& kept) {
    if (kept.transactions.empty()) {
        return;
    }
    Table table({{"NUMBER"},
                 {"ENDED", Table::Fit::flexible},
                 {"AT"},
                 {"CHANGES"},
                 {"IN", Table::Fit::flexible}});
    for (const auto& one : kept.transactions) {
        table.add({{one.id},
                   {one.end},
                   {one.position.empty() ? "-" : one.position},
                   {std::to_string(one.changes)},
                   {show_list(one.objects)}});
    }
    screen.stream << "\n";
    table.print(screen, 2);
    const auto all = kept.log.committed + kept.log.rolled_back + kept.log.unfinished;
    if (all > kept.transactions.size()) {
        screen.stream << "  … and " << all - kept.transactions.size()
                      << " more in transactions.txt there\n";
    }
}

/// What it means for those who ask whether something is lost.
constexpr auto meaning =
    "Commits here reached no other member. While a standby was in sync no client was told that "
    "they are safe, so nothing acknowledged is missing. Only if the primary had served alone and "
    "another member was then promoted by force (--accept-data-loss: `lockstep events` has it) were "
    "clients told so.";

void print_one(const Session& session, const DivergenceView& kept) {
    const auto& screen = session.out();
    screen.stream << painted(screen, Ink::bold, harmless(kept.id)) << "\n";
    Page page(screen);
    page.line("pair", kept.pair);
    page.line("kept", kept.time + " in epoch " + std::to_string(kept.epoch));
    page.line("why", kept.why);
    page.line("log", "from " + kept.fork + (kept.log.end.empty() ? "" : " to " + kept.log.end));
    page.line("transactions", counts_of(kept.log));
    page.line("size", show_bytes(kept.bytes) + " of log, " + show_bytes(kept.overwritten_bytes) +
                          " of files that the rewind overwrote");
    page.line("where", "host " + kept.host + ", " + kept.folder);
    page.line("removed", kept.remove_time + " by its agent; copy it away before, if it is needed");
    page.line("came back",
              way_back(kept) + (kept.rejoined_why.empty() ? "" : ": " + kept.rejoined_why));
    page.line("read it", kept.log.read_with.empty() ? "see README.txt there" : kept.log.read_with);
    print_transactions(screen, kept);
    screen.stream << "\n" << paragraph("  ", meaning, screen.width);
    print_sources(screen, kept.sources);
}

Answer<ExitStatus> show(Session& session, const std::string& id) {
    const auto body = session.get("/v1/divergences/" + id);
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (session.json()) {
        session.print_json(*body);
        return ExitStatus::done;
    }
    const auto kept = read_divergence(*body);
    if (!kept) {
        return tl::unexpected(kept.error());
    }
    print_one(session, *kept);
    return ExitStatus::done;
}

std::string check_id(const std::string& text) {
    const auto strange = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_");
    return strange == std::string::npos && !text.empty()
               ? std::string()
               : "\"" + harmless(text) + "\" is no id: `lockstep divergence list` shows them";
}

} // namespace

void add_divergence_list(CLI::App& divergence, const Choose& choose) {
    auto* verb = divergence.add_subcommand("list", "List what agents keep, the newest first");
    const auto pair = std::make_shared<std::string>();
    verb->add_option("PAIR", *pair, "Only of this pair")->type_name("")->check(check_pair_name);
    give_examples(*verb, {"lockstep divergence list", "lockstep divergence list shop",
                          "lockstep divergence list --json | jq '.divergences[].folder'"});
    verb->callback(
        [pair, choose] { choose([pair](Session& session) { return list(session, *pair); }); });
}

void add_divergence_show(CLI::App& divergence, const Choose& choose) {
    auto* verb = divergence.add_subcommand("show", "Show one: its transactions, and where it is");
    const auto id = std::make_shared<std::string>();
    verb->add_option("ID", *id, "As `lockstep divergence list` shows it")
        ->required()
        ->type_name("")
        ->check(check_id);
    give_examples(*verb, {"lockstep divergence show a-1795383200-rev12"});
    verb->callback([id, choose] { choose([id](Session& session) { return show(session, *id); }); });
}

} // namespace lockstep::cli
