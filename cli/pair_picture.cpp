#include "cli/pair_picture.h"

#include <algorithm>
#include <ostream>

#include "cli/humanise.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

const MemberView* find_member(const PairView& pair, const std::string& id) {
    const auto found = std::find_if(pair.members.begin(), pair.members.end(),
                                    [&id](const MemberView& member) { return member.id == id; });
    return found == pair.members.end() ? nullptr : &*found;
}

std::string with_zone(const PairView& pair, const std::string& id) {
    const auto* member = find_member(pair, id);
    return member == nullptr || member->zone.empty() ? id : id + " (" + member->zone + ")";
}

void print_title(const Screen& screen, const PairView& pair) {
    const auto dot = either(screen, " · ", " | ");
    screen.stream << painted(screen, Ink::bold, pair.pair) << dot
                  << painted(screen, ink_of(pair), phase_words(pair)) << dot << pair.engine << dot
                  << "epoch " << pair.epoch << dot << "revision " << pair.revision << "\n"
                  << paragraph("  ", harmless(pair.because), screen.width) << "\n";
}

/// Who streams to whom, and what holds commits.
void print_stream(const Screen& screen, const PairView& pair) {
    const auto primary = with_zone(pair, pair.primary);
    std::string picture;
    if (!pair.granted.empty()) {
        picture = primary + either(screen, " ┄┄ letting in ┄┄▶ ", " .. letting in ..> ") +
                  with_zone(pair, pair.granted);
    } else if (!pair.standby.empty()) {
        picture = primary + either(screen, " ══ every commit ══▶ ", " == every commit ==> ") +
                  with_zone(pair, pair.standby);
    } else {
        picture = primary + either(screen, "   no standby in sync", "   no standby in sync");
    }
    screen.stream << "    " << painted(screen, ink_of(pair), picture) << "\n\n";
}

std::string owner_of(const PairView& pair, const std::string& address) {
    for (const auto& member : pair.members) {
        if (member.address == address) {
            return member.id + ", " + (member.id == pair.primary ? "primary" : "standby");
        }
    }
    return "no member";
}

void print_endpoint(const Screen& screen, const PairView& pair) {
    const auto& endpoint = pair.endpoint;
    const auto arrow = either(screen, "→ ", "-> ");
    std::vector<Table::Column> columns{{"NAME"}, {"ADDRESS"}, {"LEADS TO"}, {"STATE"}, {"TTL"}};
    const bool by_several = endpoint.publishers.size() > 1;
    if (by_several) {
        columns.push_back({"BY", Table::Fit::flexible});
    }
    Table table(std::move(columns));
    for (const auto& publisher : endpoint.publishers) {
        const auto state = publisher.published ? "published" : "not published yet";
        const auto ink = publisher.published ? Ink::green : Ink::yellow;
        for (const auto& [name, address] :
             {std::pair(publisher.name, endpoint.address),
              std::pair(publisher.read_only_name, endpoint.read_only_address)}) {
            std::vector<Cell> row{{name, Ink::bold},
                                  {arrow + address},
                                  {owner_of(pair, address)},
                                  {state, ink},
                                  {std::to_string(endpoint.ttl_seconds) + " s"}};
            if (by_several) {
                row.push_back({publisher.publisher});
            }
            table.add(std::move(row));
        }
    }
    table.print(screen, 2);
    screen.stream << "\n";
}

Cell agent_cell(const MemberView& member) {
    if (!member.connected) {
        return {"silent " + show_span(member.silent), Ink::red};
    }
    return {"ok", Ink::plain};
}

Cell sync_cell(const PairView& pair, const MemberView& member) {
    if (member.in_sync) {
        return {"yes", Ink::green};
    }
    return member.id == pair.granted ? Cell{"letting in", Ink::yellow} : Cell{"no", Ink::plain};
}

void print_members(const Screen& screen, const PairView& pair) {
    Table table({{"MEMBER"},
                 {"ROLE"},
                 {"IN SYNC"},
                 {"SERVER"},
                 {"ZONE", Table::Fit::flexible},
                 {"HOST", Table::Fit::flexible},
                 {"ADDRESS"},
                 {"LAG"},
                 {"AGENT", Table::Fit::flexible}});
    for (const auto& member : pair.members) {
        const auto role = member.kind == "spare" ? member.role + ", spare" : member.role;
        table.add({{member.id, Ink::bold},
                   {role},
                   sync_cell(pair, member),
                   {member.server.empty() ? "not known" : member.server},
                   {member.zone},
                   {member.host},
                   {member.address + ":" + std::to_string(member.port)},
                   {lag_of(pair, member)},
                   agent_cell(member)});
    }
    table.print(screen, 2);
}

void print_jobs(const Screen& screen, const PairView& pair) {
    for (const auto& member : pair.members) {
        if (member.job) {
            screen.stream << paragraph(
                "  ", harmless(show_job(member)) + ", for " + show_span(member.job->running_for),
                screen.width);
        }
    }
}

} // namespace

bool is_well(const PairView& pair) {
    return pair.phase == "in sync" && !pair.alarm;
}

Ink ink_of(const PairView& pair) {
    if (pair.alarm || pair.phase == "stranded") {
        return Ink::red;
    }
    return is_well(pair) ? Ink::green : Ink::yellow;
}

std::string phase_words(const PairView& pair) {
    return pair.phase + (pair.paused ? ", paused" : "") + (pair.alarm ? ", ALARM" : "");
}

std::string lag_of(const PairView& pair, const MemberView& member) {
    const auto* primary = find_member(pair, pair.primary);
    if (member.id == pair.primary || primary == nullptr || !primary->position || !member.position) {
        return "-";
    }
    if (primary->history != member.history) {
        return "other history";
    }
    // What the standby says may be newer than what the primary says.
    const auto behind = *primary->position > *member.position
                            ? *primary->position - *member.position
                            : std::uint64_t{0};
    return member.unit == "transactions" ? std::to_string(behind) + " tx" : show_bytes(behind);
}

void print_pair(const Screen& screen, const PairView& pair) {
    print_title(screen, pair);
    print_stream(screen, pair);
    print_endpoint(screen, pair);
    print_members(screen, pair);
    print_jobs(screen, pair);
    const auto when_lost = pair.policy.when_standby_lost == "wait"
                               ? "commits wait until one is back"
                               : "the primary goes on alone";
    screen.stream << paragraph("  ",
                               std::string("When the standby is lost ") + when_lost + " (profile " +
                                   pair.policy.profile + ").",
                               screen.width);
    if (pair.deletion_protection) {
        screen.stream << paragraph(
            "  ", "It is not deleted before `lockstep pair unprotect " + pair.pair + "`.",
            screen.width);
    }
    if (const auto notes = notes_of(pair); !notes.empty()) {
        screen.stream << "\n";
        print_notes(screen, notes);
    }
}

} // namespace lockstep::cli
