#pragma once

#include <functional>
#include <memory>

#include "agent/acceptance.h"
#include "agent/divergences.h"
#include "agent/identity.h"
#include "agent/journal.h"
#include "agent/local_state.h"
#include "agent/snapshot_board.h"
#include "platform/tls_stream.h"

namespace lockstep {

/// The stream to the controller: dialled again and again, status on change and every 200 ms, what
/// is told handed to Acceptance. The database does not depend on it.
class ControllerLink {
public:
    using Observe = std::function<Observation()>;

    ControllerLink(Identity identity, wire::Hello hello, LocalState& state, Journal& journal,
                   Acceptance& acceptance, const Divergences& divergences, SnapshotBoard& snapshots,
                   Observe observe);

    [[nodiscard]] Awaitable<void> run();

private:
    struct Session {
        std::shared_ptr<FrameStream> stream;
        bool ended = false;
        std::string why;
        std::uint64_t divergences_told = 0; // Their version.
        std::uint64_t snapshots_told = 0;   // Likewise.
    };
    using SessionPointer = std::shared_ptr<Session>;

    /// Returns whether the controller spoke.
    [[nodiscard]] Awaitable<bool> connect_once();
    [[nodiscard]] Awaitable<void> read(SessionPointer session);
    [[nodiscard]] Awaitable<void> write(SessionPointer session);
    [[nodiscard]] Awaitable<Result<void>> send(SessionPointer session, wire::Message message);
    [[nodiscard]] Awaitable<Result<void>> send_reports(SessionPointer session);
    [[nodiscard]] Awaitable<Result<void>> send_divergences(SessionPointer session);
    [[nodiscard]] Awaitable<Result<void>> send_snapshots(SessionPointer session);
    [[nodiscard]] Awaitable<Result<void>> take(wire::Message message);
    void end(const SessionPointer& session, std::string why);
    void tell_loss(const std::string& why);

    Identity identity_;
    wire::Hello hello_;
    LocalState& state_;
    Journal& journal_;
    Acceptance& acceptance_;
    const Divergences& divergences_;
    SnapshotBoard& snapshots_;
    Observe observe_;
    bool spoke_ = false;
    std::string last_loss_;
};

} // namespace lockstep
