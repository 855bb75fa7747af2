#include <memory>
#include <ostream>

#include "cli/humanise.h"
#include "cli/snapshot_wait.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

std::string to_the_second(const std::string& time) {
    return time.empty() ? "-" : time.substr(0, 19) + "Z";
}

std::string state_of(const SnapshotView& snapshot) {
    return snapshot.damage.empty() ? snapshot.proof : "damaged";
}

Ink ink_of(const SnapshotView& snapshot) {
    return snapshot.damage.empty() ? Ink::plain : Ink::red;
}

/// "final shop-last": an operator's name of it.
std::string kind_of(const SnapshotView& snapshot) {
    const auto name = snapshot.tags.find("name");
    return snapshot.kind == "final" && name != snapshot.tags.end()
               ? snapshot.kind + " " + harmless(name->second)
               : snapshot.kind;
}

void print_table(const Screen& screen, const SnapshotsOfPairView& pair) {
    if (pair.snapshots.empty()) {
        return;
    }
    Table table({{"ID"}, {"KIND"}, {"TAKEN"}, {"PROVEN"}, {"SIZE"}, {"DATA"}});
    for (const auto& snapshot : pair.snapshots) {
        table.add({{snapshot.id, Ink::bold},
                   {kind_of(snapshot)},
                   {to_the_second(snapshot.begun_time)},
                   {state_of(snapshot), ink_of(snapshot)},
                   {show_bytes(snapshot.bytes)},
                   {show_bytes(snapshot.data_bytes)}});
    }
    table.print(screen, 2);
}

void line(const Screen& screen, const std::string& text) {
    screen.stream << paragraph("  ", harmless(text), screen.width);
}

/// What is going on, and what stands in the way.
void print_notes(const Screen& screen, const SnapshotsOfPairView& pair) {
    if (!pair.deleted_time.empty()) {
        line(screen, "The pair was deleted " + pair.deleted_time + "; its snapshots are in " +
                         pair.repository + ", and can be restored." +
                         (pair.told ? "" : " They are listed as they were then."));
    } else if (!pair.told) {
        const auto who = pair.archiver.empty()
                             ? std::string("Nobody keeps its snapshots until its primary serves")
                             : "Agent " + pair.archiver + " has told nothing yet";
        if (pair.repository.empty()) {
            line(screen, who + ": its snapshots are not shown.");
            return;
        }
        line(screen, who + ": they are shown as the agent before told of them.");
    }
    if (pair.repository.empty()) {
        line(screen, "Agent " + pair.archiver +
                         " has no repository: nothing is taken, and no log is kept.");
        return;
    }
    if (pair.snapshots.empty()) {
        line(screen, "No snapshots in " + pair.repository + ".");
    }
    if (!pair.latest_time.empty()) {
        line(screen,
             "Restorable to any time from " + pair.earliest_time + " to " + pair.latest_time + ".");
    }
    for (const auto& text : {pair.gap, pair.trouble}) {
        if (!text.empty()) {
            line(screen, text);
        }
    }
    for (const auto& job : pair.jobs) {
        if (job.state == "running" || job.state == "waiting") {
            line(screen, job.work + " " + job.id + ": " + show_step(job));
        }
    }
    for (const auto& failure : pair.failures) {
        line(screen, "To " + failure.work + " " + failure.id + " failed: " + failure.trouble);
    }
}

Answer<std::vector<SnapshotsOfPairView>> ask(Session& session, const std::string& path,
                                             std::string* json) {
    const auto body = session.get(path);
    if (!body) {
        return tl::unexpected(body.error());
    }
    *json = *body;
    return read_snapshots(*body);
}

