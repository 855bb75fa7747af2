#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/held_log.h"
#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/schema.h"

/// Two ways in which commits of a MariaDB primary wait for ever for a standby whose stream stands.
/// A standby that has a commit already when its stream begins is never asked to acknowledge it, and
/// the next commit frees it (finding 8): but a second group of commits waits behind the first with
/// the log locked, and then no other comes. And a stream that was ended right after it began can
/// hang for ever in the server, and the standby's next one behind it (finding 13).
namespace lockstep {

namespace {

/// The upstream's agent commits a heartbeat every 300 ms, and its server says every 500 ms that it
/// has nothing to send.
constexpr std::chrono::milliseconds long_silence{1500};
constexpr std::chrono::seconds before_another{3};

} // namespace

/// Whether its stream stands, and nothing came by it for long.
bool MysqlDriver::receives_nothing(const Look& seen) {
    auto& quiet = remembered_.quiet;
    const bool streams = seen.stream.size() == 1 &&
                         seen.stream.text(0, word().receiver_runs) == "Yes" &&
                         seen.stream.text(0, word().upstream_user) == ticket_->stream_name;
    const auto now = Clock::now();
    if (!streams) {
        quiet = {};
        return false;
    }
    const auto received = fmt::format("{} {}", seen.stream.text(0, word().received),
                                      seen.stream.text(0, word().read_offset));
    if (received != quiet.received) {
        quiet.received = received;
        quiet.since = now;
    }
    return now - quiet.since >= long_silence;
}

Awaitable<Result<std::string>> MysqlDriver::acknowledge_held(Deadline deadline) {
    if (is_mysql() || !ticket_ || ticket_->primary || !ticket_->upstream ||
        !mysql::is_sync_account(ticket_->stream_name)) {
        co_return std::string{};
    }
    auto opened = co_await kept(&Sessions::look, deadline);
    if (!opened) {
        co_return std::string{}; // What this server does not answer observe() tells.
    }
    const auto session = *opened;
    const auto seen = co_await look(session, deadline);
    if (!seen || !ticket_ || !receives_nothing(*seen) ||
        Clock::now() - remembered_.told_held < before_another) {
        co_return std::string{};
    }
    std::string sql = "SELECT @@global.gtid_slave_pos";
    const auto applied = co_await session->query(std::move(sql), deadline);
    if (!applied || !ticket_ || !ticket_->upstream) {
        co_return std::string{};
    }
    const auto now = Clock::now();
    remembered_.told_held = now;
    // Each time another one, because such a stream, too, can hang.
    const auto number =
        mysql::server_id_of(fmt::format("{}/{}", config_.member, now.time_since_epoch().count()));
    mysql::HeldLog held{peer_connection(*ticket_->upstream), applied->text(0, 0), number};
    held.upstream.user = ticket_->stream_name;
    std::function<Result<mysql::Told>()> work = [held = std::move(held), deadline] {
        return mysql::acknowledge(held, deadline);
    };
    const auto told = co_await background_.run<Result<mysql::Told>>(std::move(work));
    if (!told) {
        co_return within("free commits that wait for this standby", told.error());
    }
    if (!told->spoke) {
        co_return std::string{};
    }
    co_return told->up_to.empty()
        ? std::string("began a stream beside the one that stands and is sent nothing, so that the "
                      "primary's receiver of acknowledgements wakes up")
        : fmt::format("told the primary that this standby holds everything up to {}, for which it "
                      "was never asked",
                      told->up_to);
}

} // namespace lockstep
