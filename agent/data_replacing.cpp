#include <utility>

#include "agent/data_making.h"
#include "core/mebibytes.h"
#include "platform/clock.h"

/// What follows when a member's data left its upstream's history: R8's copy, then the way back.
namespace lockstep {
namespace {

constexpr std::chrono::hours longest_preserve{12};
constexpr std::chrono::hours longest_preparation{12};
constexpr std::chrono::hours longest_rewind{12};

} // namespace

/// Once for each divergence: also a try of the agent's start before counts.
Awaitable<Result<KeptDivergence>> DataMaking::preserve(Goal goal) {
    const auto& fork = state_.judgement->divergence.fork;
    if (auto open = divergences_.find_open(memory_.data().data_id, goal.epoch, fork)) {
        co_return std::move(*open);
    }
    co_return co_await copy_aside(std::move(goal));
}

Awaitable<Result<KeptDivergence>> DataMaking::copy_aside(Goal goal) {
    const auto divergence = state_.judgement->divergence;
    if (auto prepared = divergences_.prepare(); !prepared) {
        co_return tl::unexpected(prepared.error());
    }
    auto kept = divergences_.make(goal.revision);
    kept.pair = memory_.record()->pair;
    kept.upstream = goal.upstream->id;
    kept.epoch = goal.epoch;
    kept.data_id = memory_.data().data_id;
    kept.system_id = memory_.data().system_id;
    kept.fork = divergence.fork;
    kept.fork_offset_bytes = divergence.fork_offset_bytes;
    kept.why = divergence.why;
    const auto deadline = Deadline::in(longest_preserve);
    std::filesystem::path folder = kept.folder;
    const auto bytes = co_await driver_.preserve(divergence, std::move(folder), deadline);
    if (!bytes) {
        co_return tl::unexpected(bytes.error());
    }
    kept.bytes = *bytes;
    auto added = co_await divergences_.add(kept);
    if (!added) {
        co_return tl::unexpected(added.error());
    }
    journal_.write("preserved", Severity::warning,
                   "kept what only this member has (" + mebibytes(*bytes) + ", from " +
                       divergence.fork + " on) in " + kept.folder + ": " + divergence.why +
                       "; see `lockstep divergence show " + kept.id + "`");
    co_return kept;
}

RejoinChoice DataMaking::choose() const {
    RejoinFacts facts;
    facts.fork_known = state_.judgement->divergence.fork_offset_bytes != 0;
    facts.same_history_name = state_.judgement->divergence.same_timeline;
    facts.rewound_before = state_.rewound_epoch == memory_.record()->epoch;
    return choose_rejoin(facts);
}

Awaitable<Result<RewindPlan>> DataMaking::prepare_rewind(Goal goal, KeptDivergence kept) {
    auto upstream = *goal.upstream;
    std::filesystem::path folder = kept.folder;
    const auto deadline = Deadline::in(longest_preparation);
    cancellable_ = true;
    auto plan = co_await driver_.prepare_rewind(std::move(upstream), std::move(folder), deadline);
    cancellable_ = false;
    if (plan && plan->hindrance.empty()) {
        auto noted = co_await divergences_.set_overwritten(kept.id, plan->kept_bytes);
        if (!noted) {
            co_return tl::unexpected(noted.error());
        }
    }
    co_return plan;
}

/// From the new mark on, what an interruption leaves is half made, and is cloned.
Awaitable<Result<std::string>> DataMaking::overwrite(Member upstream) {
    const auto began = boot_time();
    forget_content();
    const auto epoch = memory_.record()->epoch;
    auto marked = co_await new_mark(epoch);
    if (!marked) {
        co_return tl::unexpected(marked.error());
    }
    state_.rewound_epoch = epoch;
    auto on_progress = show_progress();
    const auto deadline = Deadline::in(longest_rewind);
    const auto name = upstream.id;
    cancellable_ = true;
    auto done = co_await driver_.rewind(std::move(upstream), std::move(on_progress), deadline);
    cancellable_ = false;
    if (done) {
        done = co_await finish();
    }
    if (!done) {
        co_return done.error().message;
    }
    state_.must_judge = true; // The usual judgement proves it before it follows.
    journal_.write("rewound", Severity::info,
                   "rewound this data to the history of " + name + " in " +
                       std::to_string((boot_time() - began).count()) + " ms");
    std::string how = "rewind";
    std::string why;
    co_await divergences_.settle(std::move(how), std::move(why));
    co_return std::string();
}

Awaitable<Result<std::string>> DataMaking::rewind(Goal goal, KeptDivergence kept,
                                                  std::function<bool()> still_wanted) {
    const auto choice = choose();
    if (choice.how == Rejoin::clone) {
        co_return std::string(choice.because);
    }
    if (auto free = check_not_counted_on(); !free) { // Its own recovery writes to the data, too.
        co_return tl::unexpected(free.error());
    }
    start_job("rewinding to " + goal.upstream->id + "'s history");
    const auto plan = co_await prepare_rewind(goal, std::move(kept));
    if (!plan) {
        co_return tl::unexpected(plan.error());
    }
    if (!plan->hindrance.empty()) {
        co_return plan->hindrance;
    }
    if (auto free = check_not_counted_on(); !free || !still_wanted()) {
        co_return fail(Errc::conflict, "the record changed: the data is not rewound");
    }
    auto upstream = *goal.upstream;
    co_return co_await overwrite(std::move(upstream));
}

Awaitable<Result<void>> DataMaking::replace(Goal goal, std::function<bool()> still_wanted) {
    start_job("keeping what only this member has");
    auto kept = co_await preserve(goal);
    if (!kept || !still_wanted()) {
        end_job();
        co_return kept ? fail(Errc::conflict, "the record changed: the data is not replaced")
                       : tl::unexpected(kept.error());
    }
    auto asked = still_wanted;
    auto why_not = co_await rewind(goal, std::move(*kept), std::move(asked));
    end_job();
    if (!why_not) {
        co_return tl::unexpected(why_not.error());
    }
    if (why_not->empty()) {
        co_return Result<void>{};
    }
    journal_.write("not rewound", Severity::warning,
                   "this data is cloned anew, not rewound: " + *why_not);
    if (!still_wanted()) {
        co_return fail(Errc::conflict, "the record changed: the data is not replaced");
    }
    co_return co_await clone_because(std::move(goal), std::move(*why_not));
}

} // namespace lockstep
