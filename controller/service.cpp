#include "controller/service.h"

#include "controller/join_token.h"
#include "controller/member_of_agent.h"
#include "controller/zone_building.h"
#include "platform/clock.h"

namespace lockstep {
namespace {

std::string in_words(const HostPort& at) {
    const bool v6 = at.address.find(':') != std::string::npos;
    return (v6 ? "[" + at.address + "]" : at.address) + ":" + std::to_string(at.port);
}

Event asked_event(std::string kind, const PairName& pair, const MemberId& member,
                  std::string message) {
    auto event = make_event(std::move(kind), Severity::info, std::move(message));
    event.pair = pair;
    event.member = member;
    return event;
}

} // namespace

Service::Service(Parts parts) : parts_(std::move(parts)) {}

Result<std::shared_ptr<PairLoop>> Service::loop_of(const PairName& name) const {
    if (auto loop = parts_.pairs.find(name)) {
        return loop;
    }
    return fail(Errc::unreachable,
                "there is no pair \"" + name + "\": `lockstep status` lists those there are");
}

PairStatus Service::status_of(const PairLoop& loop) const {
    PairStatus status;
    status.record = loop.record();
    status.phase = loop.decision().phase;
    status.because = loop.decision().because;
    status.alarm = loop.decision().alarm;
    status.deletion_protection = parts_.deletions.is_protected(status.record.pair);
    status.deletion = parts_.snapshots.final_order_of(status.record.pair);
    const auto view = loop.view();
    for (const auto& [id, member] : status.record.members) {
        MemberStatus told;
        told.member = member;
        told.role = goal_for(status.record, id).role;
        told.in_sync = status.record.in_sync.contains(id);
        told.seen = view.members.at(id);
        status.members.push_back(std::move(told));
    }
    status.endpoint = parts_.publisher.status(endpoint_of(status.record));
    return status;
}

std::vector<AgentStatus> Service::agents() const {
    std::vector<AgentStatus> agents;
    const auto now = boot_time();
    for (const auto& [id, known] : parts_.hub.agents()) {
        AgentStatus agent;
        agent.member = id;
        if (const auto loop = parts_.pairs.of_member(id)) {
            agent.pair = loop->record().pair;
        }
        agent.zone = known.hello.zone;
        agent.host = known.hello.host;
        agent.address = known.hello.address;
        agent.port = known.hello.port;
        agent.engine = known.hello.engine;
        agent.connected = known.connected;
        agent.silent = parts_.observer.view_of(id, Timings{}, now).silent;
        agents.push_back(std::move(agent));
    }
    return agents;
}

Awaitable<Result<ControllerStatus>> Service::status() {
    ControllerStatus status;
    status.store_id = parts_.store.store_id();
    status.head = parts_.head();
    status.zone = parts_.config.zone;
    for (const auto& at : parts_.config.dns) {
        status.dns_servers.push_back(in_words(at));
    }
    for (const auto& loop : parts_.pairs.all()) {
        status.pairs.push_back(status_of(*loop));
    }
    status.agents = agents();
    co_return status;
}

Awaitable<Result<PairStatus>> Service::pair(PairName name) {
    const auto loop = loop_of(name);
    if (!loop) {
        co_return tl::unexpected(loop.error());
    }
    co_return status_of(**loop);
}

Awaitable<Result<std::vector<Event>>> Service::events(StateStore::EventQuery query) {
    auto read = [query](StateStore& store) { return store.events(query); };
    co_return co_await parts_.store.call(read);
}

Awaitable<Result<std::vector<std::string>>> Service::incident(PairName name,
                                                              std::int64_t since_unix_ms) {
    const auto loop = loop_of(name);
    if (!loop) {
        co_return tl::unexpected(loop.error());
    }
    co_return co_await parts_.flights.lines(std::move(name), since_unix_ms);
}

Result<Member> Service::free_member(const MemberId& id, MemberKind kind,
                                    const std::string& engine) const {
    if (const auto loop = parts_.pairs.of_member(id)) {
        return fail(Errc::refused, "agent " + id + " is a member of pair " + loop->record().pair +
                                       " already: an agent serves one pair");
    }
    if (being_taken_.contains(id)) {
        return fail(Errc::conflict,
                    "agent " + id + " is just being taken into a pair by another request");
    }
    const auto known = parts_.hub.agents().find(id);
    if (known == parts_.hub.agents().end()) {
        return fail(Errc::unreachable, "no agent \"" + id +
                                           "\" has connected to this controller: join its host "
                                           "(`lockstep token create " +
                                           id + "`) and start `lockstepd agent` there");
    }
    return member_of_agent(known->second, kind, engine);
}

Result<PairRecord> Service::checked_first_record(CreatePair request) const {
    auto name = parse_pair_name(request.pair);
    if (!name) {
        return tl::unexpected(name.error());
    }
    if (name->starts_with(name_server_prefix)) {
        return fail(Errc::refused, "pair name \"" + *name + "\": names that begin with " +
                                       std::string(name_server_prefix) +
                                       " are those of the name servers; choose another");
    }
    if (parts_.pairs.find(*name)) {
        return fail(Errc::conflict, "there is a pair \"" + *name + "\" already");
    }
    for (auto& member : request.members) {
        auto filled = free_member(member.id, member.kind, request.engine);
        if (!filled) {
            return tl::unexpected(filled.error());
        }
        member = std::move(*filled);
    }
    return first_record(request, next(Epoch{number(parts_.head())}));
}

Awaitable<Result<PairRecord>> Service::store_pair(PairRecord record, Protection protection,
                                                  Event event) {
    const std::vector<Event> events{std::move(event)};
    auto create = [record, events, protection](StateStore& store) {
        return store.create(record, events, protection);
    };
    for (const auto& [id, member] : record.members) {
        being_taken_.insert(id);
    }
    auto created = co_await parts_.store.call(create);
    for (const auto& [id, member] : record.members) {
        being_taken_.erase(id);
    }
    if (created) {
        EventLog::show(events);
        parts_.snapshots.forget_pair(created->pair); // A deleted one of this name.
        parts_.deletions.set_protection(created->pair, protection);
        parts_.pairs.add(*created);
        warn_of_shared_fate(*created);
    }
    co_return created;
}

Awaitable<Result<PairRecord>> Service::create_pair(CreatePair request, Asked asked) {
    const auto protection = request.deletion_protection ? Protection::on : Protection::off;
    auto record = checked_first_record(std::move(request));
    if (!record || asked.dry_run) {
        co_return record;
    }
    auto event = asked_event("pair_created", record->pair, record->primary,
                             "pair " + record->pair + " created by " + asked.who +
                                 ", its first primary is " + record->primary);
    co_return co_await store_pair(std::move(*record), protection, std::move(event));
}

void Service::warn_of_shared_fate(const PairRecord& record) {
    for (const auto& sentence : shared_fates(record)) {
        auto event = make_event("shared_fate", Severity::warning, sentence);
        event.pair = record.pair;
        event.revision = record.revision;
        parts_.events.add(std::move(event));
    }
}

Awaitable<Result<PairRecord>> Service::add_member(PairName name, MemberId member, MemberKind kind,
                                                  Asked asked) {
    const auto found = loop_of(name);
    if (!found) {
        co_return tl::unexpected(found.error());
    }
    const auto loop = *found;
    if (loop->record().members.contains(member)) {
        co_return fail(Errc::refused, member + " is a member of " + name + " already");
    }
    const auto filled = free_member(member, kind, loop->record().engine);
    if (!filled) {
        co_return tl::unexpected(filled.error());
    }
    PairLoop::Change change = [added = *filled](const PairRecord& record, const View&) {
        return with_member(record, added);
    };
    auto event = asked_event("member_added", name, member, member + " added by " + asked.who);
    being_taken_.insert(member);
    auto changed = co_await loop->change(std::move(change), std::move(event), asked.dry_run);
    being_taken_.erase(member);
    if (changed && !asked.dry_run) {
        warn_of_shared_fate(*changed);
    }
    co_return changed;
}

Awaitable<Result<PairRecord>> Service::remove_member(PairName name, MemberId member, Asked asked) {
    const auto found = loop_of(name);
    if (!found) {
        co_return tl::unexpected(found.error());
    }
    const auto loop = *found;
    PairLoop::Change change = [member, who = asked.who](const PairRecord& record, const View&) {
        return without_member(record, member, who);
    };
    auto event = asked_event("removal_asked", name, member,
                             "removal of " + member + " asked by " + asked.who);
    co_return co_await loop->change(std::move(change), std::move(event), asked.dry_run);
}

Awaitable<Result<PairRecord>> Service::fail_over(PairName name, FailoverRequest request,
                                                 Asked asked) {
    const auto found = loop_of(name);
    if (!found) {
        co_return tl::unexpected(found.error());
    }
    const auto loop = *found;
    request.asked_by = asked.who;
    auto event =
        asked_event("failover_asked", name, request.to,
                    "failover" + (request.to.empty() ? std::string() : " to " + request.to) +
                        " asked by " + asked.who);
    if (request.accept_data_loss) {
        event.severity = Severity::warning;
        event.message += ", accepting the loss of commits; the old primary was stopped thus: " +
                         request.fenced_by;
    }
    PairLoop::Change change = [request](const PairRecord& record, const View& view) {
        return with_failover(record, view, request);
    };
    co_return co_await loop->change(std::move(change), std::move(event), asked.dry_run);
}

Awaitable<Result<PairRecord>> Service::switch_over(PairName name, SwitchoverRequest request,
                                                   Asked asked) {
    const auto found = loop_of(name);
    if (!found) {
        co_return tl::unexpected(found.error());
    }
    const auto loop = *found;
    request.asked_by = asked.who;
    auto event =
        asked_event("switchover_asked", name, request.to,
                    "switchover" + (request.to.empty() ? std::string() : " to " + request.to) +
                        " asked by " + asked.who);
    PairLoop::Change change = [request](const PairRecord& record, const View& view) {
        return with_switchover(record, view, request);
    };
    co_return co_await loop->change(std::move(change), std::move(event), asked.dry_run);
}

Awaitable<Result<PairRecord>> Service::set_paused(PairName name, bool paused, Asked asked) {
    const auto found = loop_of(name);
    if (!found) {
        co_return tl::unexpected(found.error());
    }
    const auto loop = *found;
    PairLoop::Change change = [paused](const PairRecord& record, const View&) {
        return with_paused(record, paused);
    };
    auto event = asked_event(paused ? "paused" : "resumed", name, {},
                             (paused ? "paused by " : "resumed by ") + asked.who);
    co_return co_await loop->change(std::move(change), std::move(event), asked.dry_run);
}

Awaitable<Result<IssuedToken>> Service::create_token(MemberId member, Asked asked) {
    const auto id = parse_member_id(member);
    if (!id) {
        co_return tl::unexpected(id.error());
    }
    if (name_server_label(*id) == name_server_label("controller")) {
        co_return fail(Errc::refused, "member name \"controller\": it is this controller's own "
                                      "name in the zone; choose another");
    }
    IssuedToken issued;
    issued.member = *id;
    if (asked.dry_run) {
        co_return issued;
    }
    const auto secret = co_await parts_.enrolment.make_secret(*id);
    if (!secret) {
        co_return tl::unexpected(secret.error());
    }
    issued.expires_unix_ms = secret->expires_unix_ms;
    issued.token = join_token(*id, secret->text, parts_.enrolment.authority_fingerprint(),
                              in_words(parts_.config.agents));
    parts_.events.add(asked_event("token_made", {}, *id,
                                  "join token for " + *id + " made by " + asked.who +
                                      ", valid until " + format_time(issued.expires_unix_ms)));
    co_return issued;
}

} // namespace lockstep
