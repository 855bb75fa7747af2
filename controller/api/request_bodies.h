#pragma once

#include <map>
#include <string>
#include <string_view>

#include "controller/decision/requests.h"
#include "controller/operations.h"
#include "core/record.h"
#include "core/result.h"

/// What callers send, read strictly: an unknown key, a missing one or a wrong type is a mistake
/// that is named, with what is allowed. Errors: `refused`, with all mistakes.
namespace lockstep {

/// What becomes of the pair's snapshots; both may be left out.
[[nodiscard]] Result<DeletePair> parse_delete_pair(std::string_view body);
/// Members come with id and kind only.
[[nodiscard]] Result<CreatePair> parse_create_pair(std::string_view body);
struct AddMember {
    MemberId member;
    MemberKind kind = MemberKind::data;
};
[[nodiscard]] Result<AddMember> parse_add_member(std::string_view body);
/// `asked_by` is left empty.
[[nodiscard]] Result<FailoverRequest> parse_failover(std::string_view body);
[[nodiscard]] Result<SwitchoverRequest> parse_switchover(std::string_view text);
[[nodiscard]] Result<MemberId> parse_token_request(std::string_view body);
/// Tags, "KEY=VALUE" each.
[[nodiscard]] Result<std::map<std::string, std::string>> parse_take_snapshot(std::string_view body);
/// What is left out stays as it is.
[[nodiscard]] Result<ScheduleChange> parse_schedule(std::string_view body);
[[nodiscard]] Result<RestoreRequest> parse_restore(std::string_view body);
/// Nothing is wanted: an empty body, or an object without keys.
[[nodiscard]] Result<void> parse_nothing(std::string_view body);

} // namespace lockstep
