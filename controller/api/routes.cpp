#include "controller/api/routes.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "controller/api/changes.h"
#include "controller/api/divergence_views.h"
#include "controller/api/json_views.h"
#include "controller/api/request_bodies.h"
#include "controller/api/responses.h"
#include "controller/api/snapshot_views.h"

namespace lockstep {
namespace {

/// A request whose route is known. `names` are the parts of the path where the route has a `*`.
struct Call {
    HttpRequest request;
    std::vector<std::string> names;
    std::shared_ptr<Operations> operations;
    Operations::Asked asked;
};

using Handler = Awaitable<HttpResponse> (*)(Call);

struct Route {
    std::string_view method;
    std::string_view path;
    std::span<const std::string_view> parameters;
    Handler handler;
};

// ---- Questions ----

Awaitable<HttpResponse> get_status(Call call) {
    const auto status = co_await call.operations->status();
    co_return status ? respond(view_of(*status)) : respond(status.error());
}

Awaitable<HttpResponse> get_pairs(Call call) {
    const auto status = co_await call.operations->status();
    co_return status ? respond(view_of_pairs(*status)) : respond(status.error());
}

Awaitable<HttpResponse> get_agents(Call call) {
    const auto status = co_await call.operations->status();
    co_return status ? respond(view_of_agents(*status)) : respond(status.error());
}

Awaitable<HttpResponse> get_pair(Call call) {
    const auto name = call.names[0];
    const auto pair = co_await call.operations->pair(name);
    co_return pair ? respond(view_of(*pair)) : respond(pair.error());
}

Awaitable<HttpResponse> get_rules(Call /*call*/) {
    co_return respond(view_of_rules());
}

Result<std::uint64_t> number_in(const std::map<std::string, std::string>& query,
                                const std::string& key, std::uint64_t least, std::uint64_t most,
                                std::uint64_t fallback) {
    const auto found = query.find(key);
    if (found == query.end()) {
        return fallback;
    }
    const auto& text = found->second;
    const auto* end = text.data() + text.size();
    std::uint64_t value = 0;
    const auto [rest, trouble] = std::from_chars(text.data(), end, value);
    if (trouble != std::errc{} || rest != end || value < least || value > most) {
        return fail(Errc::refused, "parameter \"" + key + "\" is \"" + text +
                                       "\"; allowed: a whole number from " + std::to_string(least) +
                                       " to " + std::to_string(most));
    }
    return value;
}

Awaitable<HttpResponse> get_events(Call call) {
    constexpr std::uint64_t most_events = 1000;
    const auto& parameters = call.request.query;
    const auto after = number_in(parameters, "after", 0, INT64_MAX, 0);
    const auto limit = number_in(parameters, "limit", 1, most_events, 100);
    if (!after || !limit) {
        co_return respond_bad_request(after ? limit.error().message : after.error().message);
    }
    StateStore::EventQuery query;
    query.after_id = *after;
    query.most = *limit;
    if (const auto pair = parameters.find("pair"); pair != parameters.end()) {
        query.pair = pair->second;
    }
    const auto events = co_await call.operations->events(query);
    co_return events ? respond(view_of(*events)) : respond(events.error());
}

/// The lines are JSON already, and may be many: they are not parsed again.
Awaitable<HttpResponse> get_incident(Call call) {
    const auto since = number_in(call.request.query, "since", 0, INT64_MAX, 0);
    if (!since) {
        co_return respond_bad_request(since.error().message);
    }
    const auto name = call.names[0];
    const auto from = static_cast<std::int64_t>(*since);
    const auto lines = co_await call.operations->incident(name, from);
    co_return lines ? respond(view_of_incident(name, *lines)) : respond(lines.error());
}

Awaitable<HttpResponse> get_divergences(Call call) {
    const auto pair = call.names.empty() ? PairName{} : call.names[0];
    const auto found = co_await call.operations->divergences(pair);
    co_return found ? respond(view_of(*found)) : respond(found.error());
}

/// The last name is the divergence's, one before it the pair's.
Awaitable<HttpResponse> get_divergence(Call call) {
    const auto pair = call.names.size() == 1 ? PairName{} : call.names[0];
    const auto found = co_await call.operations->divergences(pair);
    if (!found) {
        co_return respond(found.error());
    }
    const auto view = view_of_divergence(*found, call.names.back());
    co_return view ? respond(*view) : respond(view.error());
}

Awaitable<HttpResponse> get_snapshots(Call call) {
    const auto pair = call.names.empty() ? PairName{} : call.names[0];
    const auto found = co_await call.operations->snapshots(pair);
    co_return found ? respond(view_of(*found)) : respond(found.error());
}

// ---- Changes ----

HttpResponse changed(const Call& call, const std::optional<PairRecord>& before,
                     const Result<PairRecord>& after) {
    if (!after) {
        return respond(after.error());
    }
    return respond(call.asked.dry_run ? view_of_dry_run(*after, describe_change(before, *after))
                                      : view_of_change(*after));
}

/// The record that a dry run is compared with.
Awaitable<Result<std::optional<PairRecord>>> record_before(Call call) {
    if (!call.asked.dry_run) {
        co_return std::optional<PairRecord>{};
    }
    const auto name = call.names[0];
    const auto pair = co_await call.operations->pair(name);
    if (!pair) {
        co_return tl::unexpected(pair.error());
    }
    co_return std::optional<PairRecord>{pair->record};
}

Awaitable<HttpResponse> create_pair(Call call) {
    auto request = parse_create_pair(call.request.body);
    if (!request) {
        co_return respond_bad_request(request.error().message);
    }
    const auto asked = call.asked;
    const auto after = co_await call.operations->create_pair(std::move(*request), asked);
    co_return changed(call, std::nullopt, after);
}

Awaitable<HttpResponse> delete_pair(Call call) {
    const auto request = parse_delete_pair(call.request.body);
    if (!request) {
        co_return respond_bad_request(request.error().message);
    }
    const auto before = co_await record_before(call);
    if (!before) {
        co_return respond(before.error());
    }
    const auto name = call.names[0];
    const auto asked = call.asked;
    const auto gone = co_await call.operations->delete_pair(name, *request, asked);
    if (!gone) {
        co_return respond(gone.error());
    }
    co_return respond(asked.dry_run
                          ? view_of_dry_removal(name, describe_removal(**before, *request))
                          : view_of_removal(name, *gone));
}

template <Protection protection> Awaitable<HttpResponse> protect(Call call) {
    if (const auto empty = parse_nothing(call.request.body); !empty) {
        co_return respond_bad_request(empty.error().message);
    }
    const auto name = call.names[0];
    const auto asked = call.asked;
    const auto before = co_await call.operations->pair(name);
    if (!before) {
        co_return respond(before.error());
    }
    const auto done = co_await call.operations->protect(name, protection, asked);
    if (!done) {
        co_return respond(done.error());
    }
    const auto was = before->deletion_protection ? Protection::on : Protection::off;
    co_return respond(asked.dry_run
                          ? view_of_dry_removal(name, describe_protection(name, was, protection))
                          : view_of_protection(name, protection));
}

/// What every change of one pair's record has in common.
template <class Request>
Awaitable<HttpResponse> change_record(Call call, Result<Request> request,
                                      Awaitable<Result<PairRecord>> (*change)(Call, Request)) {
    if (!request) {
        co_return respond_bad_request(request.error().message);
    }
    const auto before = co_await record_before(call);
    if (!before) {
        co_return respond(before.error());
    }
    const auto after = co_await change(call, std::move(*request));
    co_return changed(call, *before, after);
}

/// A body that says nothing.
struct Nothing {};
Result<Nothing> nothing_in(const Call& call) {
    return parse_nothing(call.request.body).map([] { return Nothing{}; });
}

Awaitable<HttpResponse> add_member(Call call) {
    auto request = parse_add_member(call.request.body);
    return change_record<AddMember>(
        std::move(call), std::move(request), [](Call asked, AddMember member) {
            return asked.operations->add_member(asked.names[0], member.member, member.kind,
                                                asked.asked);
        });
}

Awaitable<HttpResponse> remove_member(Call call) {
    auto nothing = nothing_in(call);
    return change_record<Nothing>(std::move(call), std::move(nothing), [](Call asked, Nothing) {
        return asked.operations->remove_member(asked.names[0], asked.names[1], asked.asked);
    });
}

Awaitable<HttpResponse> fail_over(Call call) {
    auto request = parse_failover(call.request.body);
    return change_record<FailoverRequest>(
        std::move(call), std::move(request), [](Call asked, FailoverRequest failover) {
            failover.asked_by = asked.asked.who;
            return asked.operations->fail_over(asked.names[0], std::move(failover), asked.asked);
        });
}

Awaitable<HttpResponse> switch_over(Call call) {
    auto request = parse_switchover(call.request.body);
    return change_record<SwitchoverRequest>(
        std::move(call), std::move(request), [](Call asked, SwitchoverRequest switchover) {
            switchover.asked_by = asked.asked.who;
            return asked.operations->switch_over(asked.names[0], std::move(switchover),
                                                 asked.asked);
        });
}

template <bool paused> Awaitable<HttpResponse> set_paused(Call call) {
    auto nothing = nothing_in(call);
    return change_record<Nothing>(std::move(call), std::move(nothing), [](Call asked, Nothing) {
        return asked.operations->set_paused(asked.names[0], paused, asked.asked);
    });
}

Awaitable<HttpResponse> create_token(Call call) {
    const auto member = parse_token_request(call.request.body);
    if (!member) {
        co_return respond_bad_request(member.error().message);
    }
    const auto id = *member;
    const auto asked = call.asked;
    const auto token = co_await call.operations->create_token(id, asked);
    if (!token) {
        co_return respond(token.error());
    }
    co_return respond(asked.dry_run ? view_of_token_not_made(id) : view_of(*token));
}

HttpResponse ordered(const Result<SnapshotOrder>& order, bool dry_run) {
    return order ? respond(view_of_order(*order, dry_run)) : respond(order.error());
}

Awaitable<HttpResponse> take_snapshot(Call call) {
    auto tags = parse_take_snapshot(call.request.body);
    if (!tags) {
        co_return respond_bad_request(tags.error().message);
    }
    const auto pair = call.names[0];
    const auto asked = call.asked;
    const auto order = co_await call.operations->take_snapshot(pair, std::move(*tags), asked);
    co_return ordered(order, asked.dry_run);
}

Awaitable<HttpResponse> set_schedule(Call call) {
    auto request = parse_schedule(call.request.body);
    return change_record<ScheduleChange>(
        std::move(call), std::move(request), [](Call asked, ScheduleChange change) {
            return asked.operations->set_schedule(asked.names[0], std::move(change), asked.asked);
        });
}

template <SnapshotWork work> Awaitable<HttpResponse> order_snapshot(Call call) {
    if (const auto empty = parse_nothing(call.request.body); !empty) {
        co_return respond_bad_request(empty.error().message);
    }
    const auto id = call.names[0];
    const auto asked = call.asked;
    const auto order = co_await call.operations->order_snapshot(work, id, asked);
    co_return ordered(order, asked.dry_run);
}

Awaitable<HttpResponse> forget_deleted(Call call) {
    if (const auto empty = parse_nothing(call.request.body); !empty) {
        co_return respond_bad_request(empty.error().message);
    }
    const auto name = call.names[0];
    const auto asked = call.asked;
    const auto gone = co_await call.operations->forget_deleted(name, asked);
    if (!gone) {
        co_return respond(gone.error());
    }
    const std::vector<std::string> changes = {"the snapshots of the deleted pair " + name +
                                              " would be listed no longer; its repository is "
                                              "left as it is"};
    co_return respond(asked.dry_run ? view_of_dry_removal(name, changes) : view_of_removal(name));
}

Awaitable<HttpResponse> restore(Call call) {
    auto request = parse_restore(call.request.body);
    if (!request) {
        co_return respond_bad_request(request.error().message);
    }
    const auto asked = call.asked;
    const auto after = co_await call.operations->restore(std::move(*request), asked);
    co_return changed(call, std::nullopt, after);
}

// ---- Finding the route ----

constexpr std::array<std::string_view, 1> of_change = {"dry_run"};
constexpr std::array<std::string_view, 1> of_incident = {"since"};
constexpr std::array<std::string_view, 3> of_events = {"pair", "after", "limit"};

constexpr std::array routes = {
    Route{"GET", "/v1/status", {}, get_status},
    Route{"GET", "/v1/pairs", {}, get_pairs},
    Route{"GET", "/v1/pairs/*", {}, get_pair},
    Route{"GET", "/v1/pairs/*/incident", of_incident, get_incident},
    Route{"GET", "/v1/agents", {}, get_agents},
    Route{"GET", "/v1/events", of_events, get_events},
    Route{"GET", "/v1/rules", {}, get_rules},
    Route{"GET", "/v1/divergences", {}, get_divergences},
    Route{"GET", "/v1/divergences/*", {}, get_divergence},
    Route{"GET", "/v1/pairs/*/divergences", {}, get_divergences},
    Route{"GET", "/v1/pairs/*/divergences/*", {}, get_divergence},
    Route{"POST", "/v1/pairs", of_change, create_pair},
    Route{"DELETE", "/v1/pairs/*", of_change, delete_pair},
    Route{"POST", "/v1/pairs/*/members", of_change, add_member},
    Route{"DELETE", "/v1/pairs/*/members/*", of_change, remove_member},
    Route{"POST", "/v1/pairs/*/failover", of_change, fail_over},
    Route{"POST", "/v1/pairs/*/switchover", of_change, switch_over},
    Route{"POST", "/v1/pairs/*/pause", of_change, set_paused<true>},
    Route{"POST", "/v1/pairs/*/resume", of_change, set_paused<false>},
    Route{"POST", "/v1/pairs/*/protect", of_change, protect<Protection::on>},
    Route{"POST", "/v1/pairs/*/unprotect", of_change, protect<Protection::off>},
    Route{"POST", "/v1/tokens", of_change, create_token},
    Route{"GET", "/v1/snapshots", {}, get_snapshots},
    Route{"GET", "/v1/pairs/*/snapshots", {}, get_snapshots},
    Route{"POST", "/v1/pairs/*/snapshots", of_change, take_snapshot},
    Route{"POST", "/v1/pairs/*/schedule", of_change, set_schedule},
    Route{"POST", "/v1/snapshots/*/check", of_change, order_snapshot<SnapshotWork::check>},
    Route{"POST", "/v1/snapshots/*/verify", of_change, order_snapshot<SnapshotWork::verify>},
    Route{"DELETE", "/v1/snapshots/*", of_change, order_snapshot<SnapshotWork::remove>},
    Route{"POST", "/v1/restores", of_change, restore},
    Route{"DELETE", "/v1/deleted-pairs/*", of_change, forget_deleted},
};

std::vector<std::string_view> parts_of(std::string_view path) {
    std::vector<std::string_view> parts;
    while (!path.empty()) {
        path.remove_prefix(1); // The slash.
        const auto end = std::min(path.find('/'), path.size());
        parts.push_back(path.substr(0, end));
        path.remove_prefix(end);
    }
    return parts;
}

/// The names at the pattern's stars, or nothing if the path is another one.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
    if (!path.starts_with('/')) {
        return std::nullopt;
    }
    const auto wanted = parts_of(pattern);
    const auto given = parts_of(path);
    if (wanted.size() != given.size()) {
        return std::nullopt;
    }
    std::vector<std::string> names;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i] == "*" && !given[i].empty()) {
            names.emplace_back(given[i]);
        } else if (wanted[i] != given[i]) {
            return std::nullopt;
        }
    }
    return names;
}

