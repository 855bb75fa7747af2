#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/agent_session.h"
#include "controller/enrolment.h"
#include "controller/event_log.h"
#include "controller/observer.h"
#include "controller/rate_limit.h"
#include "controller/stream_rules.h"

namespace lockstep {

/// An agent that was heard since this controller started.
struct KnownAgent {
    wire::Hello hello;
    std::string key; // SHA-256 of its public key.
    bool connected = false;
    std::optional<std::vector<KeptDivergence>> kept; // What it keeps; empty: it told nothing yet.
    std::vector<std::string> replaced; // Its earlier instances whose stream gave way, the last few.
};

/// The door for agents: admits a stream, refuses it with a reason, or enrols a new host. Keeps one
/// stream per member (R11).
class AgentHub {
public:
    struct Ends {
        std::function<wire::Told(const MemberId&)> told_for;
        std::function<std::optional<RecordedMember>(const MemberId&)> recorded;
        std::function<void(const MemberId&)> heard;     // A new observation.
        std::function<void(const MemberId&)> connected; // A new stream.
        std::function<void(const MemberId&)> lost;
        std::function<void(const MemberId&, SnapshotReport)> snapshots;
    };

    AgentHub(asio::any_io_executor executor, Observer& observer, EventLog& events,
             Enrolment& enrolment, Ends ends);
    /// Errors: `refused`, naming the address and why it cannot be listened on.
    [[nodiscard]] Result<void> listen(HostPort at, TlsFiles files);
    void close();
    [[nodiscard]] std::uint16_t port() const { return server_->port(); }

    /// Tells the agent now, if it is connected.
    void push(const MemberId& member);
    void push_all();

    [[nodiscard]] const std::map<MemberId, KnownAgent>& agents() const { return agents_; }
    [[nodiscard]] bool is_connected(const MemberId& member) const {
        return sessions_.contains(member);
    }

private:
    [[nodiscard]] Awaitable<void> serve(std::shared_ptr<FrameStream> stream);
    [[nodiscard]] Awaitable<void> enrol(std::shared_ptr<FrameStream> stream, wire::Enroll request);
    [[nodiscard]] Awaitable<void> attend(std::shared_ptr<FrameStream> stream, wire::Hello hello);
    [[nodiscard]] Awaitable<void> refuse(std::shared_ptr<FrameStream> stream, std::string topic,
                                         std::string reason);
    [[nodiscard]] Result<void> admit(const PeerIdentity& peer, const wire::Hello& hello);
    void enter(const std::shared_ptr<AgentSession>& session, const PeerIdentity& peer);
    void leave(const std::shared_ptr<AgentSession>& session, const Error& why);
    [[nodiscard]] AgentSession::Ends session_ends();
    /// An event, once in a while for each address and topic: the reason may hold what a stranger
    /// sent, so it neither decides how often nor at what length.
    void complain(const std::string& address, const std::string& topic, const std::string& reason);
    [[nodiscard]] Event event_about(const MemberId& member, std::string kind, Severity severity,
                                    std::string message) const;

    asio::any_io_executor executor_;
    Observer& observer_;
    EventLog& events_;
    Enrolment& enrolment_;
    Ends ends_;
    RateLimit complaints_;
    RateLimit alarms_; // Apart, so that no stranger's noise hides an alarm.
    std::map<MemberId, std::shared_ptr<AgentSession>> sessions_;
    std::map<MemberId, KnownAgent> agents_;
    std::unique_ptr<FrameServer> server_;
    bool closed_ = false;
};

} // namespace lockstep
