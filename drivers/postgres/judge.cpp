#include <algorithm>
#include <regex>

#include <spdlog/fmt/fmt.h>

#include "drivers/common/entries.h"
#include "drivers/postgres/postgres_driver.h"
#include "drivers/postgres/text.h"
#include "drivers/postgres/ticket.h"

/// Whether this member's data has anything that its upstream's history lacks. By the log on disk
/// and the upstream's own word: pg_rewind says "no rewind required" for a diverged member until
/// the new primary's first checkpoint is complete (F10).
namespace lockstep {

namespace fs = std::filesystem;
using postgres::Descent;
using postgres::format_lsn;

namespace {

/// SQLSTATE of "requested WAL segment … has already been removed".
constexpr auto undefined_file = "58P01";

/// The location after `words` in the lines of a tool.
std::optional<std::uint64_t> lsn_after(const std::string& output, const char* words) {
    const std::regex pattern(std::string(words) + R"(\s*([0-9A-F]{1,8}/[0-9A-F]{1,8}))");
    std::optional<std::uint64_t> last;
    for (std::sregex_iterator at(output.begin(), output.end(), pattern), end; at != end; ++at) {
        if (const auto lsn = postgres::parse_lsn((*at)[1].str())) {
            last = *lsn;
        }
    }
    return last;
}

std::string at_on(std::uint64_t lsn, postgres::Timeline timeline) {
    return fmt::format("{} on timeline {}", format_lsn(lsn), timeline);
}

Divergence diverged(std::uint64_t fork, postgres::Timeline timeline, std::string why) {
    return Divergence{true, at_on(fork, timeline), fork, std::move(why), false};
}

} // namespace

/// Judges one timeline of the own log: `last` is the start of its last whole record.
Divergence PostgresDriver::judge_record(const Upstream& upstream, const Descent& own,
                                        Timeline timeline, std::uint64_t last) {
    const auto fork = postgres::fork_of(own, upstream.descent);
    if (!fork) {
        return diverged(0, timeline, "the histories have nothing in common");
    }
    const auto common = fork->at.value_or(upstream.position);
    const auto theirs = postgres::stretch_of(upstream.descent, timeline);
    if (!theirs || fork->timeline != timeline) {
        return diverged(common, fork->timeline,
                        fmt::format("it has records up to {}, a timeline that the upstream's "
                                    "history does not have",
                                    at_on(last, timeline)));
    }
    const auto end = theirs->end.value_or(upstream.position);
    if (last >= end) {
        return diverged(std::min(common, end), timeline,
                        fmt::format("its last record is at {}, but the upstream's history {} {}",
                                    at_on(last, timeline),
                                    theirs->end ? "left that timeline at" : "ends at",
                                    format_lsn(end)));
    }
    return Divergence{false, at_on(common, fork->timeline), common,
                      fmt::format("its last record is at {}, which the upstream's history has",
                                  at_on(last, timeline)),
                      false};
}

/// By a stream of its own, before anything is started here.
Awaitable<Result<PostgresDriver::Session::Ptr>> PostgresDriver::judging_session(Member upstream,
                                                                                Deadline deadline) {
    auto connection =
        postgres::replication_connection(config_, upstream, "ls_judge_" + config_.member);
    connection.emplace_back("replication", "true");
    co_return co_await Session::open(executor_, std::move(connection), deadline);
}

/// A standby whose next segment is gone from its upstream would ask for it for ever.
Awaitable<Result<bool>> PostgresDriver::upstream_keeps(Member upstream, Timeline timeline,
                                                       std::uint64_t segment, Deadline deadline) {
    const auto opened = co_await judging_session(std::move(upstream), deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    std::string sql =
        fmt::format("START_REPLICATION PHYSICAL {} TIMELINE {}", format_lsn(segment), timeline);
    const auto patience = postgres::most_of(deadline);
    const auto began = co_await session->try_stream(std::move(sql), patience);
    co_return began || session->sqlstate() != undefined_file;
}

Awaitable<Result<PostgresDriver::Upstream>> PostgresDriver::ask_upstream(Member upstream,
                                                                         Deadline deadline) {
    const auto opened = co_await judging_session(std::move(upstream), deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    std::string identify_sql = "IDENTIFY_SYSTEM";
    std::vector<std::string> none;
    const auto system = co_await session->query(std::move(identify_sql), std::move(none), deadline);
    if (!system) {
        co_return tl::unexpected(system.error());
    }
    Upstream told;
    told.system_id = system->text(0, 0);
    told.descent.timeline = static_cast<Timeline>(std::stoul(system->text(0, 1)));
    const auto position = postgres::parse_lsn(system->text(0, 2));
    if (!position) {
        co_return tl::unexpected(position.error());
    }
    told.position = *position;
    if (told.descent.timeline != 1) {
        std::string history_sql = fmt::format("TIMELINE_HISTORY {}", told.descent.timeline);
        std::vector<std::string> nothing;
        const auto file =
            co_await session->query(std::move(history_sql), std::move(nothing), deadline);
        if (!file) {
            co_return tl::unexpected(file.error());
        }
        const auto descent = postgres::parse_history_file(told.descent.timeline, file->text(0, 1));
        if (!descent) {
            co_return tl::unexpected(descent.error());
        }
        told.descent = *descent;
    }
    session->close();
    co_return told;
}

/// pg_waldump reads until the log makes no sense any more, and says what the last good record
/// was: that error is the answer.
Awaitable<Result<std::optional<std::uint64_t>>>
PostgresDriver::last_record(Timeline timeline, std::uint64_t from, Deadline deadline) {
    using Answer = Result<std::optional<std::uint64_t>>;
    const std::vector<std::string> arguments = {"--path",     wal_folder().string(),
                                                "--timeline", std::to_string(timeline),
                                                "--start",    format_lsn(from)};
    auto quiet = arguments;
    quiet.emplace_back("--quiet");
    auto dump = tool("pg_waldump", quiet);
    std::function<void(std::string_view)> nobody;
    const auto ran = co_await run_tool(std::move(dump), deadline, std::move(nobody));
    if (!ran) {
        co_return tl::unexpected(ran.error());
    }
    if (const auto last = lsn_after(ran->output, "error in WAL record at")) {
        co_return Answer(last);
    }
    if (ran->output.find("could not find a valid record after") != std::string::npos) {
        co_return Answer(std::nullopt);
    }
    // The log ends with a whole segment: then only the list of records tells the last one.
    auto full = tool("pg_waldump", arguments);
    auto last = std::make_shared<std::optional<std::uint64_t>>();
    std::function<void(std::string_view)> on_line = [last](std::string_view line) {
        if (const auto at = line.find(", lsn: "); at != std::string_view::npos) {
            const auto text = line.substr(at + 7, line.find(',', at + 7) - at - 7);
            *last = postgres::parse_lsn(text).value_or(0);
        }
    };
    const auto listed = co_await run_tool(std::move(full), deadline, std::move(on_line));
    if (!listed) {
        co_return tl::unexpected(listed.error());
    }
    if (!*last && listed->output.find("could not find file") == std::string::npos) {
        co_return fail(Errc::corrupt, "pg_waldump: " + postgres::one_line(listed->output));
    }
    co_return Answer(*last);
}

Awaitable<Result<Divergence>> PostgresDriver::judge(Member upstream, Deadline deadline) {
    const auto doing = fmt::format("judge {} against {}", config_.data_dir.string(), upstream.id);
    const auto control = co_await read_control_data(deadline);
    if (!control) {
        co_return within(doing, control.error());
    }
    const auto asked = co_await ask_upstream(upstream, deadline);
    if (!asked) {
        co_return within(doing, asked.error());
    }
    const auto told = *asked;
    if (told.system_id != control->system_id) {
        co_return fail(Errc::refused,
                       fmt::format("{}: they are different databases: its system identifier is "
                                   "{}, the upstream's is {}",
                                   doing, control->system_id, told.system_id));
    }
    const auto verdict = co_await judge_log(upstream, told, *control, deadline);
    if (!verdict) {
        co_return within(doing, verdict.error());
    }
    co_return *verdict;
}

/// Every timeline that the log from the last checkpoint on may be of, oldest first.
Awaitable<Result<Divergence>> PostgresDriver::judge_log(Member member, Upstream upstream,
                                                        postgres::ControlData control,
                                                        Deadline deadline) {
    Divergence verdict{false, "", 0, "its log holds no record after its last checkpoint", false};
    auto current = control.checkpoint_timeline;
    std::optional<std::uint64_t> end;
    const auto newest = postgres::newest_timeline(wal_folder(), control.checkpoint_timeline);
    for (auto timeline = control.checkpoint_timeline; timeline <= newest; ++timeline) {
        const auto own = postgres::read_descent(wal_folder(), timeline);
        if (!own) {
            co_return tl::unexpected(own.error());
        }
        const auto from = std::max(control.redo, postgres::stretch_of(*own, timeline)->begin);
        const auto last = co_await last_record(timeline, from, deadline);
        if (!last) {
            co_return tl::unexpected(last.error());
        }
        if (!*last) {
            continue;
        }
        current = timeline;
        end = *last;
        if (!verdict.diverged) {
            verdict = judge_record(upstream, *own, timeline, **last);
        }
    }
    if (!verdict.diverged && end) {
        const auto segment = *end - *end % control.segment_bytes;
        const auto kept = co_await upstream_keeps(std::move(member), current, segment, deadline);
        if (!kept) {
            co_return tl::unexpected(kept.error());
        }
        if (!*kept) {
            verdict = diverged(*end, current,
                               "the upstream no longer keeps the log that this data needs next, "
                               "from " +
                                   format_lsn(segment) + " on");
        }
    }
    verdict.same_timeline = current == upstream.descent.timeline;
    if (!verdict.diverged && verdict.same_timeline && !upstream.descent.ancestors.empty()) {
        // Were it a twin of the upstream's timeline (F13), all of it would be this member's alone.
        const auto& before = upstream.descent.ancestors.back();
        verdict.fork_offset_bytes = before.left_at;
        verdict.fork = at_on(before.left_at, before.timeline);
    }
    co_return verdict;
}

} // namespace lockstep
