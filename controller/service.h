#pragma once

#include <functional>
#include <set>
#include <string>

#include "controller/agent_hub.h"
#include "controller/config.h"
#include "controller/deletion_desk.h"
#include "controller/enrolment.h"
#include "controller/operations.h"
#include "controller/pairs.h"
#include "controller/publisher.h"
#include "controller/snapshot_desk.h"
#include "snapshots/decision/pair_deletion.h"

namespace lockstep {

/// What operators ask for, answered from the parts of one controller.
class Service : public Operations {
public:
    struct Parts {
        const ControllerConfig& config;
        StoreThread& store;
        Observer& observer;
        EventLog& events;
        Enrolment& enrolment;
        AgentHub& hub;
        Pairs& pairs;
        Publisher& publisher;
        FlightRecorder& flights;
        SnapshotDesk& snapshots;
        DeletionDesk& deletions;
        std::function<void(const MemberId&)> push; // Tells that agent now.
        std::function<Revision()> head;
    };
    explicit Service(Parts parts);

    [[nodiscard]] Awaitable<Result<ControllerStatus>> status() override;
    [[nodiscard]] Awaitable<Result<PairStatus>> pair(PairName name) override;
    [[nodiscard]] Awaitable<Result<std::vector<Event>>>
    events(StateStore::EventQuery query) override;
    [[nodiscard]] Awaitable<Result<std::vector<std::string>>>
    incident(PairName name, std::int64_t since_unix_ms) override;
    [[nodiscard]] Awaitable<Result<DivergencesStatus>> divergences(PairName pair) override;
    [[nodiscard]] Awaitable<Result<PairRecord>> create_pair(CreatePair request,
                                                            Asked asked) override;
    [[nodiscard]] Awaitable<Result<std::optional<SnapshotOrder>>>
    delete_pair(PairName name, DeletePair request, Asked asked) override;
    [[nodiscard]] Awaitable<Result<void>> protect(PairName name, Protection protection,
                                                  Asked asked) override;
    [[nodiscard]] Awaitable<Result<void>> forget_deleted(PairName pair, Asked asked) override;
    [[nodiscard]] Awaitable<Result<PairRecord>> add_member(PairName name, MemberId member,
                                                           MemberKind kind, Asked asked) override;
    [[nodiscard]] Awaitable<Result<PairRecord>> remove_member(PairName name, MemberId member,
                                                              Asked asked) override;
    [[nodiscard]] Awaitable<Result<PairRecord>> fail_over(PairName name, FailoverRequest request,
                                                          Asked asked) override;
    [[nodiscard]] Awaitable<Result<PairRecord>>
    switch_over(PairName name, SwitchoverRequest request, Asked asked) override;
    [[nodiscard]] Awaitable<Result<PairRecord>> set_paused(PairName name, bool paused,
                                                           Asked asked) override;
    [[nodiscard]] Awaitable<Result<std::vector<PairSnapshots>>> snapshots(PairName pair) override;
    [[nodiscard]] Awaitable<Result<PairRecord>> set_schedule(PairName name, ScheduleChange change,
                                                             Asked asked) override;
    [[nodiscard]] Awaitable<Result<SnapshotOrder>>
    take_snapshot(PairName pair, std::map<std::string, std::string> tags, Asked asked) override;
    [[nodiscard]] Awaitable<Result<SnapshotOrder>> order_snapshot(SnapshotWork work, std::string id,
                                                                  Asked asked) override;
    [[nodiscard]] Awaitable<Result<PairRecord>> restore(RestoreRequest request,
                                                        Asked asked) override;
    [[nodiscard]] Awaitable<Result<IssuedToken>> create_token(MemberId member,
                                                              Asked asked) override;

    /// A final snapshot is taken: the pair goes now, unless something forbids it by now.
    [[nodiscard]] Awaitable<void> finish_deletion(SnapshotOrder order);

private:
    [[nodiscard]] Result<std::shared_ptr<PairLoop>> loop_of(const PairName& name) const;
    [[nodiscard]] Result<Member> free_member(const MemberId& id, MemberKind kind,
                                             const std::string& engine) const;
    [[nodiscard]] Result<PairRecord> checked_first_record(CreatePair request) const;
    [[nodiscard]] Awaitable<Result<PairRecord>> store_pair(PairRecord record, Protection protection,
                                                           Event event);
    void warn_of_shared_fate(const PairRecord& record);
    [[nodiscard]] PairStatus status_of(const PairLoop& loop) const;
    [[nodiscard]] std::vector<AgentStatus> agents() const;
    [[nodiscard]] std::vector<DivergenceSource> divergence_sources(const PairName& pair) const;

    // service_deletion.cpp
    [[nodiscard]] Result<void> check_deletion(const PairRecord& record,
                                              const DeletePair& request) const;
    [[nodiscard]] snapshots::PairDeletion::Repository repository_of(const PairRecord& record) const;
    [[nodiscard]] Awaitable<Result<void>> remove_pair(PairName name, std::string why);
    [[nodiscard]] std::optional<DeletedPair> left_of(const PairRecord& record) const;

    // service_snapshots.cpp
    [[nodiscard]] PairSnapshots snapshots_of(const PairRecord& record) const;
    [[nodiscard]] PairSnapshots snapshots_of(const DeletedPair& deleted) const;
    [[nodiscard]] std::vector<PairSnapshots> all_snapshots() const;
    [[nodiscard]] Result<PairSnapshots> usable_snapshots(const PairName& pair) const;
    [[nodiscard]] Result<SnapshotOrder> new_snapshot(const PairName& pair) const;
    [[nodiscard]] Result<void> check_restore(const Origin& origin) const;
    [[nodiscard]] Awaitable<Result<SnapshotOrder>> put_order(SnapshotOrder order, Asked asked);

    Parts parts_;
    std::set<MemberId> being_taken_;   // By changes that are on their way to the store.
    std::set<PairName> being_deleted_; // After their final snapshot, just now.
};

} // namespace lockstep
