#include "controller/api/request_bodies.h"

#include "controller/api/strict_object.h"
#include "core/snapshot_id.h"

namespace lockstep {
namespace {

// A name that clients keep for longer than this makes a failover as long (DECISIONS.md 8).
constexpr std::int64_t longest_ttl_seconds = 30;
constexpr std::int64_t longest_replace_after_seconds = 604800; // A week.

MemberId member_id(StrictObject& object, const std::string& text) {
    if (text.empty()) {
        return {}; // Told already.
    }
    auto id = parse_member_id(text);
    if (!id) {
        object.mistake(id.error().message);
        return {};
    }
    return *id;
}

Policy policy_in(StrictObject& body) {
    auto object = body.object("policy");
    Policy policy;
    if (object.word("when_standby_lost", {"continue", "wait"}, "continue") == "wait") {
        policy.when_standby_lost = WhenStandbyLost::wait;
    }
    if (object.word("profile", {"lan", "wan"}, "lan") == "wan") {
        policy.profile = Profile::wan;
    }
    policy.dns_ttl_seconds = static_cast<std::uint32_t>(
        object.integer("dns_ttl_seconds", 1, longest_ttl_seconds, policy.dns_ttl_seconds));
    policy.replace_after_seconds = static_cast<std::uint32_t>(object.integer(
        "replace_after_seconds", 0, longest_replace_after_seconds, policy.replace_after_seconds));
    object.done();
    return policy;
}

PairName pair_name(StrictObject& object, const std::string& text) {
    if (text.empty()) {
        return {}; // Told already.
    }
    auto name = parse_pair_name(text);
    if (!name) {
        object.mistake(name.error().message);
        return {};
    }
    return *name;
}

/// At most one target; none is the end of all log.
RestoreTarget target_in(StrictObject& body) {
    auto object = body.object("target");
    RestoreTarget target;
    const auto unix_ms = object.integer("unix_ms", 1, INT64_MAX, 0);
    if (unix_ms > 0) {
        target.unix_ms = unix_ms;
    }
    const auto position = object.integer("position", 1, INT64_MAX, 0);
    if (position > 0) {
        target.position = Position{{}, static_cast<std::uint64_t>(position)};
    }
    target.transaction = object.text("transaction", "");
    target.exclusive = object.flag("exclusive", false);
    target.name = object.text("name", "");
    target.consistent = object.flag("consistent", false);
    const int chosen = int{target.unix_ms.has_value()} + int{target.position.has_value()} +
                       int{!target.transaction.empty()} + int{!target.name.empty()} +
                       int{target.consistent};
    if (chosen > 1) {
        object.mistake("\"target\" has more than one of unix_ms, position, transaction, name, "
                       "consistent");
    }
    if (target.exclusive && target.transaction.empty()) {
        object.mistake("\"target.exclusive\" is for a transaction");
    }
    object.done();
    return target;
}

void fill_members(StrictObject& body, CreatePair& request) {
    request.primary = member_id(body, body.text("primary"));
    for (const auto& text : body.texts("members")) {
        Member member;
        member.id = member_id(body, text);
        request.members.push_back(member);
    }
}

} // namespace

Result<CreatePair> parse_create_pair(std::string_view text) {
    auto body = StrictObject::parse(text);
    if (!body) {
        return tl::unexpected(body.error());
    }
    CreatePair request;
    request.pair = pair_name(*body, body->text("name"));
    request.engine = body->word("engine", {"postgresql", "mysql", "mariadb"}, "postgresql");
    fill_members(*body, request);
    request.policy = policy_in(*body);
    request.deletion_protection = body->flag("deletion_protection", false);
    return body->finish().map([&request] { return request; });
}

Result<DeletePair> parse_delete_pair(std::string_view text) {
    auto body = StrictObject::parse(text);
    if (!body) {
        return tl::unexpected(body.error());
    }
    DeletePair request;
    request.skip_final_snapshot = body->flag("skip_final_snapshot", false);
    request.final_snapshot = body->text("final_snapshot", "");
    if (!request.final_snapshot.empty()) {
        if (const auto name = parse_snapshot_name(request.final_snapshot); !name) {
            body->mistake(name.error().message);
        }
    }
    return body->finish().map([&request] { return request; });
}

Result<AddMember> parse_add_member(std::string_view text) {
    auto body = StrictObject::parse(text);
    if (!body) {
        return tl::unexpected(body.error());
    }
    AddMember request;
    request.member = member_id(*body, body->text("member"));
    if (body->word("kind", {"data", "spare"}, "data") == "spare") {
        request.kind = MemberKind::spare;
    }
    return body->finish().map([&request] { return request; });
}

Result<FailoverRequest> parse_failover(std::string_view text) {
    auto body = StrictObject::parse(text);
    if (!body) {
        return tl::unexpected(body.error());
    }
    FailoverRequest request;
    request.to = member_id(*body, body->text("to", ""));
    request.accept_data_loss = body->flag("accept_data_loss", false);
    request.fenced_by = body->text("fenced_by", "");
    return body->finish().map([&request] { return request; });
}

Result<SwitchoverRequest> parse_switchover(std::string_view text) {
    auto body = StrictObject::parse(text);
    if (!body) {
        return tl::unexpected(body.error());
    }
    SwitchoverRequest request;
    request.to = member_id(*body, body->text("to", ""));
    return body->finish().map([&request] { return request; });
}

Result<MemberId> parse_token_request(std::string_view text) {
    auto body = StrictObject::parse(text);
    if (!body) {
        return tl::unexpected(body.error());
    }
    const auto member = member_id(*body, body->text("member"));
    return body->finish().map([&member] { return member; });
}

Result<std::map<std::string, std::string>> parse_take_snapshot(std::string_view text) {
    auto body = StrictObject::parse(text);
    if (!body) {
        return tl::unexpected(body.error());
    }
    std::map<std::string, std::string> tags;
    for (const auto& tag : body->texts("tags")) {
        const auto equals = tag.find('=');
        if (equals == 0 || equals == std::string::npos) {
            body->mistake("tag \"" + tag + "\": KEY=VALUE is wanted");
            continue;
        }
        tags[tag.substr(0, equals)] = tag.substr(equals + 1);
    }
    return body->finish().map([&tags] { return tags; });
}

Result<ScheduleChange> parse_schedule(std::string_view text) {
    auto body = StrictObject::parse(text);
    if (!body) {
        return tl::unexpected(body.error());
    }
    constexpr std::int64_t longest_days = 35;
    constexpr std::int64_t largest_minimum = 100;
    ScheduleChange change;
    if (body->has("retention_days")) {
        change.retention_days =
            static_cast<std::uint32_t>(body->integer("retention_days", 0, longest_days, 0));
    }
    if (body->has("minimum")) {
        change.minimum =
            static_cast<std::uint32_t>(body->integer("minimum", 0, largest_minimum, 0));
    }
    if (body->has("window")) {
        change.window = body->text("window");
    }
    if (body->has("time_zone")) {
        change.time_zone = body->text("time_zone");
    }
    if (body->has("verify")) {
        change.verify = body->flag("verify", false);
    }
    return body->finish().map([&change] { return change; });
}

Result<RestoreRequest> parse_restore(std::string_view text) {
    auto body = StrictObject::parse(text);
    if (!body) {
        return tl::unexpected(body.error());
    }
    RestoreRequest request;
    request.origin.pair = pair_name(*body, body->text("pair"));
    request.origin.snapshot = body->text("snapshot", "");
    request.origin.target = target_in(*body);
    request.as = pair_name(*body, body->text("as"));
    request.to = member_id(*body, body->text("to"));
    request.standby = member_id(*body, body->text("standby", ""));
    request.policy = policy_in(*body);
    return body->finish().map([&request] { return request; });
}

Result<void> parse_nothing(std::string_view text) {
    auto body = StrictObject::parse(text);
    if (!body) {
        return tl::unexpected(body.error());
    }
    return body->finish();
}

} // namespace lockstep
