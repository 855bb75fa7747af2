#include "controller/wiring.h"

#include <algorithm>

#include "controller/api/api.h"
#include "controller/spawn.h"
#include "controller/zone_building.h"
#include "platform/clock.h"

namespace lockstep {
namespace {

constexpr Milliseconds prove_every{1000};
constexpr Milliseconds slow_store{1000};

/// Without a folder of its own (a simulation) nothing is written.
std::filesystem::path flights_folder(const ControllerConfig& config) {
    return config.state_dir.empty() ? std::filesystem::path{} : config.state_dir / "flights";
}

} // namespace

Controller::Controller(asio::any_io_executor executor, Start start)
    : executor_(executor), config_(std::move(start.config)), tls_(std::move(start.tls)),
      records_at_start_(std::move(start.records)), head_(start.head),
      store_(executor, std::move(start.store), std::move(start.store_worker)),
      events_(executor, store_), flights_(executor, flights_folder(config_)),
      enrolment_(store_, std::move(start.authority)),
      snapshots_(executor, store_, events_, std::move(start.orders)),
      deletions_(store_, std::move(start.deletions)), zone_([this] { return store_.proved_at(); }),
      pairs_(pair_parts()), hub_(executor, observer_, events_, enrolment_, hub_ends()),
      prober_(executor, observer_, probed_members(),
              [this](const MemberId& member) { wake_pair_of(member); }),
      publisher_(executor, dns::NameCheck::make(executor), events_,
                 [this](const std::string& host) { return is_reachable(host); }),
      service_(std::make_shared<Service>(Service::Parts{
          config_, store_, observer_, events_, enrolment_, hub_, pairs_, publisher_, flights_,
          snapshots_, deletions_, [this](const MemberId& member) { hub_.push(member); },
          [this] { return head_; }})) {
    for (const auto& settings : config_.rfc2136) {
        publisher_.add(std::make_unique<OutsidePublisher>(
            executor, dns::make_rfc2136_publisher(executor, settings),
            dns::NameCheck::make(executor),
            [this](Event event) { events_.add(std::move(event)); }));
    }
}

PairLoop::Parts Controller::pair_parts() {
    return {executor_,
            store_,
            observer_,
            events_,
            flights_,
            [this](const PairRecord& before, const PairRecord& now) { adopted(before, now); },
            [this](const MemberId& member) { hub_.push(member); },
            [this](const PairName& pair) {
                flights_.forget(pair);
                refresh_zone();
                hub_.push_all();
            }};
}

AgentHub::Ends Controller::hub_ends() {
    AgentHub::Ends ends;
    ends.told_for = [this](const MemberId& member) { return told_for(member); };
    ends.recorded = [this](const MemberId& member) { return recorded(member); };
    ends.heard = [this](const MemberId& member) { wake_pair_of(member); };
    ends.connected = [this](const MemberId& member) { agent_connected(member); };
    ends.lost = [this](const MemberId& member) { wake_pair_of(member); };
    ends.snapshots = [this](const MemberId& member, SnapshotReport report) {
        snapshots_told(member, std::move(report));
    };
    return ends;
}

PortProber::Members Controller::probed_members() {
    return [this] {
        std::vector<Member> members;
        for (const auto& loop : pairs_.all()) {
            for (const auto& [id, member] : loop->record().members) {
                members.push_back(member);
            }
        }
        return members;
    };
}

Result<void> Controller::listen() {
    if (auto listening = hub_.listen(config_.agents, tls_); !listening) {
        return listening;
    }
    auto api = serve_api(executor_, config_.api, tls_, service_);
    if (!api) {
        return within("listening for operators", api.error());
    }
    api_ = std::move(*api);
    if (config_.dns.empty()) {
        return {};
    }
    auto name_server =
        dns::NameServer::listen(executor_, config_.dns, [this] { return zone_.current(); });
    if (!name_server) {
        return within("listening for DNS", name_server.error());
    }
    name_server_ = std::move(*name_server);
    return {};
}

void Controller::begin() {
    refresh_zone();
    for (auto& record : std::exchange(records_at_start_, {})) {
        pairs_.add(std::move(record));
    }
    spawn(executor_, events_.run());
    spawn(executor_, flights_.run());
    spawn(executor_, prober_.run());
    spawn(executor_, publisher_.run());
    spawn(executor_, keep_proving());
    events_.add(make_event("controller_started", Severity::info,
                           "controller started with store " + store_.store_id() + " at revision " +
                               std::to_string(number(head_))));
}

Awaitable<void> Controller::end() {
    ending_ = true;
    events_.add(make_event("controller_stopped", Severity::info,
                           "controller stopped; databases and their names go on without it"));
    pairs_.stop();
    prober_.stop();
    publisher_.stop();
    hub_.close();
    api_->close();
    if (name_server_) {
        name_server_->close();
    }
    flights_.stop();
    events_.stop();
    co_await events_.drained();
}

wire::Told Controller::told_for(const MemberId& member) const {
    wire::Told told;
    told.store_id = store_.store_id();
    told.zone = zone_.zone();
    if (const auto loop = pairs_.of_member(member)) {
        told.record = loop->record();
        told.permit = loop->permit_for(member);
        told.proof = loop->proof_for(member);
        if (archiver_of(loop->record()) == member) {
            told.orders = snapshots_.orders_of(loop->record().pair);
        }
    } else if (const auto left = left_.find(member); left != left_.end()) {
        if (const auto former = pairs_.find(left->second)) {
            told.record = former->record();
        }
    }
    for (const auto& [pair, deleted] : deletions_.all()) {
        const auto* known = snapshots_.told_of(pair);
        if (known != nullptr && known->member == member && is_kept_by(deleted, member)) {
            told.orders = snapshots_.orders_of(pair);
        }
    }
    return told;
}

/// The agents of a deleted pair go on as they were told last, until they are in another one.
bool Controller::is_kept_by(const DeletedPair& deleted, const MemberId& member) const {
    return deleted.archiver == member && !pairs_.of_member(member) && !pairs_.find(deleted.pair);
}

std::optional<RecordedMember> Controller::recorded(const MemberId& member) const {
    const auto loop = pairs_.of_member(member);
    if (!loop) {
        return std::nullopt;
    }
    const auto& record = loop->record();
    return RecordedMember{record.pair, record.revision, record.members.at(member).key,
                          record.engine, record.policy.profile};
}

/// The controller's own servers always are; an agent's while it speaks. The stream of a lost host
/// stays open for seconds, and nobody's publication waits for that.
bool Controller::is_reachable(const std::string& name_server) const {
    const auto& agents = hub_.agents();
    const auto beside = std::find_if(agents.begin(), agents.end(), [&](const auto& entry) {
        return name_server_label(entry.first) == name_server;
    });
    if (beside != agents.end()) {
        const auto& member = beside->first;
        const auto silence = observer_.silence_of(member, boot_time());
        const auto loop = pairs_.of_member(member);
        const auto profile = loop ? loop->record().policy.profile : Profile::lan;
        return hub_.is_connected(member) && silence && *silence < timings_of(profile).dead_after;
    }
    return name_server.starts_with(name_server_label("controller"));
}

void Controller::adopted(const PairRecord& before, const PairRecord& now) {
    head_ = std::max(head_, now.revision);
    remember_who_left(before, now);
    refresh_zone();
    hub_.push(now.primary); // First: everybody waits for it.
    for (const auto& [id, member] : before.members) {
        hub_.push(id);
    }
    hub_.push_all();
}

void Controller::remember_who_left(const PairRecord& before, const PairRecord& now) {
    for (const auto& [id, member] : before.members) {
        left_[id] = now.pair;
    }
    for (const auto& [id, member] : now.members) {
        left_.erase(id);
    }
}

void Controller::agent_connected(const MemberId& member) {
    refresh_zone();
    publisher_.ask_again(name_server_label(member));
    wake_pair_of(member);
}

void Controller::wake_pair_of(const MemberId& member) {
    if (const auto loop = pairs_.of_member(member)) {
        loop->wake();
    }
}

/// A former archiver's word is out of date.
void Controller::snapshots_told(const MemberId& member, SnapshotReport report) {
    const auto loop = pairs_.of_member(member);
    const auto* deleted = deletions_.find(report.pair);
    const bool of_deleted = deleted != nullptr && is_kept_by(*deleted, member);
    const bool of_pair =
        loop && loop->record().pair == report.pair && archiver_of(loop->record()) == member;
    if (of_pair || of_deleted) {
        for (auto& order : snapshots_.heard(member, std::move(report))) {
            spawn(executor_, service_->finish_deletion(std::move(order)));
        }
        hub_.push(member); // What is ended is not told any more.
    }
}

void Controller::refresh_zone() {
    std::map<MemberId, std::string> told;
    for (const auto& [id, agent] : hub_.agents()) {
        told[id] = agent.hello.dns_address;
    }
    const auto records = pairs_.records();
    auto zone = build_zone(config_.zone, head_, records, name_servers(config_.dns, records, told));
    if (zone == zone_.zone()) {
        return;
    }
    zone_.replace(std::move(zone));
    publisher_.want(zone_.zone());
}

/// Reads the store each second: only a controller that can vouches for names.
Awaitable<void> Controller::keep_proving() {
    RateLimit tellings(Milliseconds{10000});
    while (!ending_) {
        auto read = [](StateStore& store) { return store.head(); };
        const auto head = co_await store_.call(read);
        snapshots_.give_up_overdue(unix_ms());
        if (head && *head > head_) {
            head_ = *head;
            refresh_zone();
            hub_.push_all();
        }
        if (!head && tellings.passes("failed", boot_time())) {
            events_.add(make_event("store_failed", Severity::alarm,
                                   "the store cannot be read, so nothing is decided: " +
                                       head.error().message));
        }
        if (store_.last_took() > slow_store && tellings.passes("slow", boot_time())) {
            events_.add(make_event("store_slow", Severity::warning,
                                   "the store needed " +
                                       std::to_string(store_.last_took().count()) +
                                       " ms: is its disk busy?"));
        }
        co_await pause_for(prove_every);
    }
}

} // namespace lockstep
