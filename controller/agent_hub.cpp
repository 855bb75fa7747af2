#include "controller/agent_hub.h"

#include "core/wire/codec.h"
#include "platform/clock.h"

namespace lockstep {
namespace {

constexpr std::size_t most_connections = 512;
constexpr Milliseconds greeting_within{5000};
constexpr Milliseconds refusal_within{2000};
constexpr Milliseconds complain_every{10000};

Severity severity_of(const std::string& word) {
    if (word == to_string(Severity::alarm)) {
        return Severity::alarm;
    }
    return word == to_string(Severity::info) ? Severity::info : Severity::warning;
}

/// "10.77.0.11:40312" → "10.77.0.11": ports change with each attempt.
std::string without_port(const std::string& address) {
    return address.substr(0, address.rfind(':'));
}

/// A parser's complaint quotes what it read, which may be a whole frame.
std::string in_short(const std::string& reason) {
    constexpr std::size_t most_characters = 400;
    if (reason.size() <= most_characters) {
        return reason;
    }
    auto shortened = reason;
    shortened.resize(most_characters);
    shortened += " …";
    return shortened;
}

constexpr std::size_t most_replaced = 16;

void note_replaced(KnownAgent& known, const std::string& before, const std::string& now) {
    if (before == now) {
        return;
    }
    if (known.replaced.size() >= most_replaced) {
        known.replaced.erase(known.replaced.begin());
    }
    known.replaced.push_back(before);
}

} // namespace

AgentHub::AgentHub(asio::any_io_executor executor, Observer& observer, EventLog& events,
                   Enrolment& enrolment, Ends ends)
    : executor_(std::move(executor)), observer_(observer), events_(events), enrolment_(enrolment),
      ends_(std::move(ends)), complaints_(complain_every), alarms_(complain_every) {}

Result<void> AgentHub::listen(HostPort at, TlsFiles files) {
    auto server = FrameServer::listen(
        executor_, std::move(at), std::move(files), wire::largest_frame_bytes, most_connections,
        [this](std::shared_ptr<FrameStream> stream) { return serve(std::move(stream)); },
        [this](const std::string& address, const std::string& reason) {
            complain(address, "handshake", reason);
        });
    if (!server) {
        return within("listening for agents", server.error());
    }
    server_ = std::move(*server);
    return {};
}

void AgentHub::close() {
    closed_ = true;
    if (server_) {
        server_->close();
    }
    for (const auto& [member, session] : sessions_) {
        session->close();
    }
}

void AgentHub::push(const MemberId& member) {
    if (const auto found = sessions_.find(member); found != sessions_.end()) {
        found->second->push();
    }
}

void AgentHub::push_all() {
    for (const auto& [member, session] : sessions_) {
        session->push();
    }
}

Awaitable<void> AgentHub::serve(std::shared_ptr<FrameStream> stream) {
    const auto deadline = Deadline::in(greeting_within);
    const auto frame = co_await stream->read_frame(deadline);
    if (!frame) {
        complain(stream->remote_address(), "greeting", "no greeting: " + frame.error().message);
        co_return;
    }
    auto message = wire::decode(*frame);
    if (!message) {
        complain(stream->remote_address(), "greeting", message.error().message);
        co_return;
    }
    if (auto* enroll = std::get_if<wire::Enroll>(&*message)) {
        co_await enrol(stream, std::move(*enroll));
    } else if (auto* hello = std::get_if<wire::Hello>(&*message); hello && stream->peer()) {
        co_await attend(stream, std::move(*hello));
    } else {
        std::string reason = hello ? "an agent must show its certificate: join this host first"
                                   : "the first frame must be a greeting";
        std::string topic = "greeting";
        co_await refuse(stream, std::move(topic), std::move(reason));
    }
}

Awaitable<void> AgentHub::enrol(std::shared_ptr<FrameStream> stream, wire::Enroll request) {
    const auto member = request.member;
    auto enrolled = co_await enrolment_.enrol(std::move(request));
    if (!enrolled) {
        std::string reason = "join refused: " + enrolled.error().message;
        std::string topic = "join " + parse_member_id(member).value_or("nobody");
        co_await refuse(stream, std::move(topic), std::move(reason));
        co_return;
    }
    auto event = make_event("enrolled", Severity::info,
                            "agent " + member + " joined from " + stream->remote_address());
    event.member = member;
    events_.add(std::move(event));
    auto answer = wire::encode(std::move(*enrolled));
    const auto deadline = Deadline::in(refusal_within);
    const auto written = co_await stream->write_frame(std::move(answer), deadline);
    if (!written) {
        complain(stream->remote_address(), "undelivered",
                 "the certificate for " + member +
                     " could not be delivered, make another token: " + written.error().message);
    }
}

Awaitable<void> AgentHub::refuse(std::shared_ptr<FrameStream> stream, std::string topic,
                                 std::string reason) {
    complain(stream->remote_address(), topic, reason);
    auto frame = wire::encode(wire::Refused{std::move(reason)});
    const auto deadline = Deadline::in(refusal_within);
    const auto written = co_await stream->write_frame(std::move(frame), deadline);
    if (!written) {
        complain(stream->remote_address(), "untold",
                 "the reason could not be told: " + written.error().message);
    }
}

Result<void> AgentHub::admit(const PeerIdentity& peer, const wire::Hello& hello) {
    if (auto greeted = check_greeting(peer, hello); !greeted) {
        return greeted;
    }
    const auto recorded = ends_.recorded(hello.member);
    if (auto key = check_key(peer, recorded); !key) {
        return key;
    }
    if (auto engine = check_engine(hello, recorded); !engine) {
        return engine;
    }
    std::optional<HeldStream> held;
    const auto now = boot_time();
    if (const auto found = sessions_.find(hello.member); found != sessions_.end()) {
        const auto& other = found->second->hello();
        held = HeldStream{other.instance, other.machine_id, other.host,
                          now - found->second->heard_at(), agents_[hello.member].replaced};
    }
    const auto timings = timings_of(recorded ? recorded->profile : Profile::lan);
    auto single = check_second(hello, held, timings.dead_after);
    if (!single) {
        observer_.refused_stream(hello.member, single.error().message, now);
        if (alarms_.passes(hello.member, now)) {
            events_.add(event_about(hello.member, "second_identity", Severity::alarm,
                                    single.error().message));
        }
    }
    return single;
}

Awaitable<void> AgentHub::attend(std::shared_ptr<FrameStream> stream, wire::Hello hello) {
    const auto peer = *stream->peer();
    const auto admitted = admit(peer, hello);
    if (!admitted) {
        auto reason = admitted.error().message;
        auto topic = "agent " + peer.name;
        co_await refuse(stream, std::move(topic), std::move(reason));
        co_return;
    }
    const auto session =
        std::make_shared<AgentSession>(executor_, stream, std::move(hello), session_ends());
    enter(session, peer);
    const auto why = co_await AgentSession::run(session);
    leave(session, why);
}

void AgentHub::enter(const std::shared_ptr<AgentSession>& session, const PeerIdentity& peer) {
    const auto& hello = session->hello();
    std::string words = "agent " + hello.member + " connected from " +
                        session->stream().remote_address() + " (zone " + hello.zone + ", host " +
                        hello.host + ")";
    auto& place = sessions_[hello.member];
    auto& known = agents_[hello.member];
    if (place) {
        note_replaced(known, place->hello().instance, hello.instance);
        words += place->hello().instance == hello.instance ? ", again"
                                                           : "; it takes the place of a stream of "
                                                             "an earlier start";
        place->close();
    }
    place = session;
    known.hello = hello;
    known.key = peer.key_fingerprint;
    known.connected = true;
    observer_.connected(hello.member, boot_time());
    events_.add(event_about(hello.member, "agent_connected", Severity::info, std::move(words)));
    ends_.connected(hello.member);
}

void AgentHub::leave(const std::shared_ptr<AgentSession>& session, const Error& why) {
    const auto member = session->hello().member;
    const auto found = sessions_.find(member);
    if (why.code == Errc::corrupt) {
        complain(session->stream().remote_address(), "agent " + member,
                 "agent " + member + ": " + why.message);
    }
    if (closed_ || found == sessions_.end() || found->second != session) {
        return; // It ends with this controller, or another stream has taken its place.
    }
    sessions_.erase(found);
    agents_[member].connected = false;
    observer_.disconnected(member, boot_time());
    events_.add(event_about(member, "agent_lost", Severity::warning,
                            "agent " + member + " lost: " + in_short(why.message)));
    ends_.lost(member);
}

AgentSession::Ends AgentHub::session_ends() {
    AgentSession::Ends ends;
    ends.told_for = ends_.told_for;
    const auto is_current = [this](const AgentSession& session) {
        const auto found = sessions_.find(session.hello().member);
        return found != sessions_.end() && found->second.get() == &session;
    };
    ends.status = [this, is_current](AgentSession& session, wire::Status status) {
        if (is_current(session)) {
            const auto member = session.hello().member;
            const auto now = boot_time();
            observer_.stamped(member, std::move(status.stamp), now);
            observer_.heard(member, std::move(status.observation), now);
            ends_.heard(member);
        }
    };
    ends.snapshots = [this, is_current](AgentSession& session, wire::Snapshots told) {
        if (is_current(session)) {
            ends_.snapshots(session.hello().member, std::move(told.report));
        }
    };
    ends.divergences = [this, is_current](AgentSession& session, wire::Divergences told) {
        if (is_current(session)) {
            agents_[session.hello().member].kept = std::move(told.kept);
        }
    };
    ends.report = [this](AgentSession& session, wire::Report report) {
        auto event = event_about(session.hello().member, std::move(report.kind),
                                 severity_of(report.severity), std::move(report.message));
        event.unix_ms = report.unix_ms > 0 ? report.unix_ms : event.unix_ms;
        events_.add(std::move(event));
    };
    return ends;
}

void AgentHub::complain(const std::string& address, const std::string& topic,
                        const std::string& reason) {
    const auto from = without_port(address);
    if (complaints_.passes(from + " " + topic, boot_time())) {
        events_.add(make_event("refused", Severity::warning,
                               "stream from " + from + ": " + in_short(reason)));
    }
}

Event AgentHub::event_about(const MemberId& member, std::string kind, Severity severity,
                            std::string message) const {
    auto event = make_event(std::move(kind), severity, std::move(message));
    event.member = member;
    if (const auto recorded = ends_.recorded(member)) {
        event.pair = recorded->pair;
        event.revision = recorded->revision;
    }
    return event;
}

} // namespace lockstep
