#include "agent/data_making.h"

#include <utility>

#include "platform/clock.h"
#include "platform/files.h"

namespace lockstep {
namespace {

constexpr std::chrono::minutes longest_initialise{2};
constexpr std::chrono::hours longest_clone{24};
constexpr std::chrono::hours longest_preserve{12};
constexpr std::chrono::minutes longest_discard{30};
constexpr std::chrono::seconds longest_look{10};
constexpr std::size_t mark_bytes = 16;

std::string mebibytes(std::uint64_t bytes) {
    return std::to_string((bytes + (1U << 20U) - 1) >> 20U) + " MiB";
}

std::filesystem::path place_for(const std::filesystem::path& folder, Revision revision) {
    return folder / (std::to_string(unix_ms() / 1000) + "-rev" + std::to_string(number(revision)));
}

} // namespace

DataMaking::DataMaking(Driver& driver, LocalState& state, Memory& memory, Journal& journal,
                       std::filesystem::path diverged_folder)
    : driver_(driver), state_(state), memory_(memory), journal_(journal),
      diverged_folder_(std::move(diverged_folder)) {}

void DataMaking::start_job(std::string what) {
    state_.job = Job{std::move(what), 0, 0, Milliseconds{0}};
    state_.job_since = boot_time();
    state_.status_wake.notify();
}

void DataMaking::end_job() {
    state_.job.reset();
    cloning_ = false;
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
    if (is_counted_on()) {
        co_return fail(Errc::conflict, "commits count on this member: its data is not replaced");
    }
    state_.inside.reset();
    state_.judgement.reset();
    state_.must_judge = false;
    state_.fruitless_judgements = 0;
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
    DataMemory data;
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

Awaitable<Result<void>> DataMaking::clone(Goal goal) {
    const auto upstream = *goal.upstream;
    start_job("cloning from " + upstream.id);
    auto begun = co_await begin();
    if (!begun) {
        end_job();
        co_return begun;
    }
    auto copied = co_await copy(upstream);
    end_job();
    co_return copied;
}

Awaitable<Result<void>> DataMaking::copy(Member upstream) {
    journal_.write("clone", Severity::info, "copies the data of " + upstream.id);
    OnProgress on_progress = [this](Progress progress) {
        if (state_.job) {
            state_.job->done_bytes = progress.done_bytes;
            state_.job->total_bytes = progress.total_bytes;
        }
    };
    const auto deadline = Deadline::in(longest_clone);
    cloning_ = true;
    auto copied = co_await driver_.clone(upstream, std::move(on_progress), deadline);
    cloning_ = false;
    if (copied) {
        copied = co_await finish();
    }
    if (copied) {
        const auto took = boot_time() - state_.job_since;
        journal_.write("cloned", Severity::info,
                       "copied the data of " + upstream.id + " in " + std::to_string(took.count()) +
                           " ms");
    }
    co_return copied;
}

Awaitable<Result<void>> DataMaking::preserve(Goal goal) {
    const auto divergence = state_.judgement->divergence;
    if (state_.preserved_from == divergence.fork) {
        co_return Result<void>{}; // A try before got this far, and no server ran since.
    }
    const auto place = place_for(diverged_folder_, goal.revision);
    if (auto made = make_private_folder(diverged_folder_); !made) {
        co_return made;
    }
    const auto deadline = Deadline::in(longest_preserve);
    const auto bytes = co_await driver_.preserve(divergence, place, deadline);
    if (!bytes) {
        co_return tl::unexpected(bytes.error());
    }
    state_.preserved_from = divergence.fork;
    journal_.write("preserved", Severity::warning,
                   "kept what only this member has (" + mebibytes(*bytes) + ", from " +
                       divergence.fork + " on) in " + place.string() + ": " + divergence.why);
    co_return Result<void>{};
}

Awaitable<Result<void>> DataMaking::replace(Goal goal, std::function<bool()> still_wanted) {
    start_job("keeping what only this member has");
    auto preserved = co_await preserve(goal);
    if (!preserved) {
        end_job();
        co_return preserved;
    }
    if (!still_wanted()) {
        end_job();
        co_return fail(Errc::conflict, "the record changed: the data is not replaced");
    }
    auto cloned = co_await clone(std::move(goal));
    co_return cloned;
}

} // namespace lockstep
