#include <algorithm>
#include <charconv>

#include <spdlog/fmt/fmt.h>

#include "drivers/common/entries.h"
#include "drivers/postgres/postgres_driver.h"
#include "drivers/postgres/ticket.h"
#include "drivers/postgres/version.h"

/// What the server says of itself.
namespace lockstep {

using postgres::Rows;

namespace {

constexpr std::chrono::seconds fresh_for{1};

constexpr auto observe_sql = R"sql(
select pg_is_in_recovery() as is_standby,
    (select system_identifier from pg_control_system()),
    current_setting('synchronous_standby_names'),
    case when not pg_is_in_recovery() then pg_current_wal_insert_lsn() end,
    case when not pg_is_in_recovery() then pg_walfile_name(pg_current_wal_insert_lsn()) end,
    pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn(),
    r.status, r.flushed_lsn, r.received_tli, r.last_msg_receipt_time, r.conninfo,
    s.state, s.flush_lsn, s.replay_lsn,
    pg_size_bytes(current_setting('wal_segment_size')), current_setting('server_version')
from (values (1)) one
left join pg_stat_wal_receiver r on true
left join lateral (
    select state, flush_lsn, replay_lsn from pg_stat_replication
    where application_name = substring(current_setting('synchronous_standby_names') from '"(.*)"')
    order by backend_start desc limit 1) s on true)sql";

enum Column : std::size_t {
    is_standby_column,
    system_id_column,
    sync_names_column,
    insert_lsn_column,
    wal_file_column,
    receive_lsn_column,
    replay_lsn_column,
    receiver_status_column,
    receiver_flushed_column,
    receiver_timeline_column,
    receiver_heard_column,
    receiver_conninfo_column,
    sender_state_column,
    sender_flush_column,
    sender_replay_column,
    segment_bytes_column,
    version_column,
};

std::uint64_t lsn_in(const Rows& rows, Column column) {
    return postgres::parse_lsn(rows.text(0, column)).value_or(0);
}

template <class Number> Number number_in(const Rows& rows, Column column) {
    Number number = 0;
    const auto& text = rows.text(0, column);
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::uint64_t distance(std::uint64_t from, std::uint64_t to) {
    return to > from ? to - from : 0;
}

void add_sentence(std::string& to, const std::string& sentence) {
    if (!sentence.empty()) {
        to += (to.empty() ? "" : "; ") + sentence;
    }
}

} // namespace

History PostgresDriver::history_of(Timeline timeline) const {
    const auto descent = postgres::read_descent(wal_folder(), timeline);
    // Without its file a timeline's descent is not known; an unknown history equals none.
    return descent ? postgres::to_history(*descent) : History{};
}

/// The timeline that recovery reads the log before `position` from: the newest one that has a
/// file for that place, as recovery itself chooses. PostgreSQL says it only while streaming.
PostgresDriver::Timeline PostgresDriver::timeline_on_disk(std::uint64_t position,
                                                          std::uint64_t segment_bytes) const {
    if (position == 0 || segment_bytes == 0) {
        return 0;
    }
    const auto number = (position - 1) / segment_bytes;
    const auto entries = entries_of(wal_folder());
    if (!entries) {
        return 0;
    }
    Timeline newest = 0;
    for (const auto& entry : *entries) {
        const auto segment = postgres::parse_segment_name(entry.filename().string(), segment_bytes);
        if (segment && segment->number == number) {
            newest = std::max(newest, segment->timeline);
        }
    }
    return newest;
}

void PostgresDriver::fill_primary(const Rows& rows, ServerReport& report) const {
    report.state = ServerState::primary;
    const auto timeline = postgres::parse_timeline_prefix(rows.text(0, wal_file_column));
    report.position.history = timeline ? history_of(*timeline) : History{};
    report.position.offset_bytes = lsn_in(rows, insert_lsn_column);
    report.acknowledgements.name = postgres::sync_name_in(rows.text(0, sync_names_column));
    report.acknowledgements.streaming = rows.text(0, sender_state_column) == "streaming";
    if (report.acknowledgements.streaming) {
        report.acknowledged = {report.position.history, lsn_in(rows, sender_flush_column)};
        report.unreplayed_bytes =
            distance(lsn_in(rows, sender_replay_column), report.position.offset_bytes);
    }
}

void PostgresDriver::fill_standby(const Rows& rows, ServerReport& report) {
    report.state = ServerState::standby;
    const bool receiving = !rows.is_null(0, receiver_status_column);
    // After a restart the stream begins anew at its segment's start, behind what was replayed.
    const auto received = lsn_in(rows, receiving ? receiver_flushed_column : receive_lsn_column);
    const auto position = std::max(received, lsn_in(rows, replay_lsn_column));
    report.unreplayed_bytes = distance(lsn_in(rows, replay_lsn_column), position);
    const auto timeline =
        receiving
            ? number_in<Timeline>(rows, receiver_timeline_column)
            : timeline_on_disk(position, number_in<std::uint64_t>(rows, segment_bytes_column));
    report.position = {history_of(timeline), position};

    const auto now = Clock::now();
    // A member that left its upstream's history streams the old timeline to its end, again and
    // again; it knows the newer one by then.
    report.stream.connected = rows.text(0, receiver_status_column) == "streaming" &&
                              postgres::newest_timeline(wal_folder(), timeline) == timeline;
    report.stream.name =
        postgres::conninfo_value(rows.text(0, receiver_conninfo_column), "application_name");
    const auto& heard = rows.text(0, receiver_heard_column);
    // A receiver that ended says nothing any more, which is no news from the primary.
    const bool news = !heard.empty() && heard != remembered_.last_receipt;
    if (news || remembered_.heard == Clock::time_point{}) {
        remembered_.last_receipt = heard;
        remembered_.heard = now;
    }
    report.stream.silent = std::chrono::duration_cast<Milliseconds>(now - remembered_.heard);
}

/// A session at most a second old, so that a server which lets nobody in any more is seen.
Awaitable<Result<PostgresDriver::Session::Ptr>> PostgresDriver::watch_session(Deadline deadline) {
    const auto now = Clock::now();
    const auto& current = sessions_.watch;
    if (current && current->is_open() && !current->is_busy() &&
        now - remembered_.watch_opened < fresh_for) {
        co_return current;
    }
    auto connection = local_connection("postgres", Commits::as_configured);
    auto opened = co_await Session::open(executor_, std::move(connection), deadline);
    if (!opened) {
        co_return opened;
    }
    sessions_.watch = *opened; // The old one closes when nobody uses it any more.
    remembered_.watch_opened = now;
    remembered_.settings_due = true;
    co_return opened;
}

/// What changes rarely, once a second. Trouble here is not evidence about the server: what was
/// seen last stays.
Awaitable<void> PostgresDriver::look_closer(Session::Ptr session, Deadline deadline) {
    remembered_.settings_due = false;
    const auto settings = co_await look_at_settings(session, deadline);
    if (settings) {
        remembered_.settings = *settings;
    }
    // Commands, a promotion above all, find their session open.
    const auto control = co_await kept(&Sessions::control, Commits::unwaited, deadline);
    static_cast<void>(control);
}

Awaitable<Result<ServerReport>> PostgresDriver::observe(Deadline deadline) {
    ServerReport report;
    const auto opened = co_await watch_session(deadline);
    if (!opened) {
        if (postgres::says_not_ready(opened.error())) {
            report.state = ServerState::starting;
            co_return report;
        }
        co_return within("observe", opened.error());
    }
    const auto session = *opened;
    std::string sql = observe_sql;
    std::vector<std::string> none;
    const auto rows = co_await session->query(std::move(sql), std::move(none), deadline);
    if (!rows) {
        co_return within("observe", rows.error());
    }
    report.version = rows->text(0, version_column);
    report.system_id = rows->text(0, system_id_column);
    if (remembered_.settings_due) {
        co_await look_closer(session, deadline);
    }
    report.unfit = postgres::unfit_version(session->server_version());
    add_sentence(report.unfit, remembered_.settings.unfit);
    if (rows->is_true(0, is_standby_column)) {
        fill_standby(*rows, report);
        co_return report;
    }
    fill_primary(*rows, report);
    report.lowered = remembered_.settings.lowered;
    co_await look_for_bypasses(session, deadline);
    for (const auto& [database, notes] : remembered_.notes) {
        report.rpo_notes.insert(report.rpo_notes.end(), notes.begin(), notes.end());
    }
    co_return report;
}

} // namespace lockstep
