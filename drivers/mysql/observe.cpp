#include <utility>

#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/schema.h"

/// What the server says of itself.
namespace lockstep {

namespace {

constexpr std::chrono::seconds fresh_for{1};

void add_sentence(std::string& to, const std::string& sentence) {
    if (!sentence.empty()) {
        to += (to.empty() ? "" : "; ") + sentence;
    }
}

std::uint64_t distance(std::uint64_t from, std::uint64_t to) {
    return to > from ? to - from : 0;
}

} // namespace

/// A fresh connection each second: that logins work is part of what is observed. Where one is
/// refused, as when all connections are taken, whoever is inside looks on.
Awaitable<Result<MysqlDriver::Session::Ptr>> MysqlDriver::watch_session(Deadline deadline) {
    const auto now = Clock::now();
    const auto& watch = sessions_.watch;
    const bool usable = watch && watch->is_open() && !watch->is_busy();
    if (usable && now - remembered_.watch_opened < fresh_for) {
        co_return watch;
    }
    const auto before = std::exchange(sessions_.watch, nullptr);
    remembered_.watch_opened = now;
    auto opened = co_await kept(&Sessions::watch, deadline);
    if (!opened && opened.error().code == Errc::refused && usable) {
        sessions_.watch = before;
        co_return before;
    }
    if (before) {
        before->close();
    }
    co_return opened;
}

/// How often the upstream said that it is there, having nothing to send. MariaDB tells it with the
/// rest of the stream.
Awaitable<Result<std::string>> MysqlDriver::count_heartbeats(Session::Ptr session,
                                                             Deadline deadline) {
    std::string sql = "SELECT SUM(COUNT_RECEIVED_HEARTBEATS) FROM "
                      "performance_schema.replication_connection_status";
    const auto rows = co_await session->query(std::move(sql), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    co_return rows->empty() ? std::string{} : rows->text(0, 0);
}

/// Heartbeats, which say that there is nothing to send, do not count here.
void MysqlDriver::note_received(const Look& seen) {
    auto& last = remembered_.received;
    const bool stands =
        seen.stream.size() == 1 && seen.stream.text(0, word().receiver_runs) == "Yes";
    const std::string as = stands ? seen.stream.text(0, word().upstream_user) : std::string{};
    const auto what = seen.stream.empty()
                          ? std::string{}
                          : fmt::format("{} {}", seen.stream.text(0, word().received),
                                        seen.stream.text(0, word().read_offset));
    if (as != last.as || what != last.what) {
        last = {as, what, Clock::now()};
    }
}

void MysqlDriver::fill_standby(const Look& seen, const std::string& heartbeats, bool handed_over,
                               ServerReport& report) {
    report.state = ServerState::standby;
    report.unreplayed_bytes = seen.held.minus(seen.logged).count();
    if (!is_mysql()) { // Of each writer's last only, so that counting would count too much.
        report.unreplayed_bytes =
            distance(mysql::place_of(seen.descent, seen.logged).position.offset_bytes,
                     seen.place.position.offset_bytes);
    }
    note_received(seen);
    if (seen.stream.empty()) {
        return;
    }
    report.stream.connected = seen.stream.text(0, word().receiver_runs) == "Yes";
    report.stream.name = seen.stream.text(0, word().upstream_user);
    const auto receipt =
        fmt::format("{} {}", remembered_.received.what,
                    is_mysql() ? heartbeats : seen.stream.text(0, "Slave_received_heartbeats"));
    const auto now = Clock::now();
    if (receipt != remembered_.last_receipt) {
        remembered_.last_receipt = receipt;
        remembered_.heard = now;
    }
    report.stream.silent = std::chrono::duration_cast<Milliseconds>(now - remembered_.heard);
    if (seen.stream.text(0, word().applier_runs) != "Yes" && !handed_over) {
        add_sentence(report.unfit, "nothing is replayed: " + seen.stream.text(0, "Last_SQL_Error"));
        const auto missing = missing_relay_logs();
        if (!missing.empty()) {
            add_sentence(report.unfit, "somebody removed relay logs: " + missing);
        }
    }
    if (seen.stream.size() > 1) {
        add_sentence(report.unfit, "it follows more than one upstream");
    }
}

Awaitable<Result<void>> MysqlDriver::fill_primary(Session::Ptr session, const Look& seen,
                                                  ServerReport& report, Deadline deadline) {
    report.state = ServerState::primary;
    std::string ask = fmt::format("SELECT @@global.{}", word().wait_enabled);
    const auto rows = co_await session->query(std::move(ask), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    // A query of its own: MariaDB 10.11.19 was seen to crash on it as a subquery.
    std::string sql = fmt::format(
        "SELECT USER, LEFT(HOST, LENGTH(HOST) - LENGTH(SUBSTRING_INDEX(HOST, ':', -1))) "
        "FROM {} WHERE COMMAND LIKE 'Binlog Dump%'", // Without the port.
        word().processlist);
    const auto dumps = co_await session->query(std::move(sql), deadline);
    if (!dumps) {
        co_return tl::unexpected(dumps.error());
    }
    std::string status = fmt::format("SHOW GLOBAL STATUS WHERE Variable_name IN ('{}', '{}')",
                                     word().not_waited_for, word().acknowledging_streams);
    const auto counts = co_await session->query(std::move(status), deadline);
    if (!counts) {
        co_return tl::unexpected(counts.error());
    }
    std::uint64_t not_waited_for = 0;
    std::uint64_t streams = 0;
    for (std::size_t row = 0; row < counts->size(); ++row) {
        (counts->text(row, 0) == word().not_waited_for ? not_waited_for : streams) =
            counts->number(row, 1);
    }
    if (ticket_ && !ticket_->sync_name.empty() && ticket_->sync_name == remembered_.lowered_of) {
        add_sentence(report.lowered, "the wait for the standby was switched off, or commits were "
                                     "not waited for, while no agent looked");
    }
    const bool waits = rows->text(0, 0) == "1";
    const auto& effect = remembered_.effect_of;
    report.acknowledgements.name = waits ? effect : std::string{};
    // One stream of the granted account may take over from another of its host: the server counts
    // both for a moment, though one is ended.
    bool others_stream = false;
    for (std::size_t row = 0; row < dumps->size(); ++row) {
        const bool granted = dumps->text(row, 0) == effect;
        report.acknowledgements.streaming |= waits && !effect.empty() && granted;
        others_stream |= !granted || dumps->text(row, 1) != dumps->text(0, 1);
    }
    remembered_.standby_streams = report.acknowledgements.streaming;
    if (!waits || effect.empty()) {
        co_return Result<void>{};
    }
    if (not_waited_for > remembered_.not_waited_for) {
        add_sentence(report.lowered, fmt::format("{} commits were not waited for",
                                                 not_waited_for - remembered_.not_waited_for));
    } else {
        remembered_.not_waited_for = not_waited_for; // FLUSH STATUS sets it to zero.
    }
    if (streams > 1 && others_stream) {
        add_sentence(report.lowered, fmt::format("{} streams may acknowledge commits", streams));
    }
    if (report.lowered.empty() && remembered_.acknowledged.history == seen.place.position.history) {
        report.acknowledged = remembered_.acknowledged;
    }
    co_return Result<void>{};
}

Awaitable<void> MysqlDriver::look_closer(Session::Ptr session, bool standby, Deadline deadline) {
    const auto now = Clock::now();
    if (now < remembered_.settings_due) {
        co_return;
    }
    const auto report = co_await look_at_settings(session, standby, deadline);
    if (report) {
        remembered_.settings = *report;
        remembered_.settings_due = now + fresh_for;
    }
    co_await look_for_bypasses(session, deadline);
    // A login can hang for as long as commits wait (finding 4); so one is kept from before.
    if (!sessions_.spare || !sessions_.spare->is_open()) {
        static_cast<void>(co_await kept(&Sessions::spare, deadline));
    }
}

Awaitable<Result<ServerReport>> MysqlDriver::observe(Deadline deadline) {
    auto opened = co_await watch_session(deadline);
    if (!opened) {
        co_return within("observe", opened.error());
    }
    const auto session = *opened;
    // An applier that is handed over while it is looked at is no applier that stopped.
    const bool was_handed_over = remembered_.applier_is_handed_over;
    const auto seen = co_await look(session, deadline);
    if (!seen) {
        co_return within("observe", seen.error());
    }
    const bool handed_over = was_handed_over || remembered_.applier_is_handed_over;
    auto system_id = co_await read_system_id(session, deadline);
    ServerReport report;
    report.version = seen->version;
    report.unit = Unit::transactions;
    report.position = seen->place.position;
    report.system_id = system_id.value_or("");
    remembered_.descent = seen->descent;
    add_sentence(report.unfit, system_id ? std::string{} : system_id.error().message);
    add_sentence(report.unfit, seen->place.trouble);
    if (seen->standby) {
        Result<std::string> heartbeats;
        if (is_mysql()) {
            heartbeats = co_await count_heartbeats(session, deadline);
        }
        if (!heartbeats) {
            co_return within("observe", heartbeats.error());
        }
        fill_standby(*seen, *heartbeats, handed_over, report);
        report.start = co_await start_of_stream(session, deadline);
    } else {
        const auto filled = co_await fill_primary(session, *seen, report, deadline);
        if (!filled) {
            co_return within("observe", filled.error());
        }
    }
    const auto brief = deadline;
    co_await look_closer(session, seen->standby, brief);
    co_await look_for_copies(session, brief);
    add_sentence(report.lowered, remembered_.settings.lowered);
    add_sentence(report.unfit, remembered_.settings.unfit);
    report.rpo_notes = remembered_.notes;
    co_return report;
}

} // namespace lockstep
