#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "controller/operations.h"

/// How the API shows things (docs/api.md). Each returns a JSON text; a text from outside that is
/// no UTF-8 is shown with replacement characters rather than refused.
namespace lockstep {

[[nodiscard]] std::string view_of(const ControllerStatus& status);
[[nodiscard]] std::string view_of(const PairStatus& pair);
[[nodiscard]] std::string view_of_pairs(const ControllerStatus& status);
[[nodiscard]] std::string view_of_agents(const ControllerStatus& status);
[[nodiscard]] std::string view_of(const std::vector<Event>& events);
[[nodiscard]] std::string view_of(const IssuedToken& token);
/// A dry run makes no token.
[[nodiscard]] std::string view_of_token_not_made(const MemberId& member);
/// The lines are JSON objects already.
[[nodiscard]] std::string view_of_incident(const PairName& pair,
                                           const std::vector<std::string>& lines);
/// The table of rules (controller/decision/rules.h).
[[nodiscard]] std::string view_of_rules();

/// What a change left behind: the record as it is now.
[[nodiscard]] std::string view_of_change(const PairRecord& record);
/// What a dry run found: the record as it would be, and in sentences what would change.
[[nodiscard]] std::string view_of_dry_run(const PairRecord& record,
                                          const std::vector<std::string>& changes);
[[nodiscard]] std::string view_of_removal(const PairName& pair);
/// With the final snapshot that comes first; none: null, the pair is gone.
[[nodiscard]] std::string view_of_removal(const PairName& pair,
                                          const std::optional<SnapshotOrder>& first);
[[nodiscard]] std::string view_of_protection(const PairName& pair, Protection protection);
[[nodiscard]] std::string view_of_dry_removal(const PairName& pair,
                                              const std::vector<std::string>& changes);

/// {"error":{"code":…,"message":…}}
[[nodiscard]] std::string view_of_error(std::string_view code, std::string_view message);

} // namespace lockstep
