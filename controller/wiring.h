#pragma once

#include <map>
#include <memory>
#include <vector>

#include "controller/agent_hub.h"
#include "controller/config.h"
#include "controller/deletion_desk.h"
#include "controller/enrolment.h"
#include "controller/event_log.h"
#include "controller/flight_recorder.h"
#include "controller/observer.h"
#include "controller/pairs.h"
#include "controller/port_prober.h"
#include "controller/publisher.h"
#include "controller/service.h"
#include "controller/snapshot_desk.h"
#include "controller/store_thread.h"
#include "controller/zone_keeper.h"
#include "dns/server/name_server.h"
#include "platform/http.h"

namespace lockstep {

/// All parts of one controller, connected. Everything runs on one executor that runs one thing at
/// a time; only the store has a thread of its own.
class Controller {
public:
    /// What the store held when it was opened.
    struct Start {
        ControllerConfig config;
        KeyAndCertificate authority;
        TlsFiles tls;
        std::unique_ptr<StateStore> store;
        std::vector<PairRecord> records;
        Revision head{};
        std::vector<SnapshotOrder> orders;
        DeletionDesk::Start deletions;
        /// Where calls to a store that never blocks run; empty: on a thread of their own.
        asio::any_io_executor store_worker;
    };
    Controller(asio::any_io_executor executor, Start start);

    /// Errors: `refused`, naming the address that cannot be listened on.
    [[nodiscard]] Result<void> listen();
    void begin();
    /// Ends what runs; returns when every event is stored.
    [[nodiscard]] Awaitable<void> end();

    /// Where agents dial, also when the port asked for was 0.
    [[nodiscard]] std::uint16_t agents_port() const { return hub_.port(); }
    [[nodiscard]] Operations& operations() { return *service_; }

private:
    [[nodiscard]] PairLoop::Parts pair_parts();
    [[nodiscard]] AgentHub::Ends hub_ends();
    [[nodiscard]] PortProber::Members probed_members();
    [[nodiscard]] wire::Told told_for(const MemberId& member) const;
    [[nodiscard]] std::optional<RecordedMember> recorded(const MemberId& member) const;
    [[nodiscard]] bool is_reachable(const std::string& name_server) const;
    void adopted(const PairRecord& before, const PairRecord& now);
    void remember_who_left(const PairRecord& before, const PairRecord& now);
    void agent_connected(const MemberId& member);
    void wake_pair_of(const MemberId& member);
    [[nodiscard]] bool is_kept_by(const DeletedPair& deleted, const MemberId& member) const;
    void snapshots_told(const MemberId& member, SnapshotReport report);
    void refresh_zone();
    [[nodiscard]] Awaitable<void> keep_proving();

    asio::any_io_executor executor_;
    ControllerConfig config_;
    TlsFiles tls_;
    std::vector<PairRecord> records_at_start_;
    Revision head_;
    bool ending_ = false;
    /// Who was taken out of which pair: told its record on, so that it learns of its removal.
    std::map<MemberId, PairName> left_;
    StoreThread store_;
    EventLog events_;
    FlightRecorder flights_;
    Observer observer_;
    Enrolment enrolment_;
    SnapshotDesk snapshots_;
    DeletionDesk deletions_;
    ZoneKeeper zone_;
    Pairs pairs_;
    AgentHub hub_;
    PortProber prober_;
    Publisher publisher_;
    std::shared_ptr<Service> service_;
    std::unique_ptr<dns::NameServer> name_server_;
    std::unique_ptr<HttpServer> api_;
};

} // namespace lockstep
