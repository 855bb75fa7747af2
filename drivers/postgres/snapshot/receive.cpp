#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "drivers/postgres/snapshot/postgres_snapshots.h"
#include "drivers/postgres/snapshot/spool.h"
#include "drivers/postgres/text.h"
#include "drivers/postgres/ticket.h"
#include "platform/files.h"

/// Receiving the log.
namespace lockstep {

namespace fs = std::filesystem;

namespace {

/// While nobody receives, the driver drops it with the other slots that nobody needs, so that no
/// server keeps log for an archiver that is elsewhere now.
constexpr auto slot = "lockstep_log";
/// SQLSTATE of "requested WAL segment … has already been removed".
constexpr auto undefined_file = "58P01";
constexpr std::chrono::seconds patience{20};

bool says_removed(const std::string& words) {
    return words.find("has already been removed") != std::string::npos;
}

} // namespace

namespace postgres {

Result<SegmentName> first_segment(const Descent& descent, std::uint64_t position,
                                  std::uint64_t segment_bytes, const Position& after) {
    if (!after.history.known()) {
        return SegmentName{descent.timeline, position / segment_bytes};
    }
    const auto before = parse_history(after.history);
    if (!before) {
        return tl::unexpected(before.error());
    }
    const auto same = cut_at(descent, before->timeline);
    if (!same || *same != *before) {
        return fail(Errc::refused,
                    fmt::format("the log received so far is of the history {}, from which the "
                                "server's ({}) does not come: what follows is of another history",
                                after.history.text, to_history(descent).text));
    }
    const auto stretch = stretch_of(descent, before->timeline);
    const auto end = stretch->end.value_or(position);
    if (after.offset_bytes > end && stretch->end) {
        return fail(Errc::refused,
                    fmt::format("the log received so far goes to {} on {}, but the server's "
                                "history left it at {}",
                                format_lsn(after.offset_bytes), after.history.text,
                                format_lsn(end)));
    }
    if (after.offset_bytes > end) {
        return fail(Errc::unreachable,
                    fmt::format("the server is at {}, the log received so far goes to {}",
                                format_lsn(end), format_lsn(after.offset_bytes)));
    }
    const auto number = after.offset_bytes / segment_bytes;
    if (!stretch->end || after.offset_bytes < *stretch->end) {
        return SegmentName{before->timeline, number};
    }
    // All of that history was received: what follows is its child's on this descent.
    auto child = descent.timeline;
    for (auto at = descent.ancestors.rbegin(); at != descent.ancestors.rend(); ++at) {
        if (at->timeline == before->timeline) {
            break;
        }
        child = at->timeline;
    }
    return SegmentName{child, number};
}

} // namespace postgres

Awaitable<Result<void>> PostgresSnapshots::ensure_slot(Deadline deadline) {
    std::string database = "postgres";
    const auto opened = co_await open(std::move(database), deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    // One that fell behind its limit keeps nothing any more.
    std::string drop = "select pg_catalog.pg_drop_replication_slot(slot_name) "
                       "from pg_catalog.pg_replication_slots "
                       "where slot_name = $1 and not active and wal_status = 'lost'";
    std::vector<std::string> values{slot};
    auto values_again = values;
    const auto dropped = co_await ask(session, std::move(drop), std::move(values), deadline);
    if (!dropped) {
        co_return tl::unexpected(dropped.error());
    }
    std::string make = "select pg_catalog.pg_create_physical_replication_slot($1, true) "
                       "where not exists (select from pg_catalog.pg_replication_slots "
                       "where slot_name = $1)";
    const auto made = co_await ask(session, std::move(make), std::move(values_again), deadline);
    session->close();
    co_return made ? Result<void>{} : tl::unexpected(made.error());
}

/// Whether the server still has the log from there on, by asking for it.
Awaitable<Result<void>> PostgresSnapshots::check_start(postgres::SegmentName start,
                                                       std::uint64_t segment_bytes,
                                                       Deadline deadline) {
    const auto opened = co_await open_replication(deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    const auto from = postgres::format_lsn(start.number * segment_bytes);
    std::string sql =
        fmt::format("START_REPLICATION PHYSICAL {} TIMELINE {}", from, start.timeline);
    auto began = co_await session->try_stream(std::move(sql), deadline);
    if (!began && session->sqlstate() == undefined_file) {
        co_return fail(Errc::refused,
                       fmt::format("the server no longer has the log from {} on timeline {}: "
                                   "what was written from there to where it begins now is "
                                   "missing; only a new snapshot makes later times restorable",
                                   from, start.timeline));
    }
    co_return began;
}

Awaitable<Result<void>> PostgresSnapshots::run_receiver(fs::path spool) {
    auto command = postgres::tool(config_.bin_dir, "pg_receivewal",
                                  {"--dbname", postgres::to_conninfo(connection("ls_log_")),
                                   "--directory", spool.string(), "--slot", slot, "--synchronous",
                                   "--status-interval=1", "--no-loop", "--no-password"});
    const auto no_end = Deadline::in(std::chrono::hours{24 * 365 * 20});
    std::function<void(std::string_view)> nobody;
    const auto ran = co_await run_tool(std::move(command), no_end, std::move(nobody));
    if (!ran) {
        co_return tl::unexpected(ran.error());
    }
    const auto words = postgres::one_line(ran->output);
    if (says_removed(words)) {
        co_return fail(Errc::refused, "the server no longer has the log that follows: " + words);
    }
    co_return fail(Errc::unreachable,
                   fmt::format("pg_receivewal ended with {}: {}", ran->exit_status, words));
}

Awaitable<Result<void>> PostgresSnapshots::receive(fs::path spool, Position after) {
    const auto doing = fmt::format("receive the log into {}", spool.string());
    const auto deadline = Deadline::in(patience);
    const auto identity = co_await identify_server(deadline);
    if (!identity) {
        co_return within(doing, identity.error());
    }
    const auto start = postgres::first_segment(identity->descent, identity->position,
                                               identity->segment_bytes, after);
    if (!start) {
        co_return within(doing, start.error());
    }
    std::function<Result<void>()> mark = [spool, start = *start, identity = *identity] {
        auto made = make_private_folder(spool);
        return made ? postgres::mark_start(spool, start, identity.descent, identity.segment_bytes)
                    : made;
    };
    auto ready = co_await log_reading_.run<Result<void>>(std::move(mark));
    if (ready) {
        ready = co_await ensure_slot(deadline);
    }
    if (ready) {
        // With what is in the folder already, from further on.
        ready = co_await check_start(*start, identity->segment_bytes, deadline);
    }
    if (ready) {
        auto into = spool;
        ready = co_await run_receiver(std::move(into));
    }
    co_return within(doing, ready.error());
}

Awaitable<Result<std::vector<LogSegment>>> PostgresSnapshots::finished(fs::path spool,
                                                                       Deadline deadline) {
    OnProgress nobody;
    const Overseer overseer(std::move(nobody), executor_, deadline);
    std::function<Result<std::vector<LogSegment>>()> work = [spool,
                                                             oversight = overseer.oversight()] {
        return postgres::finished_in(spool, oversight);
    };
    co_return co_await log_reading_.run<Result<std::vector<LogSegment>>>(std::move(work));
}

Awaitable<Result<std::optional<LogSegment>>> PostgresSnapshots::unfinished(fs::path spool,
                                                                           Deadline deadline) {
    OnProgress nobody;
    const Overseer overseer(std::move(nobody), executor_, deadline);
    std::function<Result<std::optional<LogSegment>>()> work = [spool,
                                                               oversight = overseer.oversight()] {
        return postgres::unfinished_in(spool, oversight);
    };
    co_return co_await log_reading_.run<Result<std::optional<LogSegment>>>(std::move(work));
}

} // namespace lockstep
