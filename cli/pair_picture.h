#pragma once

#include <string>

#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/views.h"

namespace lockstep::cli {

/// One pair for people: phase and reason, who streams to whom, names, members, policy, and what
/// an operator should know, in sentences.
void print_pair(const Screen& screen, const PairView& pair);

/// "in sync" and no alarm.
[[nodiscard]] bool is_well(const PairView& pair);
[[nodiscard]] Ink ink_of(const PairView& pair);
/// "in sync, paused"
[[nodiscard]] std::string phase_words(const PairView& pair);
/// How far the member is behind the primary: "0 B", "3.1 MiB", "other history"; "-" if not known.
[[nodiscard]] std::string lag_of(const PairView& pair, const MemberView& member);
/// What an operator should know of a pair, in sentences: alarms, what is wrong, RPO notes.
struct Note {
    Ink ink = Ink::plain;
    std::string text;
};
[[nodiscard]] std::vector<Note> notes_of(const PairView& pair);
void print_notes(const Screen& screen, const std::vector<Note>& notes);
/// "b: cloning from a, 1.2 GiB of 3.4 GiB (35 %)"
[[nodiscard]] std::string show_job(const MemberView& member);

} // namespace lockstep::cli
