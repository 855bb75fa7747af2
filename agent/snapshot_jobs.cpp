#include "agent/snapshot_jobs.h"

#include <algorithm>
#include <exception>

#include "core/mebibytes.h"
#include "platform/clock.h"

namespace lockstep {
namespace {

// As large as data may be; who hangs for longer than a minute is seen by its progress.
constexpr std::chrono::hours longest_copy{24};
constexpr const char* proof_alarm = "snapshot proof";

Snapshot* find(snapshots::Catalogue& catalogue, const std::string& id) {
    const auto found = std::find_if(catalogue.snapshots.begin(), catalogue.snapshots.end(),
                                    [&id](const Snapshot& one) { return one.id == id; });
    return found == catalogue.snapshots.end() ? nullptr : &*found;
}

Error gone(const std::string& id) {
    return {Errc::unreachable, "snapshot " + id + " is not in the repository (any more)"};
}

} // namespace

SnapshotJobs::SnapshotJobs(asio::any_io_executor executor, SnapshotEngine& engine, Proving& proving,
                           Journal& journal, std::function<void()> changed)
    : executor_(std::move(executor)), engine_(engine), proving_(proving), journal_(journal),
      changed_(std::move(changed)) {}

std::vector<SnapshotJob> SnapshotJobs::list() const {
    std::vector<SnapshotJob> all;
    for (const auto& [key, job] : jobs_) {
        all.push_back(job);
    }
    return all;
}

void SnapshotJobs::forget_others(const std::vector<SnapshotOrder>& orders) {
    std::erase_if(jobs_, [&](const auto& entry) {
        const auto& job = entry.second;
        const bool ended =
            job.state == SnapshotJob::State::done || job.state == SnapshotJob::State::failed;
        return ended && std::none_of(orders.begin(), orders.end(), [&](const auto& order) {
                   return Key{order.work, order.id} == entry.first;
               });
    });
}

void SnapshotJobs::work_on(const std::vector<SnapshotOrder>& orders, const Place& place) {
    forget_others(orders);
    if (work_) {
        return;
    }
    for (const auto& order : orders) {
        if (!jobs_.contains(Key{order.work, order.id})) {
            begin(order, place);
            return;
        }
    }
}

void SnapshotJobs::begin(const SnapshotOrder& order, const Place& place) {
    work_ = std::make_shared<Work>();
    work_->order = order;
    work_->place = place;
    SnapshotJob job;
    job.work = order.work;
    job.id = order.id;
    job.state = SnapshotJob::State::running;
    job.begun_unix_ms = unix_ms();
    jobs_[Key{order.work, order.id}] = std::move(job);
    auto done = [this, current = work_](const std::exception_ptr& failure) {
        if (failure && !current->cancelled) {
            std::rethrow_exception(failure); // A bug.
        }
        if (work_ == current) {
            work_.reset();
        }
        changed_();
    };
    asio::co_spawn(executor_, run(work_),
                   asio::bind_cancellation_slot(work_->cancel.slot(), std::move(done)));
}

void SnapshotJobs::stop() {
    journal_.clear(proof_alarm);
    if (const auto current = std::exchange(work_, nullptr)) {
        current->cancelled = true;
        jobs_.erase(
            Key{current->order.work, current->order.id}); // It is begun anew by whom it may.
        current->cancel.emit(asio::cancellation_type::terminal);
    }
}

Awaitable<void> SnapshotJobs::run(WorkPointer work) {
    Result<void> outcome;
    switch (work->order.work) {
    case SnapshotWork::take: outcome = co_await take(work); break;
    case SnapshotWork::check: outcome = co_await check(work); break;
    case SnapshotWork::verify: outcome = co_await verify(work); break;
    case SnapshotWork::remove: outcome = co_await remove(work); break;
    }
    if (!work->cancelled) {
        ended(work, outcome);
    }
}

void SnapshotJobs::ended(const WorkPointer& work, const Result<void>& outcome) {
    auto& job = jobs_[Key{work->order.work, work->order.id}];
    job.state = outcome ? SnapshotJob::State::done : SnapshotJob::State::failed;
    job.step.clear();
    const auto what = std::string(to_string(work->order.work)) + " snapshot " + work->order.id;
    if (!outcome) {
        job.trouble = outcome.error().message;
        journal_.write("snapshot failed", Severity::alarm, what + ": " + job.trouble);
    }
    if (work->order.work == SnapshotWork::verify) {
        if (outcome) {
            journal_.clear(proof_alarm);
        } else {
            journal_.raise(proof_alarm,
                           "snapshot " + work->order.id + " could not be proven: " + job.trouble);
        }
    }
}

void SnapshotJobs::set_step(const WorkPointer& work, std::string step) {
    auto& job = jobs_[Key{work->order.work, work->order.id}];
    job.step = std::move(step);
    job.done_bytes = 0;
    job.total_bytes = 0;
    changed_();
}

OnProgress SnapshotJobs::show_progress(const WorkPointer& work) {
    return [this, key = Key{work->order.work, work->order.id}](Progress progress) {
        if (const auto found = jobs_.find(key); found != jobs_.end()) {
            found->second.done_bytes = progress.done_bytes;
            found->second.total_bytes = progress.total_bytes;
        }
    };
}

/// A snapshot of that id which is there already was taken by an earlier try.
Awaitable<Result<void>> SnapshotJobs::take(WorkPointer work) {
    if (find(*work->place.catalogue, work->order.id) != nullptr) {
        co_return Result<void>{};
    }
    const auto since = boot_time();
    auto finished = co_await go_on_or_copy(work);
    const auto copied = boot_time();
    if (finished) {
        set_step(work, "storing"); // And reading back.
        auto on_read = show_progress(work);
        finished =
            co_await work->place.repository->finish(std::move(*finished), std::move(on_read));
    }
    if (!finished) {
        // What it left must not keep a full repository full. If it cannot be removed now, the next
        // claim or the next try of the same id does.
        auto half = work->order.id;
        static_cast<void>(co_await work->place.repository->remove_snapshot(std::move(half)));
        co_return tl::unexpected(finished.error());
    }
    journal_.write("snapshot taken", Severity::info,
                   "took snapshot " + finished->id + ": " + mebibytes(finished->bytes) + " for " +
                       mebibytes(finished->data_bytes) + " of data, in " +
                       std::to_string((boot_time() - since).count()) + " ms, of which " +
                       std::to_string((boot_time() - copied).count()) +
                       " ms to store it and read it back");
    work->place.catalogue->snapshots.push_back(std::move(*finished));
    co_return Result<void>{};
}

/// An agent that was restarted need not copy once more what it had whole.
Awaitable<Result<Snapshot>> SnapshotJobs::go_on_or_copy(WorkPointer work) {
    set_step(work, "preparing");
    auto id = work->order.id;
    auto left = co_await work->place.repository->left_off(std::move(id));
    if (!left) {
        co_return tl::unexpected(left.error());
    }
    if (*left) {
        co_return std::move(**left);
    }
    id = work->order.id;
    auto folder = co_await work->place.repository->stage(std::move(id));
    if (!folder) {
        co_return tl::unexpected(folder.error());
    }
    co_return co_await copy(work, std::move(*folder));
}

Awaitable<Result<Snapshot>> SnapshotJobs::copy(WorkPointer work, std::filesystem::path folder) {
    set_step(work, "copying");
    const auto begun = unix_ms();
    const auto deadline = Deadline::in(longest_copy);
    auto on_progress = show_progress(work);
    auto taken = co_await engine_.take(std::move(folder), std::move(on_progress), deadline);
    if (taken) {
        const auto& order = work->order;
        taken->id = order.id;
        taken->pair = order.pair;
        taken->kind = order.kind;
        taken->tags = order.tags;
        taken->taken_from = work->place.self;
        taken->epoch = work->place.epoch;
        taken->begun_unix_ms = begun;
    }
    co_return taken;
}

/// What is found wrong is kept with the snapshot: it is not offered any more.
Awaitable<Result<void>> SnapshotJobs::check(WorkPointer work) {
    const auto* known = find(*work->place.catalogue, work->order.id);
    if (known == nullptr) {
        co_return tl::unexpected(gone(work->order.id));
    }
    Snapshot snapshot = *known;
    set_step(work, "checking");
    const auto deadline = Deadline::in(longest_copy);
    auto id = snapshot.id;
    auto on_read = show_progress(work);
    auto folder = co_await work->place.repository->open_snapshot(
        std::move(id), snapshots::Repository::Verify::content, std::move(on_read));
    Result<void> whole;
    bool damaged = false;
    if (folder) {
        auto on_progress = show_progress(work);
        whole = co_await engine_.check(std::move(*folder), std::move(on_progress), deadline);
        damaged = !whole && whole.error().code == Errc::refused;
    } else {
        whole = tl::unexpected(folder.error()); // Refused: no keys, no room: says nothing of it.
    }
    damaged = damaged || (!whole && whole.error().code == Errc::corrupt);
    id = snapshot.id;
    static_cast<void>(co_await work->place.repository->close_snapshot(std::move(id)));
    if (!whole && !damaged) {
        co_return whole; // It could not be looked at: that says nothing of it.
    }
    snapshot.damage = damaged ? whole.error().message : std::string();
    if (!damaged) {
        snapshot.proof = std::max(snapshot.proof, SnapshotProof::checksummed);
    }
    auto noted = co_await note(work, std::move(snapshot));
    co_return damaged ? whole : noted;
}

/// That it failed says nothing of the snapshot's own bytes: there may be no room for it.
Awaitable<Result<void>> SnapshotJobs::verify(WorkPointer work) {
    const auto& order = work->order;
    if (find(*work->place.catalogue, order.id) == nullptr) {
        co_return tl::unexpected(gone(order.id));
    }
    Origin origin{order.pair, order.id, order.target};
    Proving::OnStep on_step = [this, work](std::string step) { set_step(work, std::move(step)); };
    auto on_progress = show_progress(work);
    const auto proof =
        co_await proving_.prove(std::move(origin), std::move(on_step), std::move(on_progress));
    if (!proof) {
        co_return tl::unexpected(proof.error());
    }
    const auto* known = find(*work->place.catalogue, order.id);
    if (known == nullptr) {
        co_return tl::unexpected(gone(order.id));
    }
    Snapshot snapshot = *known;
    snapshot.proof = std::max(snapshot.proof, proof->state);
    snapshot.proved_unix_ms = unix_ms();
    snapshot.restore_ms = proof->restore_time.count();
    journal_.write(
        "snapshot proven", Severity::info,
        "restored snapshot " + order.id +
            (proof->end_unix_ms > 0 ? " up to the commit of " + format_time(proof->end_unix_ms)
                                    : std::string()) +
            " in " + std::to_string(snapshot.restore_ms) + " ms; every table there is sound" +
            (proof->state == SnapshotProof::queried ? ", and the questions were answered" : ""));
    co_return co_await note(work, std::move(snapshot));
}

Awaitable<Result<void>> SnapshotJobs::note(WorkPointer work, Snapshot snapshot) {
    auto noted = co_await work->place.repository->note(snapshot);
    if (auto* const known = find(*work->place.catalogue, snapshot.id); noted && known != nullptr) {
        *known = std::move(snapshot);
    }
    co_return noted;
}

Awaitable<Result<void>> SnapshotJobs::remove(WorkPointer work) {
    auto id = work->order.id;
    auto removed = co_await work->place.repository->remove_snapshot(std::move(id));
    if (removed) {
        std::erase_if(work->place.catalogue->snapshots,
                      [&](const Snapshot& one) { return one.id == work->order.id; });
        journal_.write("snapshot removed", Severity::info,
                       "removed snapshot " + work->order.id + ", as " + work->order.asked_by +
                           " asked");
    }
    co_return removed;
}

} // namespace lockstep
