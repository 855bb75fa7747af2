#include <optional>

#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/schema.h"

/// A standby that has a commit already when its stream begins by GTID never acknowledges it, and
/// the next commit frees it (finding 8). On MariaDB that is so for one group of commits: a second
/// one waits behind the first with the log locked, no other commit comes, and both wait for ever.
/// But MariaDB takes the position from which a stream begins for acknowledged
/// (sql/semisync_master.cc, Repl_semi_sync_master::dump_start). So the stream is begun once from
/// the position up to which this standby holds everything, and goes on by GTID. If it is cut off in
/// between, follow() sees that it is not by GTID, and begins it anew.
namespace lockstep {

using mysql::quote;

namespace {

constexpr std::chrono::milliseconds look_again{10};
/// Several of the upstream's heartbeats, of which one comes when there is nothing else to send.
constexpr std::chrono::seconds longest_listening{3};

} // namespace

Awaitable<Result<bool>> MysqlDriver::holds_all(Deadline deadline) {
    const auto end = mysql::most_of(deadline).earlier(longest_listening);
    auto opened = co_await kept(&Sessions::control, deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    std::optional<std::string> first;
    std::string beats;
    while (true) {
        const auto stream = co_await show_stream(session, deadline);
        if (!stream) {
            co_return tl::unexpected(stream.error());
        }
        if (stream->empty() || end.passed()) {
            co_return false;
        }
        const auto received = stream->text(0, word().received);
        const auto beat = stream->text(0, "Slave_received_heartbeats");
        if (!first) {
            first = received;
            beats = beat;
        }
        if (received != *first) {
            co_return false; // What comes is acknowledged as it comes, and all before it.
        }
        if (beat != beats && stream->text(0, word().receiver_runs) == "Yes") {
            co_return true;
        }
        co_await pause_for(look_again);
    }
}

Awaitable<Result<void>> MysqlDriver::acknowledge_held(Ticket ticket, Deadline deadline) {
    const auto all = co_await holds_all(deadline);
    if (!all || !*all) {
        co_return all ? Result<void>{} : tl::unexpected(all.error());
    }
    auto opened = co_await kept(&Sessions::control, deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    auto stream = co_await show_stream(session, deadline);
    if (!stream || stream->empty()) {
        co_return stream ? Result<void>{} : tl::unexpected(stream.error());
    }
    const auto from =
        fmt::format("MASTER_LOG_FILE = {}, MASTER_LOG_POS = {}, MASTER_USE_GTID = no",
                    quote(stream->text(0, "Master_Log_File")), stream->text(0, word().read_offset));
    auto there = change_upstream(ticket, from);
    auto done = co_await point_at_mariadb(ticket, std::move(there), std::move(*stream), deadline);
    if (done) {
        const auto heard = co_await holds_all(deadline); // The upstream has begun to send.
        done = heard ? Result<void>{} : tl::unexpected(heard.error());
    }
    if (done) {
        auto now = co_await show_stream(session, deadline);
        if (!now) {
            co_return within("acknowledge what is held", now.error());
        }
        done = co_await point_at(std::move(ticket), std::move(*now), deadline);
    }
    if (!done) {
        co_return within("acknowledge what is held", done.error());
    }
    co_return done;
}

} // namespace lockstep
