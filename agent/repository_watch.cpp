#include "agent/repository_watch.h"

#include <algorithm>
#include <utility>

#include "platform/clock.h"
#include "snapshots/decision/losses.h"

namespace lockstep {
namespace {

constexpr const char* damaged_event = "repository damaged";

} // namespace

void RepositoryWatch::note(std::vector<std::string> damaged) {
    for (const auto& one : damaged) {
        if (std::ranges::find(damaged_, one) == damaged_.end()) {
            journal_.write(damaged_event, Severity::alarm, one);
        }
    }
    damaged_ = std::move(damaged);
}

Awaitable<Result<snapshots::Catalogue>> RepositoryWatch::read(PairRepository& repository) {
    looked_at_ = boot_time(); // One that fails is no reason to hurry.
    auto reading = co_await repository.read();
    if (!reading) {
        co_return tl::unexpected(reading.error());
    }
    note(std::move(reading->damaged));
    co_return std::move(reading->catalogue);
}

Awaitable<void> RepositoryWatch::look(PairRepository& repository, snapshots::Catalogue& catalogue) {
    if (boot_time() - looked_at_ < between_looks_) {
        co_return;
    }
    const auto before = catalogue;
    const auto found = co_await read(repository);
    if (!found) {
        journal_.write("repository not read", Severity::warning,
                       "whether all is still there that was kept in " + repository.name() +
                           " is not known: " + found.error().message);
        co_return;
    }
    const auto lost = snapshots::losses(before, *found, catalogue);
    if (lost.none()) {
        co_return;
    }
    snapshots::take_out(lost, catalogue);
    journal_.write(damaged_event, Severity::alarm,
                   repository.name() +
                       " holds no more what was kept in it, and nobody here took it away: " +
                       snapshots::in_words(lost) +
                       ". `lockstep snapshot list` shows what can be restored without it");
}

} // namespace lockstep
