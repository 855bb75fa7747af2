#include <utility>

#include "tests/sim/postgres/driver.h"

/// The driver over a model of PostgreSQL, without a server.
namespace lockstep::sim {
namespace {

constexpr std::uint64_t overwritten_bytes = 8192;

/// What is before `common` of `mine`, and the rest as `theirs` has it.
Disk joined(const Disk& mine, std::uint64_t common, const Disk& theirs) {
    Disk made;
    made.exists = true;
    made.standby = true;
    made.system_id = theirs.system_id;
    for (const auto& entry : mine.log()) {
        if (entry.end <= common) {
            made.append(entry);
        }
    }
    for (const auto& entry : theirs.log()) {
        if (entry.end > common && entry.end <= theirs.synced_end()) {
            made.append(entry);
        }
    }
    made.sync(made.end());
    return made;
}

} // namespace

Awaitable<Result<DataFolder>> PostgresModelDriver::inspect(Deadline) {
    co_await pause(some(2, 10) * millisecond);
    DataFolder folder;
    folder.kind = database_.disk.exists ? DataFolder::Kind::database : DataFolder::Kind::absent;
    if (database_.disk.broken) {
        folder.kind = DataFolder::Kind::other;
    }
    folder.system_id = database_.disk.system_id;
    folder.standby = database_.disk.standby;
    folder.clean_shutdown = database_.disk.clean;
    folder.history = database_.lineage.history();
    co_return folder;
}

Awaitable<Result<void>> PostgresModelDriver::initialise(Deadline) {
    co_await pause(some(100, 400) * millisecond);
    Disk made;
    made.exists = true;
    made.system_id = the_system_id;
    made.append({Databases::current().new_id(), 1000, 0, nullptr});
    made.sync(made.end());
    database_.replace_data(std::move(made), {});
    co_return Result<void>{};
}

Awaitable<Result<void>> PostgresModelDriver::clone(Member upstream, OnProgress on_progress,
                                                   Deadline) {
    Disk begun;
    begun.exists = true;
    begun.standby = true;
    database_.replace_data(std::move(begun), {});
    const auto copied =
        co_await copy_from(std::move(upstream), 150 * millisecond, std::move(on_progress));
    if (!copied) {
        co_return within("clone", copied.error());
    }
    const auto& source = PostgresModel::of(**copied);
    database_.replace_data(joined({}, 0, source.disk), source.lineage);
    co_return Result<void>{};
}

/// By numbers and names of timelines, as the real one: what they hold is not compared (F13).
Awaitable<Result<Divergence>> PostgresModelDriver::judge(Member upstream, Deadline) {
    co_await pause(some(5, 40) * millisecond);
    const auto peer = reach(upstream);
    if (!peer) {
        co_return within("judge", peer.error());
    }
    const auto end = database_.disk.end();
    const auto& mine = database_.lineage;
    const auto& theirs = PostgresModel::of(**peer).lineage;
    Divergence divergence;
    divergence.fork_offset_bytes = end;
    if (mine == theirs) {
        divergence.same_timeline = true;
        divergence.diverged = end > (*peer)->disk.synced_end();
    } else if (const auto* fork = theirs.left(mine.timeline)) {
        divergence.fork_offset_bytes = fork->at;
        divergence.diverged = end > fork->at;
    } else {
        divergence.diverged = true;
    }
    divergence.diverged = divergence.diverged && !flaws_.judges_nothing;
    divergence.fork = std::to_string(divergence.fork_offset_bytes);
    divergence.why = "own " + mine.history().text + " up to " + std::to_string(end) + ", " +
                     upstream.id + " has " + theirs.history().text;
    co_return divergence;
}

Awaitable<Result<std::uint64_t>> PostgresModelDriver::preserve(Divergence from,
                                                               std::filesystem::path, Deadline) {
    co_await pause(some(5, 100) * millisecond);
    const auto end = database_.disk.end();
    co_return end > from.fork_offset_bytes ? end - from.fork_offset_bytes : 0;
}

Awaitable<Result<RewindPlan>> PostgresModelDriver::prepare_rewind(Member upstream,
                                                                  std::filesystem::path, Deadline) {
    co_await pause(some(10, 200) * millisecond);
    const auto peer = reach(upstream);
    if (!peer) {
        co_return within("prepare the rewind", peer.error());
    }
    RewindPlan plan;
    const bool hinders = database_.hinders_rewinds && Machine::current().random.one_in(6);
    plan.hindrance = hinders ? "the log since the fork is gone" : "";
    plan.kept_bytes = overwritten_bytes;
    co_return plan;
}

/// What is before the fork stays, the rest is the upstream's.
Awaitable<Result<void>> PostgresModelDriver::rewind(Member upstream, OnProgress on_progress,
                                                    Deadline) {
    database_.disk.broken = true;
    const auto copied =
        co_await copy_from(std::move(upstream), 60 * millisecond, std::move(on_progress));
    if (!copied) {
        co_return within("rewind", copied.error());
    }
    const auto& source = PostgresModel::of(**copied);
    const auto* fork = source.lineage.left(database_.lineage.timeline);
    const auto common = fork == nullptr ? 0 : fork->at;
    database_.replace_data(joined(database_.disk, common, source.disk), source.lineage);
    co_return Result<void>{};
}

Awaitable<Result<bool>> PostgresModelDriver::never_promoted(Deadline) {
    co_await pause(some(1, 10) * millisecond);
    co_return database_.disk.standby;
}

Result<void> PostgresModelDriver::write_ticket(const Ticket& ticket) {
    database_.ticket = ticket;
    if (!ticket.primary) {
        database_.disk.standby = true;
    }
    return {};
}

} // namespace lockstep::sim
