#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/event_log.h"
#include "controller/flight_recorder.h"
#include "controller/observer.h"
#include "controller/rate_limit.h"
#include "controller/start_permit.h"

namespace lockstep {

/// One pair's life: observe, decide, save, and only then act. Acting means that the new record is
/// told to the members and the endpoint follows it; whoever is told does the rest.
class PairLoop {
public:
    struct Parts {
        asio::any_io_executor executor;
        StoreThread& store;
        Observer& observer;
        EventLog& events;
        FlightRecorder& flights;
        /// A record came into force: `before` and now. It is on stable storage (R7, R12).
        std::function<void(const PairRecord& before, const PairRecord& now)> adopted;
        /// A start permit was given or withdrawn.
        std::function<void(const MemberId&)> permit_changed;
        /// The pair is no longer in the store.
        std::function<void(const PairName&)> vanished;
    };
    /// What an operator asks for, as a function of the record and what is seen.
    using Change = std::function<Result<PairRecord>(const PairRecord&, const View&)>;

    PairLoop(Parts parts, PairRecord record);

    [[nodiscard]] static Awaitable<void> run(std::shared_ptr<PairLoop> self);
    /// R6: finds this very record in the store, at least once a second.
    [[nodiscard]] static Awaitable<void> keep_proving(std::shared_ptr<PairLoop> self);
    void stop();
    /// Something was observed: decide again now.
    void wake() { wakeup_.wake(); }

    /// Swaps in what `change` makes of the record, with `event` to explain it.
    [[nodiscard]] Awaitable<Result<PairRecord>> change(Change change, Event event, bool dry_run);
    /// Removes the pair from the store, which keeps `left`. Errors: as StateStore::remove's.
    [[nodiscard]] Awaitable<Result<void>> remove(Event event, std::optional<DeletedPair> left);

    [[nodiscard]] const PairRecord& record() const { return record_; }
    [[nodiscard]] const Decision& decision() const { return decision_; }
    [[nodiscard]] View view() const;
    [[nodiscard]] std::optional<wire::StartPermit> permit_for(const MemberId& member) const;
    [[nodiscard]] std::optional<wire::Stamp> proof_for(const MemberId& member) const;

private:
    using Stamps = std::map<MemberId, wire::Stamp>;
    [[nodiscard]] Awaitable<Milliseconds> tick();
    [[nodiscard]] Awaitable<Milliseconds> swap_in();
    [[nodiscard]] Awaitable<void> read_for_permit(std::uint64_t request);
    [[nodiscard]] Awaitable<void> reload();
    [[nodiscard]] Awaitable<void> prove();
    [[nodiscard]] Stamps stamps() const;
    void take_proof(Revision revision, Stamps stamps);
    [[nodiscard]] Milliseconds retry_later(const Error& error);
    void adopt(PairRecord record);
    void set_permit(std::optional<IssuedPermit> permit);
    [[nodiscard]] Decision decide_on(const View& seen);
    void tell_decision();
    [[nodiscard]] bool is_settled(const View& view) const;

    Parts parts_;
    PairRecord record_;
    Decision decision_;
    std::string told_;
    RateLimit tellings_;
    std::optional<IssuedPermit> permit_;
    Revision proved_{};   // Of the record that was found in the store,
    Stamps proof_stamps_; // and what was heard before it was looked for.
    std::uint32_t failures_ = 0;
    bool stopped_ = false;
    Wakeup wakeup_;
};

} // namespace lockstep
