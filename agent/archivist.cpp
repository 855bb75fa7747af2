#include "agent/archivist.h"

#include <algorithm>
#include <utility>

#include "core/goal.h"
#include "platform/clock.h"
#include "snapshots/decision/archiving.h"

namespace lockstep {
namespace {

constexpr Milliseconds between_steps{500};
constexpr std::chrono::seconds longest_look{20};
/// So long a repository that went away, or that another one has claimed, may go unnoticed.
constexpr Milliseconds between_claims{5000};
/// The member that archived before needs a moment to learn that it does no more, and a server that
/// is promoted to go on.
constexpr Milliseconds patience{5000};
constexpr const char* alarm = "snapshots";

} // namespace

Archivist::Archivist(asio::any_io_executor executor, Means means, LocalState& state,
                     const Memory& memory, const Supervisor& supervisor, Journal& journal,
                     SnapshotBoard& board)
    : executor_(executor), means_(std::move(means)), state_(state), memory_(memory),
      supervisor_(supervisor), journal_(journal), board_(board), wake_(executor),
      restoring_(executor, means_.repository, journal),
      proving_(executor, std::move(means_.proving), restoring_) {
    if (means_.engine) {
        keeper_ = std::make_unique<LogKeeper>(executor, *means_.engine);
        jobs_ = std::make_unique<SnapshotJobs>(executor, *means_.engine, proving_, journal_,
                                               [this] { wake_.notify(); });
    }
    board_.on_ask([this] { wake_.notify(); });
}

Awaitable<void> Archivist::run() {
    for (;;) {
        co_await step();
        co_await wake_.wait(between_steps);
    }
}

/// Why nothing can be kept here; empty: it can.
std::string Archivist::hindrance() const {
    if (!means_.repository) {
        return "its file names no repository for snapshots";
    }
    return means_.engine ? "" : "there are no snapshots of this engine yet";
}

Awaitable<void> Archivist::step() {
    const auto& record = memory_.record();
    const bool mine = record && archiver_of(*record) == state_.self;
    if (!mine || !hindrance().empty()) {
        leave();
        mine_ = false;
        if (mine) {
            SnapshotReport nothing;
            nothing.pair = record->pair;
            nothing.trouble = hindrance();
            board_.tell(std::move(nothing));
        }
        co_return;
    }
    if (!mine_) {
        mine_ = true;
        well_at_ = boot_time();
    }
    co_await archive(*record);
}

/// By this record to its end: another may be accepted meanwhile.
Awaitable<void> Archivist::archive(PairRecord record) {
    Result<void> done;
    if (!place_ || place_->pair != record.pair || place_->epoch != record.epoch) {
        done = co_await open(record);
    } else if (boot_time() - place_->claimed_at >= between_claims) {
        done = co_await claim_again();
    }
    if (done) {
        done = co_await keep_log();
    }
    std::optional<LogSegment> unfinished;
    if (place_) {
        auto worked = co_await work(record.policy.snapshots);
        done = done ? worked : done;
        if (place_->repository->counts_incoming()) {
            auto found = co_await keeper_->unfinished();
            unfinished = found ? *found : std::nullopt;
        }
    }
    const auto trouble = done ? std::string() : done.error().message;
    if (done) {
        well_at_ = boot_time();
        journal_.clear(alarm);
    } else if (boot_time() - well_at_ >= patience) {
        journal_.raise(alarm, "the log is not archived: " + trouble);
    }
    tell(record.pair, trouble, unfinished);
}

/// What operators asked for comes first.
Awaitable<Result<void>> Archivist::work(SnapshotPolicy policy) {
    auto& schedule = *place_->schedule;
    for (const auto& job : jobs_->list()) {
        if (job.state == SnapshotJob::State::done || job.state == SnapshotJob::State::failed) {
            schedule.ended(job);
        }
    }
    schedule.look(place_->pair, policy, {*place_->catalogue, place_->incomplete, jobs_->busy()});
    auto orders = board_.orders();
    if (schedule.wanted()) {
        orders.push_back(*schedule.wanted());
    }
    jobs_->work_on(orders, {place_->repository, place_->catalogue, state_.self, place_->epoch});
    co_return co_await schedule.expire(*place_->repository, *place_->catalogue);
}

void Archivist::leave() {
    if (place_) {
        keeper_->stop();
        jobs_->stop();
        place_.reset();
        journal_.clear(alarm);
    }
}

Awaitable<Result<void>> Archivist::open(const PairRecord& record) {
    leave();
    Place place;
    place.claimed_at = boot_time();
    place.pair = record.pair;
    place.epoch = record.epoch;
    place.repository = std::make_shared<PairRepository>(executor_, means_.repository(record.pair));
    repository_name_ = place.repository->name();
    auto self = state_.self;
    auto claimed = co_await place.repository->claim(std::move(self), place.epoch);
    if (!claimed) {
        co_return claimed;
    }
    auto reading = co_await place.repository->read();
    if (!reading) {
        co_return tl::unexpected(reading.error());
    }
    for (const auto& damaged : reading->damaged) {
        journal_.write("repository damaged", Severity::alarm, damaged);
    }
    place.incomplete = !reading->damaged.empty();
    place.catalogue = std::make_shared<snapshots::Catalogue>(std::move(reading->catalogue));
    place.schedule = std::make_shared<SnapshotSchedule>(journal_);
    place_ = std::move(place);
    co_return Result<void>{};
}

/// What is received into a folder whose file system was unmounted is in no repository, and nobody
/// must be told that it was kept.
Awaitable<Result<void>> Archivist::claim_again() {
    const auto now = boot_time();
    auto self = state_.self;
    auto claimed = co_await place_->repository->claim(std::move(self), place_->epoch);
    if (!claimed) {
        keeper_->stop();
        if (claimed.error().code == Errc::refused || claimed.error().code == Errc::conflict) {
            leave(); // It is another's, or empty. What is only away may come back for a running
                     // copy.
        }
        co_return claimed;
    }
    place_->claimed_at = now;
    co_return claimed;
}

Awaitable<Result<void>> Archivist::keep_log() {
    if (supervisor_.state() != Supervisor::State::running || !state_.server.report()) {
        keeper_->stop(); // It begins anew with the server.
        co_return Result<void>{};
    }
    const ServerReport server = *state_.server.report();
    auto done = co_await note_forks(server.position.history);
    if (!done) {
        co_return done;
    }
    receive(server);
    const auto kept =
        co_await keeper_->keep(*place_->repository, place_->epoch, *place_->catalogue);
    if (!kept) {
        co_return tl::unexpected(kept.error());
    }
    if (keeper_->trouble() && !keeper_->receives()) {
        co_return tl::unexpected(*keeper_->trouble());
    }
    co_return Result<void>{};
}

Awaitable<Result<void>> Archivist::note_forks(const History& history) {
    if (!history.known() || place_->forks_of == history) {
        co_return Result<void>{};
    }
    const auto deadline = Deadline::in(longest_look);
    const auto forks = co_await means_.engine->forks(deadline);
    if (!forks) {
        co_return tl::unexpected(forks.error());
    }
    auto& known = place_->catalogue->forks;
    std::vector<HistoryFork> all = known;
    for (const auto& fork : *forks) {
        if (std::find(all.begin(), all.end(), fork) == all.end()) {
            all.push_back(fork);
        }
    }
    auto noted = co_await place_->repository->note_forks(all);
    if (noted) {
        known = std::move(all);
        place_->forks_of = history;
    }
    co_return noted;
}

/// A server that lacks what follows is received from where it is: the gap shows, and only a
/// snapshot after it makes later times restorable.
void Archivist::receive(const ServerReport& server) {
    if (keeper_->receives() || !server.position.history.known()) {
        return;
    }
    auto after = snapshots::resume_at(place_->catalogue->log, place_->catalogue->forks,
                                      server.system_id, server.position.history);
    const auto& trouble = keeper_->trouble();
    if (trouble && trouble->code == Errc::refused) {
        journal_.write("log gap", Severity::alarm, trouble->message);
        after = {};
    }
    keeper_->begin(place_->repository, state_.self, std::move(after));
}

void Archivist::tell(const PairName& pair, const std::string& trouble,
                     const std::optional<LogSegment>& unfinished) {
    SnapshotReport report;
    report.pair = pair;
    report.repository = repository_name_;
    report.trouble = trouble;
    report.jobs = jobs_->list();
    if (place_) {
        report.plan = place_->schedule->plan();
        report.read = true;
        report.snapshots = place_->catalogue->snapshots;
        report.forks = place_->catalogue->forks;
        auto log = place_->catalogue->log;
        if (unfinished) {
            log.push_back(*unfinished);
        }
        report.log = snapshots::joined(std::move(log));
    }
    board_.tell(std::move(report));
}

Awaitable<Result<std::string>> Archivist::restore(Origin origin, OnProgress on_progress) {
    if (const auto why_not = hindrance(); !why_not.empty()) {
        co_return fail(Errc::refused, "nothing can be restored here: " + why_not);
    }
    auto words = " of pair " + origin.pair;
    Restoring::Into into{*means_.engine, means_.scratch};
    const auto done =
        co_await restoring_.restore(std::move(origin), std::move(into), std::move(on_progress));
    if (!done) {
        co_return tl::unexpected(done.error());
    }
    words = "restored snapshot " + done->snapshot.id + words;
    if (done->restored.end_unix_ms > 0) {
        words += " and the log up to the commit of " + format_time(done->restored.end_unix_ms);
    }
    co_return words;
}

} // namespace lockstep
