#include <fstream>

#include <spdlog/fmt/fmt.h>

#include "drivers/postgres/postgres_driver.h"
#include "drivers/postgres/ticket.h"

/// What a planned switchover asks of a primary (DECISIONS.md 10).
namespace lockstep {

namespace {

constexpr std::chrono::milliseconds look_again{3};

/// A session between two transactions loses nothing but its connection. One that waits for the
/// standby has committed: ended now, its client would never hear of it.
constexpr auto end_sessions_sql = R"sql(
select count(*), count(*) filter (where waits),
    count(case when not waits and (between_two or $2::boolean) then pg_terminate_backend(pid) end)
from (select pid, xact_start is null as between_two,
          coalesce(wait_event = 'SyncRep', false) as waits
      from pg_stat_activity
      where backend_type = 'client backend' and pid <> all ($1::int[])) clients)sql";

/// The state in the control file, after the system identifier and two versions: without a tool,
/// so that it can be looked at every few milliseconds. What it says is checked by the tool.
bool may_be_shut_down(const std::filesystem::path& data_dir) {
    constexpr std::streamoff state_at = 16;
    constexpr std::uint32_t shut_down = 1;
    std::ifstream file(data_dir / "global" / "pg_control", std::ios::binary);
    std::uint32_t state = 0;
    file.seekg(state_at);
    file.read(reinterpret_cast<char*>(&state), sizeof state);
    return file && state == shut_down;
}

/// The length of the record that begins at `lsn`: its first four bytes, never split by a page.
Result<std::uint32_t> record_bytes_at(const std::filesystem::path& segment, std::uint64_t offset) {
    std::ifstream file(segment, std::ios::binary);
    std::uint32_t bytes = 0;
    file.seekg(static_cast<std::streamoff>(offset));
    file.read(reinterpret_cast<char*>(&bytes), sizeof bytes);
    constexpr std::uint32_t least = 24; // A record's header.
    constexpr std::uint32_t most = 8192;
    if (!file || bytes < least || bytes > most) {
        return fail(Errc::corrupt,
                    fmt::format("{}: no checkpoint record at byte {}", segment.string(), offset));
    }
    return bytes;
}

} // namespace

Awaitable<Result<void>> PostgresDriver::checkpoint(Deadline deadline) {
    auto opened = co_await kept(&Sessions::flush, Commits::unwaited, deadline);
    if (!opened) {
        co_return within("checkpoint", opened.error());
    }
    const auto session = *opened;
    if (!session->is_busy()) {
        if (auto started = session->start("checkpoint"); !started) {
            co_return within("checkpoint", started.error());
        }
    }
    const auto done = co_await session->finish(deadline);
    if (!done) {
        co_return within("checkpoint", done.error());
    }
    session->close();
    co_return Result<void>{};
}

/// As an array of pids.
std::string PostgresDriver::own_sessions() const {
    std::string pids;
    for (const auto& session : {sessions_.control, sessions_.watch, sessions_.pulse, sessions_.look,
                                sessions_.probe, sessions_.hold, sessions_.held, sessions_.flush}) {
        if (session && session->is_open()) {
            pids += (pids.empty() ? "" : ",") + std::to_string(session->server_pid());
        }
    }
    return "{" + pids + "}";
}

/// For new connections only.
Awaitable<Result<void>> PostgresDriver::shut_door(Deadline deadline) {
    if (!ticket_ || !ticket_->primary) {
        co_return fail(Errc::refused, "no primary's ticket was written by this agent");
    }
    Ticket ticket = *ticket_;
    ticket.door = Door::shut;
    if (auto written = write_files(ticket); !written) {
        co_return tl::unexpected(written.error());
    }
    auto reloaded = co_await reload(deadline);
    if (reloaded) {
        remembered_.rules = postgres::render_hba(config_, ticket.door);
    }
    co_return reloaded;
}

/// What is let in by the old rules at the last moment ends with the server: it has committed
/// nothing that waits.
Awaitable<Result<void>> PostgresDriver::drain(Milliseconds patience, Deadline deadline) {
    const auto shut = co_await shut_door(deadline);
    if (!shut) {
        co_return within("drain", shut.error());
    }
    const auto patient_until = Deadline::in(patience);
    const auto given_up_at = postgres::most_of(deadline);
    while (true) {
        std::string sql = end_sessions_sql;
        std::vector<std::string> values{own_sessions(), patient_until.passed() ? "true" : "false"};
        const auto rows = co_await command(std::move(sql), std::move(values), deadline);
        if (!rows) {
            co_return within("drain", rows.error());
        }
        if (rows->text(0, 0) == "0") {
            co_return Result<void>{};
        }
        if (given_up_at.passed()) {
            co_return fail(Errc::timeout,
                           fmt::format("drain: {} clients' sessions do not end, {} of them wait "
                                       "for the standby",
                                       rows->text(0, 0), rows->text(0, 1)));
        }
        co_await pause_for(look_again);
    }
}

/// The server writes its last record, flushes it, and only then says in the control file that it
/// is shut down; no record can follow.
Awaitable<Result<std::optional<Position>>> PostgresDriver::stopped_at(Deadline deadline) {
    using Answer = Result<std::optional<Position>>;
    if (!may_be_shut_down(config_.data_dir)) {
        co_return Answer(std::nullopt);
    }
    const auto control = co_await read_control_data(deadline);
    if (!control) {
        co_return within("look where the log ends", control.error());
    }
    if (control->state != "shut down") {
        co_return Answer(std::nullopt);
    }
    const auto start = control->redo; // A shutdown's checkpoint begins where it is to be redone.
    const auto timeline = control->checkpoint_timeline;
    const auto segment = postgres::format_segment_name({timeline, start / control->segment_bytes},
                                                       control->segment_bytes);
    const auto length = record_bytes_at(wal_folder() / segment, start % control->segment_bytes);
    if (!length) {
        co_return within("look where the log ends", length.error());
    }
    Position end;
    end.history = history_of(timeline);
    end.offset_bytes =
        postgres::end_of_record(start, *length, control->page_bytes, control->segment_bytes);
    if (!end.history.known()) {
        co_return fail(Errc::corrupt, fmt::format("look where the log ends: the history of "
                                                  "timeline {} is not in {}",
                                                  timeline, wal_folder().string()));
    }
    co_return Answer(std::move(end));
}

} // namespace lockstep