Answer<ExitStatus> list(Session& session, const std::string& pair) {
    std::string json;
    const auto found =
        ask(session, pair.empty() ? "/v1/snapshots" : "/v1/pairs/" + pair + "/snapshots", &json);
    if (!found) {
        return tl::unexpected(found.error());
    }
    if (session.json()) {
        session.print_json(json);
        return ExitStatus::done;
    }
    const auto& screen = session.out();
    for (const auto& one : *found) {
        screen.stream << painted(screen, Ink::bold, harmless(one.pair))
                      << (one.deleted_time.empty() ? "" : " (deleted)") << "\n";
        print_table(screen, one);
        print_notes(screen, one);
    }
    if (found->empty()) {
        screen.stream << "There are no pairs.\n";
    }
    return ExitStatus::done;
}

void field(const Screen& screen, const std::string& title, const std::string& text) {
    const auto shown = harmless(text);
    screen.stream << paragraph(padded("  " + title, 14), shown.empty() ? "-" : shown, screen.width);
}

void print_one(const Screen& screen, const SnapshotsOfPairView& pair, const SnapshotView& one) {
    screen.stream << painted(screen, Ink::bold, harmless(one.id)) << "\n";
    field(screen, "pair",
          pair.pair + (pair.deleted_time.empty() ? "" : ", deleted " + pair.deleted_time));
    field(screen, "kind", one.kind + (one.keep ? ", kept" : ""));
    field(screen, "taken", one.begun_time + " from " + one.taken_from);
    field(screen, "consistent", one.end_time + ", the earliest time that it can be restored to");
    field(screen, "engine", one.engine + " " + one.version);
    field(screen, "size",
          show_bytes(one.bytes) + " for " + show_bytes(one.data_bytes) + " of data");
    field(screen, "proven",
          one.proved_time.empty() ? one.proof
                                  : one.proof + " " + one.proved_time + ", which took " +
                                        show_span(std::chrono::milliseconds(one.restore_ms)));
    if (!one.damage.empty()) {
        field(screen, "damaged", one.damage);
    }
    std::string tags;
    for (const auto& [key, value] : one.tags) {
        tags += (tags.empty() ? "" : ", ") + key + "=" + value;
    }
    field(screen, "tags", tags);
    field(screen, "where", pair.repository);
}

Answer<ExitStatus> show(Session& session, const std::string& id) {
    std::string json;
    const auto found = ask(session, "/v1/snapshots", &json);
    if (!found) {
        return tl::unexpected(found.error());
    }
    for (const auto& pair : *found) {
        for (const auto& one : pair.snapshots) {
            if (one.id != id) {
                continue;
            }
            if (session.json()) {
                const auto picked = pick_snapshot_json(json, id);
                if (!picked) {
                    return tl::unexpected(picked.error());
                }
                session.print_json(*picked);
                return ExitStatus::done;
            }
            print_one(session.out(), pair, one);
            return ExitStatus::done;
        }
    }
    return give_up(ExitStatus::no_such_thing, "no agent told of a snapshot \"" + harmless(id) +
                                                  "\": `lockstep snapshot list` shows them");
}

} // namespace

void add_snapshot_list(CLI::App& snapshot, const Choose& choose) {
    auto* verb = snapshot.add_subcommand("list", "List snapshots, and to which times one can go");
    const auto pair = std::make_shared<std::string>();
    verb->add_option("PAIR", *pair, "Only of this pair")->type_name("")->check(check_pair_name);
    give_examples(*verb, {"lockstep snapshot list", "lockstep snapshot list shop",
                          "lockstep snapshot list shop --json | jq '.pairs[0].restorable'"});
    verb->callback(
        [pair, choose] { choose([pair](Session& session) { return list(session, *pair); }); });
}

void add_snapshot_show(CLI::App& snapshot, const Choose& choose) {
    auto* verb = snapshot.add_subcommand("show", "Show one snapshot");
    const auto id = std::make_shared<std::string>();
    add_snapshot_id(*verb, *id);
    give_examples(*verb, {"lockstep snapshot show shop-20261126t034500z-a1b2"});
    verb->callback([id, choose] { choose([id](Session& session) { return show(session, *id); }); });
}

} // namespace lockstep::cli
