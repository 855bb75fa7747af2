#include "agent/data_making.h"

#include <utility>

#include "platform/clock.h"
#include "platform/files.h"

namespace lockstep {
namespace {

constexpr std::chrono::minutes longest_initialise{2};
constexpr std::chrono::hours longest_clone{24};
constexpr std::chrono::minutes longest_discard{30};
constexpr std::chrono::seconds longest_look{10};
constexpr std::size_t mark_bytes = 16;

} // namespace

DataMaking::DataMaking(Driver& driver, LocalState& state, Memory& memory, Journal& journal,
                       Divergences& divergences, Restore restore)
    : driver_(driver), state_(state), memory_(memory), journal_(journal), divergences_(divergences),
      restore_(std::move(restore)) {}

void DataMaking::start_job(std::string what) {
    state_.job = Job{std::move(what), 0, 0, Milliseconds{0}};
    state_.job_since = boot_time();
    state_.status_wake.notify();
}

void DataMaking::end_job() {
    state_.job.reset();
    cancellable_ = false;
    state_.status_wake.notify();
}

void DataMaking::cancelled() {
    end_job();
    state_.inside.reset();
}

/// R10, asked again right before anything is destroyed. A primary is always counted on; but one
/// that is just being formed has nothing to lose.
bool DataMaking::is_counted_on() const {
    const auto& record = memory_.record();
    return record && is_protected(*record, state_.self) && phase_of(*record) != Phase::forming;
}

Result<void> DataMaking::check_not_counted_on() const {
    return is_counted_on()
               ? Result<void>(
                     fail(Errc::conflict, "commits count on this member: its data is not replaced"))
               : Result<void>{};
}

/// What was known of the folder's content is no longer so.
void DataMaking::forget_content() {
    state_.inside.reset();
    state_.judgement.reset();
    state_.must_judge = false;
    state_.fruitless_judgements = 0;
}

/// What lies there is half made or was kept aside: it goes, under its old mark, so that a crash in
/// between leaves a folder that is still known to be this agent's.
Awaitable<Result<void>> DataMaking::empty_folder() {
    const DataMemory before = memory_.data();
    DataMemory data = before;
    data.making = true;
    auto kept = co_await memory_.keep_data(std::move(data));
    if (!kept) {
        co_return kept;
    }
    Result<void> discarded =
        fail(Errc::conflict, "commits count on this member: its data is not replaced");
    bool untouched = true;
    if (!is_counted_on()) {
        const auto deadline = Deadline::in(longest_discard);
        discarded = co_await driver_.discard(deadline);
        // What the driver does not support it refuses before it touches anything.
        untouched = !discarded && discarded.error().code == Errc::unsupported;
    }
    if (untouched) {
        auto restored = co_await memory_.keep_data(before);
        if (!restored) {
            co_return restored;
        }
    }
    co_return discarded;
}

/// From here on the content of the folder counts for nothing, and gets a new mark.
Awaitable<Result<void>> DataMaking::begin() {
    if (auto free = check_not_counted_on(); !free) {
        co_return free;
    }
    forget_content();
    const auto owner = look_at_owner(driver_.data_folder(), memory_.data());
    if (owner.whose == Ownership::foreign || owner.whose == Ownership::unknown) {
        co_return fail(Errc::refused, owner.because);
    }
    if (owner.whose == Ownership::mine) {
        auto emptied = co_await empty_folder();
        if (!emptied) {
            co_return emptied;
        }
    }
    const Epoch followed_none{0};
    co_return co_await new_mark(followed_none);
}

/// R11: other data, another mark. Until finish() it is known to be half made. What is made from
/// its upstream's own history in this epoch follows it: it is nobody's twin any more (F13).
Awaitable<Result<void>> DataMaking::new_mark(Epoch followed) {
    DataMemory data;
    data.followed_epoch = followed;
    data.replaced_id = memory_.data().data_id; // A crash before the folder is marked anew.
    data.data_id = random_hex(mark_bytes);
    data.making = true;
    auto kept = co_await memory_.keep_data(std::move(data));
    if (!kept) {
        co_return kept;
    }
    co_return mark_folder(driver_.data_folder(), memory_.data().data_id);
}

Awaitable<Result<void>> DataMaking::finish() {
    // The tool may have made the folder anew.
    if (auto marked = mark_folder(driver_.data_folder(), memory_.data().data_id); !marked) {
        co_return marked;
    }
    const auto deadline = Deadline::in(longest_look);
    auto inside = co_await driver_.inspect(deadline);
    if (!inside) {
        co_return tl::unexpected(inside.error());
    }
    DataMemory data = memory_.data();
    data.making = false;
    data.replaced_id.clear();
    data.system_id = inside->system_id;
    auto kept = co_await memory_.keep_data(data);
    if (kept) {
        state_.inside = std::move(*inside);
        state_.inspected_at = boot_time();
        state_.changed();
    }
    co_return kept;
}

Awaitable<Result<void>> DataMaking::inspect() {
    const auto owner = look_at_owner(driver_.data_folder(), memory_.data());
    if (owner.whose == Ownership::unknown) {
        co_return fail(Errc::refused, owner.because);
    }
    const auto deadline = Deadline::in(longest_look);
    auto inside = co_await driver_.inspect(deadline);
    state_.inspected_at = boot_time();
    if (!inside) {
        co_return tl::unexpected(inside.error());
    }
    state_.inside = std::move(*inside);
    co_return Result<void>{};
}

Awaitable<Result<void>> DataMaking::initialise() {
    start_job("making a new database");
    auto begun = co_await begin();
    if (!begun) {
        end_job();
        co_return begun;
    }
    const auto deadline = Deadline::in(longest_initialise);
    auto made = co_await driver_.initialise(deadline);
    if (made) {
        made = co_await finish();
    }
    end_job();
    if (made) {
        journal_.write("initialised", Severity::info,
                       "made a new database, " + memory_.data().system_id);
    }
    co_return made;
}

Awaitable<Result<void>> DataMaking::restore(Goal goal) {
    if (!restore_) {
        co_return fail(Errc::refused, "this agent has no repository to restore from: give its file "
                                      "a table [snapshots] with `repository`");
    }
    const Origin origin = *goal.origin;
    start_job("restoring from pair " + origin.pair);
    auto begun = co_await begin();
    if (!begun) {
        end_job();
        co_return begun;
    }
    journal_.write("restore", Severity::info, "restores from the snapshots of " + origin.pair);
    auto on_progress = show_progress();
    cancellable_ = true;
    auto restored = co_await restore_(origin, std::move(on_progress));
    cancellable_ = false;
    Result<void> made;
    if (restored) {
        made = co_await finish();
    } else {
        made = tl::unexpected(restored.error());
    }
    const auto took = boot_time() - state_.job_since;
    end_job();
    if (made) {
        journal_.write("restored", Severity::info,
                       *restored + ", in " + std::to_string(took.count()) + " ms");
    }
    co_return made;
}

OnProgress DataMaking::show_progress() {
    return [this](Progress progress) {
        if (state_.job) {
            if (copied_how_.empty() && !progress.how.empty()) {
                copied_how_ = " " + progress.how;
                state_.job->what += copied_how_;
            }
            state_.job->done_bytes = progress.done_bytes;
            state_.job->total_bytes = progress.total_bytes;
        }
    };
}

Awaitable<Result<void>> DataMaking::clone(Goal goal) {
    std::string why = "an earlier try was interrupted";
    co_return co_await clone_because(std::move(goal), std::move(why));
}

Awaitable<Result<void>> DataMaking::clone_because(Goal goal, std::string why) {
    const auto upstream = *goal.upstream;
    const auto deadline = Deadline::in(longest_look);
    auto copyable = co_await driver_.check_copyable(upstream, deadline);
    if (!copyable) {
        co_return within("clone from " + upstream.id, copyable.error());
    }
    start_job("cloning from " + upstream.id);
    auto begun = co_await begin();
    if (!begun) {
        end_job();
        co_return begun;
    }
    auto copied = co_await copy(upstream);
    end_job();
    if (copied) {
        std::string how = "clone";
        co_await divergences_.settle(std::move(how), std::move(why));
    }
    co_return copied;
}

Awaitable<Result<void>> DataMaking::copy(Member upstream) {
    journal_.write("clone", Severity::info, "copies the data of " + upstream.id);
    auto on_progress = show_progress();
    copied_how_.clear();
    const auto deadline = Deadline::in(longest_clone);
    cancellable_ = true;
    auto copied = co_await driver_.clone(upstream, std::move(on_progress), deadline);
    cancellable_ = false;
    if (copied) {
        copied = co_await finish();
    }
    if (copied) {
        const auto took = boot_time() - state_.job_since;
        journal_.write("cloned", Severity::info,
                       "copied the data of " + upstream.id + copied_how_ + " in " +
                           std::to_string(took.count()) + " ms");
    }
    co_return copied;
}

} // namespace lockstep
