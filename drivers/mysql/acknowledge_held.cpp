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

/// Up to where it received, in the words of CHANGE MASTER.
std::string place_in(const mysql::Rows& stream) {
    return fmt::format("MASTER_LOG_FILE = {}, MASTER_LOG_POS = {}",
                       quote(stream.text(0, "Master_Log_File")),
                       stream.text(0, "Read_Master_Log_Pos"));
}

} // namespace

Awaitable<Result<std::string>> MysqlDriver::place_that_holds_all(Deadline deadline) {
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
            co_return std::string{};
        }
        const auto received = stream->text(0, word().received);
        const auto beat = stream->text(0, "Slave_received_heartbeats");
        if (!first) {
            first = received;
            beats = beat;
        }
        if (received != *first) {
            co_return std::string{}; // What comes is acknowledged as it comes, and all before it.
        }
        if (beat != beats && stream->text(0, word().receiver_runs) == "Yes") {
            co_return place_in(*stream);
        }
        co_await pause_for(look_again);
    }
}

Awaitable<Result<void>> MysqlDriver::acknowledge_held(Ticket ticket, Deadline deadline) {
    const auto place = co_await place_that_holds_all(deadline);
    if (!place || place->empty()) {
        co_return place ? Result<void>{} : tl::unexpected(place.error());
    }
    std::vector<std::string> stop{std::string(word().stop_receiver)};
    auto done = co_await commands(std::move(stop), deadline);
    if (done) {
        done = co_await begin_once_from(ticket, *place, deadline);
    }
    auto opened = co_await kept(&Sessions::control, deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    auto stream = co_await show_stream(session, deadline);
    if (done && !stream) {
        done = tl::unexpected(stream.error());
    }
    if (done) {
        done = co_await point_at(std::move(ticket), std::move(*stream), deadline);
    }
    if (!done) {
        co_return within("acknowledge what is held", done.error());
    }
    co_return done;
}

/// Called with the receiver stopped. If more came until it was, the place is none to begin from:
/// it would be received twice; and it was acknowledged as it came.
Awaitable<Result<void>> MysqlDriver::begin_once_from(Ticket ticket, std::string place,
                                                     Deadline deadline) {
    auto opened = co_await kept(&Sessions::control, deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    auto stream = co_await show_stream(session, deadline);
    if (!stream) {
        co_return tl::unexpected(stream.error());
    }
    if (stream->empty() || place_in(*stream) != place) {
        co_return Result<void>{};
    }
    auto change = change_upstream(ticket, place + ", MASTER_USE_GTID = no");
    const auto done = co_await point_at_mariadb(std::move(ticket), std::move(change),
                                                std::move(*stream), deadline);
    if (!done) {
        co_return done;
    }
    const auto heard = co_await place_that_holds_all(deadline); // The upstream has begun to send.
    co_return heard ? Result<void>{} : tl::unexpected(heard.error());
}

} // namespace lockstep
