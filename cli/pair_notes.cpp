#include "cli/humanise.h"
#include "cli/pair_picture.h"
#include "cli/wrap.h"

#include <ostream>

namespace lockstep::cli {
namespace {

void add_member_notes(const MemberView& member, std::vector<Note>& notes) {
    const auto add = [&](Ink ink, const std::string& text) {
        if (!text.empty()) {
            notes.push_back({ink, member.id + ": " + text});
        }
    };
    for (const auto& alarm : member.alarms) {
        add(Ink::red, alarm);
    }
    add(Ink::red, member.lowered);
    if (!member.unfit.empty()) {
        add(Ink::yellow, "cannot be in sync: " + member.unfit);
    }
    if (!member.door.empty()) {
        add(Ink::yellow, "lets no client in: " + member.door);
    }
    if (member.server == "stopped" && !member.death.empty()) {
        add(Ink::yellow, "its server ended: " + member.death);
    }
    if (!member.connected) {
        add(Ink::yellow, "its agent has no connection with the controller; last heard of " +
                             show_span(member.silent) + " ago");
    }
    for (const auto& note : member.rpo_notes) {
        add(Ink::yellow, note);
    }
}

} // namespace

std::vector<Note> notes_of(const PairView& pair) {
    std::vector<Note> notes;
    if (pair.alarm) {
        notes.push_back({Ink::red, "ALARM: " + pair.because});
    }
    if (pair.paused) {
        notes.push_back({Ink::yellow, "Paused: no failover, no rebuild, no replacement, until "
                                      "`lockstep resume " +
                                          pair.pair + "`."});
    }
    if (!pair.final_snapshot.empty()) {
        notes.push_back({Ink::yellow, "It is deleted once its final snapshot " +
                                          pair.final_snapshot + " is taken."});
    }
    for (const auto& laggard : pair.endpoint.laggards) {
        notes.push_back({Ink::yellow, "Does not answer with the new address yet: " + laggard});
    }
    for (const auto& member : pair.members) {
        add_member_notes(member, notes);
    }
    return notes;
}

void print_notes(const Screen& screen, const std::vector<Note>& notes) {
    for (const auto& note : notes) {
        screen.stream << painted(screen, note.ink, either(screen, "● ", "* "));
        const auto text = paragraph("  ", harmless(note.text), screen.width);
        screen.stream << text.substr(2);
    }
}

std::string show_job(const MemberView& member) {
    if (!member.job) {
        return {};
    }
    const auto& job = *member.job;
    auto text = member.id + ": " + job.what;
    if (job.total_bytes > 0) {
        // A base that grows while it is copied can pass what was announced.
        const auto percent = std::min<std::uint64_t>(
            99, static_cast<std::uint64_t>(100.0 * static_cast<double>(job.done_bytes) /
                                           static_cast<double>(job.total_bytes)));
        text += ", " + show_bytes(job.done_bytes) + " of " + show_bytes(job.total_bytes) + " (" +
                std::to_string(percent) + " %)";
    } else if (job.done_bytes > 0) {
        text += ", " + show_bytes(job.done_bytes);
    }
    return text;
}

} // namespace lockstep::cli
