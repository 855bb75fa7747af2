#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/held_log.h"
#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/schema.h"

/// A standby that has a commit already when its stream begins is never asked to acknowledge it, and
/// the next commit frees it (finding 8). On MariaDB that is so for one group of commits: a second
/// one waits behind the first with the log locked, no other commit comes, and both wait for ever.
namespace lockstep {

namespace {
constexpr std::chrono::seconds before_another{3};
/// Not the server's own number, whose stream would be ended; far from those of any member.
constexpr std::uint32_t other_number = 0x80000000U;
} // namespace

/// Whether its upstream said that it has nothing to send, and everything that came before is
/// applied. While the upstream's agent commits its heartbeats that is never so.
bool MysqlDriver::hears_of_nothing_more(const Look& seen) {
    const bool streams = seen.stream.size() == 1 &&
                         seen.stream.text(0, word().receiver_runs) == "Yes" &&
                         seen.stream.text(0, word().upstream_user) == ticket_->stream_name;
    auto& quiet = remembered_.quiet;
    if (!streams || !seen.held.minus(seen.logged).empty()) {
        quiet = {};
        return false;
    }
    const auto& received = seen.stream.text(0, word().received);
    const auto& heartbeats = seen.stream.text(0, "Slave_received_heartbeats");
    const bool same = quiet.received == received && !quiet.heartbeats.empty();
    const bool said = same && quiet.heartbeats != heartbeats;
    quiet.received = received;
    quiet.heartbeats = heartbeats;
    return said;
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
    if (!seen || !ticket_ || !hears_of_nothing_more(*seen) ||
        Clock::now() - remembered_.told_held < before_another) {
        co_return std::string{};
    }
    std::string sql = "SELECT @@global.gtid_slave_pos";
    const auto applied = co_await session->query(std::move(sql), deadline);
    if (!applied || !ticket_ || !ticket_->upstream) {
        co_return std::string{};
    }
    remembered_.told_held = Clock::now();
    mysql::HeldLog held{peer_connection(*ticket_->upstream), applied->text(0, 0),
                        mysql::server_id_of(config_.member) ^ other_number};
    held.upstream.user = ticket_->stream_name;
    std::function<Result<std::string>()> work = [held = std::move(held), deadline] {
        return mysql::acknowledge(held, deadline);
    };
    auto told = co_await background_.run<Result<std::string>>(std::move(work));
    if (!told) {
        co_return within("tell the primary what this standby holds", told.error());
    }
    co_return told;
}

} // namespace lockstep