/// Errors: `refused`, naming a parameter that the route has not.
Result<Operations::Asked> read_parameters(const Route& route, const HttpRequest& request) {
    std::string allowed;
    for (const auto name : route.parameters) {
        allowed += (allowed.empty() ? "" : ", ") + std::string(name);
    }
    for (const auto& [name, value] : request.query) {
        if (std::find(route.parameters.begin(), route.parameters.end(), name) ==
            route.parameters.end()) {
            return fail(Errc::refused, "unknown parameter \"" + name +
                                           "\"; allowed: " + (allowed.empty() ? "none" : allowed));
        }
    }
    Operations::Asked asked{request.peer.name, false};
    if (const auto dry_run = request.query.find("dry_run"); dry_run != request.query.end()) {
        if (dry_run->second != "true" && dry_run->second != "false") {
            return fail(Errc::refused, "parameter \"dry_run\" is \"" + dry_run->second +
                                           "\"; allowed: true, false");
        }
        asked.dry_run = dry_run->second == "true";
    }
    return asked;
}

Awaitable<HttpResponse> answer_with(HttpResponse response) {
    co_return response;
}

} // namespace

Awaitable<HttpResponse> handle(HttpRequest request, std::shared_ptr<Operations> operations) {
    if (request.peer.use != "operator") {
        return answer_with(respond_not_an_operator(request.peer));
    }
    std::string allowed;
    for (const auto& route : routes) {
        auto names = match(route.path, request.path);
        if (!names) {
            continue;
        }
        if (route.method == request.method) {
            const auto asked = read_parameters(route, request);
            if (!asked) {
                return answer_with(respond_bad_request(asked.error().message));
            }
            return route.handler(
                Call{std::move(request), std::move(*names), std::move(operations), *asked});
        }
        allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
    }
    return answer_with(allowed.empty() ? respond_no_route(request)
                                       : respond_wrong_method(request, allowed));
}

} // namespace lockstep
