#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "snapshots/decision/catalogue.h"

namespace lockstep::snapshots {

/// How long a pair's automated snapshots stay. Manual and final ones stay until an operator
/// deletes them.
struct Retention {
    int days = 7;    // Every time within them can be restored. 0: no automated snapshots are taken.
    int minimum = 1; // So many sound automated ones stay, however old.
    friend bool operator==(const Retention&, const Retention&) = default;
};
/// Errors: `refused`, naming what is allowed.
[[nodiscard]] Result<void> check(const Retention& retention);

/// What a plan is a function of.
struct RetentionInput {
    Catalogue catalogue;
    Retention retention;
    std::int64_t now_unix_ms = 0;
    /// A snapshot is in the making: where it begins is known only at its end, so no log goes.
    bool taking = false;
    /// Something in the repository could not be read. What is not in the catalogue for that may
    /// need anything, so nothing goes at all.
    bool incomplete = false;
    /// The pair was deleted. Its automated snapshots go when `retained` is false, else as they
    /// would have gone, the last one too.
    bool pair_deleted = false;
    bool retained = false;
};

/// What becomes of a snapshot or a piece of the log, and why, in a sentence.
struct Verdict {
    std::string name; // A snapshot's id or a segment's name.
    std::string system_id;
    bool goes = false;
    std::uint64_t bytes = 0;
    std::string why;
    friend bool operator==(const Verdict&, const Verdict&) = default;
};
struct RetentionPlan {
    std::vector<Verdict> snapshots; // Oldest first.
    std::vector<Verdict> log;       // In the catalogue's order.
    std::uint64_t freed_bytes = 0;
    std::uint64_t kept_bytes = 0;
};

/// Decides what is kept and what goes.
///
/// An automated snapshot goes when it is older than the retention, every time within the retention
/// that can be restored can be restored without it, and enough sound ones are left. Log goes
/// when no kept snapshot can use it: of one that serves the retention's times, all log from its
/// begin on is kept; of any other (an old manual one), what makes it consistent.
[[nodiscard]] RetentionPlan plan_retention(const RetentionInput& input);

/// What of an older plan may still be carried out, seen against the catalogue of now: an entry
/// that changed, vanished or is needed meanwhile drops out, with the reason.
struct Confirmed {
    std::vector<Verdict> snapshots; // These may go now …
    std::vector<Verdict> log;       // … and after them these.
    std::vector<Verdict> dropped;   // These not, after all.
};
[[nodiscard]] Confirmed confirm(const RetentionPlan& plan, const RetentionInput& now);

/// Whether an operator may delete one snapshot. Errors: `unreachable`: there is none of that id;
/// `refused`: it is to be kept, or is the last sound one (which `even_the_last` consents to).
enum class Consent { none, even_the_last };
[[nodiscard]] Result<void> may_delete(const Catalogue& catalogue, const std::string& id,
                                      Consent consent);

} // namespace lockstep::snapshots
