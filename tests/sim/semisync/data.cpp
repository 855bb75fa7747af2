#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "tests/sim/semisync/driver.h"

/// Without a server: what is on disk, judged and made.
namespace lockstep::sim {
namespace {

std::string new_uuid() {
    std::array<char, 37> text{};
    std::snprintf(text.data(), text.size(), "c01d0839-0000-11f0-8000-%012llx",
                  static_cast<unsigned long long>(Databases::current().new_id()));
    return text.data();
}

/// A UUID is the data folder's; a server id is the member's.
SemisyncData fresh_data(const SemisyncModel& database) {
    SemisyncData data;
    data.writer =
        database.is_mysql() ? new_uuid() : std::to_string(1 + database.name().back() - 'a');
    return data;
}

Disk begin_of(const Disk& of, std::size_t first) {
    Disk made;
    made.exists = true;
    made.standby = true;
    made.system_id = of.system_id;
    for (std::size_t at = 0; at < first; ++at) {
        made.append(of.log()[at]);
    }
    made.sync(made.end());
    return made;
}

std::size_t first_of(const std::vector<LogEntry>& log, const mysql::GtidSet& alone) {
    const auto found =
        std::ranges::find_if(log, [&alone](const LogEntry& entry) { return has(alone, entry); });
    return static_cast<std::size_t>(found - log.begin());
}

} // namespace

Awaitable<Result<DataFolder>> SemisyncModelDriver::inspect(Deadline) {
    co_await pause(some(2, 10) * millisecond);
    DataFolder folder;
    folder.kind = database_.disk.exists ? DataFolder::Kind::database : DataFolder::Kind::absent;
    if (database_.disk.broken) {
        folder.kind = DataFolder::Kind::other;
    }
    folder.system_id = database_.disk.system_id;
    folder.standby = database_.disk.standby;
    folder.clean_shutdown = database_.disk.clean;
    folder.history = mysql::to_history(database_.descent());
    co_return folder;
}

Awaitable<Result<void>> SemisyncModelDriver::initialise(Deadline) {
    co_await pause(some(100, 400) * millisecond);
    Disk made;
    made.exists = true;
    made.system_id = the_system_id;
    database_.replace_data(std::move(made), fresh_data(database_));
    co_return Result<void>{};
}

/// What the source has committed; the rest comes over the stream.
Awaitable<Result<void>> SemisyncModelDriver::clone(Member upstream, OnProgress on_progress,
                                                   Deadline) {
    Disk begun;
    begun.exists = true;
    begun.broken = true;
    begun.standby = true;
    database_.replace_data(std::move(begun), fresh_data(database_));
    const auto copied =
        co_await copy_from(std::move(upstream), 150 * millisecond, std::move(on_progress));
    if (!copied) {
        co_return within("clone", copied.error());
    }
    const auto& source = SemisyncModel::of(**copied);
    database_.replace_data(begin_of(source.disk, source.data.committed), fresh_data(database_));
    co_return Result<void>{};
}

Result<mysql::Upstream> SemisyncModelDriver::ask_upstream(const Member& upstream) const {
    const auto peer = reach(upstream);
    if (!peer) {
        return tl::unexpected(peer.error());
    }
    const auto& source = SemisyncModel::of(**peer);
    if (!source.descent().known()) {
        return fail(Errc::refused, upstream.id + " has no history yet");
    }
    return mysql::Upstream{source.disk.system_id, source.descent(), source.executed(),
                           mysql::GtidSet(source.flavour())};
}

/// By the names in its own log: relay logs are none of it.
Awaitable<Result<Divergence>> SemisyncModelDriver::judge(Member upstream, Deadline) {
    co_await pause(some(5, 40) * millisecond);
    const auto told = ask_upstream(upstream);
    if (!told) {
        co_return within("judge", told.error());
    }
    const auto alone = mysql::alone_in(database_.logged(), *told);
    Divergence divergence;
    divergence.diverged = !alone.empty() && !flaws_.judges_nothing;
    divergence.fork_offset_bytes = first_of(database_.disk.log(), alone);
    divergence.fork = std::to_string(divergence.fork_offset_bytes);
    divergence.why = "the upstream's history lacks {" + alone.brief() + "}";
    co_return divergence;
}

Awaitable<Result<std::uint64_t>> SemisyncModelDriver::preserve(Divergence from,
                                                               std::filesystem::path, Deadline) {
    co_await pause(some(5, 100) * millisecond);
    const auto all = database_.disk.log().size();
    co_return all > from.fork_offset_bytes ? all - from.fork_offset_bytes : 0;
}

Awaitable<Result<RewindPlan>> SemisyncModelDriver::prepare_rewind(Member upstream,
                                                                  std::filesystem::path, Deadline) {
    co_await pause(some(10, 200) * millisecond);
    const auto told = ask_upstream(upstream);
    if (!told) {
        co_return within("prepare the rewind", told.error());
    }
    RewindPlan plan;
    if (mysql::alone_in(database_.logged(), *told).empty()) {
        plan.hindrance = "it has nothing that the upstream lacks";
    } else if (database_.disk.clean) {
        plan.hindrance = "its server was shut down cleanly";
    } else if (database_.hinders_rewinds && Machine::current().random.one_in(6)) {
        plan.hindrance = "what it wrote alone does not begin in its last log file";
    }
    co_return plan;
}

/// MySQL: cut before the first that the upstream lacks. MariaDB cuts all that is only prepared.
/// What the engine had committed stays.
Awaitable<Result<void>> SemisyncModelDriver::rewind(Member upstream, OnProgress on_progress,
                                                    Deadline) {
    database_.disk.broken = true;
    const auto copied = co_await copy_from(upstream, 60 * millisecond, std::move(on_progress));
    const auto told = ask_upstream(upstream);
    if (!copied || !told) {
        co_return within("rewind", copied ? told.error() : copied.error());
    }
    const auto alone = mysql::alone_in(database_.logged(), *told);
    const auto first = first_of(database_.disk.log(), alone);
    const auto committed = database_.data.committed;
    if (first < committed) {
        co_return fail(Errc::refused,
                       "the engine had committed what the upstream lacks: " + alone.brief());
    }
    auto kept = SemisyncData{};
    kept.writer = database_.data.writer;
    database_.replace_data(begin_of(database_.disk, database_.is_mysql() ? first : committed),
                           std::move(kept));
    co_return Result<void>{};
}

Awaitable<Result<bool>> SemisyncModelDriver::never_promoted(Deadline) {
    co_await pause(some(1, 10) * millisecond);
    co_return database_.disk.exists&& database_.disk.standby && !database_.data.promotion_begun;
}

/// A standby's data starts as a standby, whatever the ticket.
Result<void> SemisyncModelDriver::write_ticket(const Ticket& ticket) {
    ticket_ = ticket;
    database_.ticket = ticket;
    if (!ticket.primary) {
        database_.disk.standby = true;
        database_.data.promotion_begun = false;
    }
    return {};
}

} // namespace lockstep::sim
