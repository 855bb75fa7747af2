#include "tests/mutations/mutations.h"

namespace lockstep::mutations {
namespace {

sim::HistoryOptions with(bool sim::EngineFlaws::*flaw) {
    sim::HistoryOptions options;
    options.flaws.*flaw = true;
    return options;
}

sim::HistoryOptions semisync() {
    sim::HistoryOptions options;
    options.engine = sim::Engine::semisync;
    return options;
}

sim::HistoryOptions semisync_with(bool sim::EngineFlaws::*flaw) {
    auto options = semisync();
    options.flaws.*flaw = true;
    return options;
}

sim::HistoryOptions with_forgetful_store() {
    sim::HistoryOptions options;
    options.store_loses_its_last_write = true;
    return options;
}

sim::HistoryOptions with_numbers_only() {
    sim::HistoryOptions options;
    options.flaws.stays_in_segment = true;
    options.flaws.judges_nothing = true;
    return options;
}

} // namespace

Bent bent = Bent::nothing;

const std::vector<Mutation>& all() {
    using sim::EngineFlaws;
    static const std::vector<Mutation> mutations = {
        {"AcknowledgesBeforeFlush", "lost", Bent::nothing,
         with(&EngineFlaws::acknowledges_before_flush)},
        {"RelaxesFirst", "lost", Bent::nothing, with(&EngineFlaws::relaxes_by_itself)},
        {"StartsWithoutSyncName", "lost", Bent::nothing,
         with(&EngineFlaws::starts_without_sync_name)},
        {"SettingNotEffect", "lost", Bent::nothing, with(&EngineFlaws::setting_counts)},
        {"StoreLosesItsLastWrite", "lost", Bent::nothing, with_forgetful_store()},
        {"PromotesAny", "lost", Bent::promote_any, {}},
        {"PromotesBesideAPrimary", "split", Bent::promote_any, {}},
        {"EpochStandsStill", "epoch", Bent::epoch_stands_still, {}},
        {"NoBarrier", "lost", Bent::no_barrier, {}},
        {"EvidenceOfAnyRevision", "lost", Bent::any_revision, {}},
        {"NumbersWithoutHistory", "lost", Bent::numbers_only, with_numbers_only()},
        {"StartsByMemory", "boot", Bent::start_by_memory, {}},
        {"DoorAlwaysOpen", "read", Bent::door_open, {}},
        {"OlderGoalsAccepted", "lost", Bent::older_accepted, {}},
        {"DestroysProtectedData", "lost", Bent::destroy_protected, {}},
        {"NeverWidens", "stuck", Bent::never_widens, {}},
        {"SemisyncAcknowledgesBeforeFlush", "lost", Bent::nothing,
         semisync_with(&EngineFlaws::acknowledges_before_flush)},
        {"SemisyncTimesOut", "lost", Bent::nothing, semisync_with(&EngineFlaws::relaxes_by_itself)},
        {"SemisyncPromisesOutliveRestarts", "lost", Bent::nothing,
         semisync_with(&EngineFlaws::promises_outlive_restarts)},
        {"SemisyncPromotesWhatItForgot", "lost", Bent::nothing,
         semisync_with(&EngineFlaws::promotes_what_it_forgot)},
        {"SemisyncAnybodyMayStream", "lost", Bent::nothing,
         semisync_with(&EngineFlaws::anybody_may_stream)},
        {"SemisyncPromotesAny", "lost", Bent::promote_any, semisync()},
        {"SemisyncNoBarrier", "lost", Bent::no_barrier, semisync()},
        {"SemisyncStartsByMemory", "boot", Bent::start_by_memory, semisync()},
        {"SemisyncDoorAlwaysOpen", "read", Bent::door_open, semisync()},
        {"SemisyncDestroysProtectedData", "lost", Bent::destroy_protected, semisync()},
    };
    return mutations;
}

} // namespace lockstep::mutations
