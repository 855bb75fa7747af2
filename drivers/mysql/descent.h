#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/position.h"
#include "drivers/mysql/gtid_set.h"

namespace lockstep::mysql {

/// One row of lockstep.history: from here on this server writes.
struct Reign {
    std::uint64_t number = 0; // 1, 2, 3 …
    std::string writer;       // MySQL: server_uuid. MariaDB: server_id.
    std::string mark;         // Drawn at random, so that no other reign is equal to it.
    GtidSet began;            // Everything that was held when it began.
    friend bool operator==(const Reign&, const Reign&) = default;
};

/// Who wrote, oldest first: what a history is for these engines (docs/decisions/0015).
struct Descent {
    std::vector<Reign> reigns;
    [[nodiscard]] bool known() const { return !reigns.empty(); }
    friend bool operator==(const Descent&, const Descent&) = default;
};

/// "mark:writer@gtids mark:writer@gtids"; the gtids of a first reign that began with nothing are
/// empty. Of a descent without reigns: not known.
[[nodiscard]] History to_history(const Descent& descent);
[[nodiscard]] Result<Descent> parse_history(Flavour flavour, const History& history);

/// Rows as `number, writer, mark, began`, ordered by number. Errors: `corrupt` (numbers with a
/// gap, an empty writer or mark, a set that does not parse).
struct ReignRow {
    std::string number, writer, mark, began;
};
[[nodiscard]] Result<Descent> to_descent(Flavour flavour, const std::vector<ReignRow>& rows);

/// The number of the last one of all; 0: the set is empty. MariaDB counts in one sequence, whoever
/// writes.
[[nodiscard]] std::uint64_t last_sequence(const GtidSet& set);

/// What `held` has beyond `descent`: everything that no reign of it wrote in its time. Empty: it
/// holds nothing but this history.
[[nodiscard]] GtidSet beyond(const Descent& descent, const GtidSet& held);
/// What `held` lacks of what every reign before the last one wrote.
[[nodiscard]] GtidSet lacking(const Descent& descent, const GtidSet& held);

/// Where a member with `held` is, or why that cannot be said: it holds more than the history or
/// less than where its last reign began, or the present writer's GTIDs have a gap (MySQL).
struct Place {
    Position position; // History unknown if `trouble` is not empty.
    std::string trouble;
};
[[nodiscard]] Place place_of(const Descent& descent, const GtidSet& held);

/// The last place that two descents have in common: everything that was held there.
struct Fork {
    std::size_t reigns = 0;  // How many they share; 0: they have nothing in common.
    GtidSet most;            // Nothing beyond this can be common.
    bool same_reign = false; // They are equal: both go on in the same reign.
};
[[nodiscard]] Fork fork_of(const Descent& left, const Descent& right);

} // namespace lockstep::mysql
