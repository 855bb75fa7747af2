#include "controller/api/request_bodies.h"

#include "controller/api/strict_object.h"

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
    const auto name = body->text("name");
    if (auto pair = parse_pair_name(name); pair) {
        request.pair = *pair;
    } else if (!name.empty()) {
        body->mistake(pair.error().message);
    }
    request.engine = body->word("engine", {"postgresql", "mysql", "mariadb"}, "postgresql");
    fill_members(*body, request);
    request.policy = policy_in(*body);
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

Result<void> parse_nothing(std::string_view text) {
    auto body = StrictObject::parse(text);
    if (!body) {
        return tl::unexpected(body.error());
    }
    return body->finish();
}

} // namespace lockstep
