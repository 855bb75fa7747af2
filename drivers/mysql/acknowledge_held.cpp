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

/// Whether its stream stands, and nothing came by it for long, as observe() saw it.
bool MysqlDriver::receives_nothing() const {
    const auto& last = remembered_.received;
    return !last.as.empty() && last.as == ticket_->stream_name &&
           Clock::now() - last.since >= long_silence;
}

/// Not once it is about to be a primary itself: a stream that begins is taken for a word of a
/// standby (R5, R6).
bool MysqlDriver::may_acknowledge(const std::string& account) const {
    return !is_mysql() && ticket_ && !ticket_->primary && ticket_->upstream &&
           mysql::is_sync_account(account) && ticket_->stream_name == account &&
           !remembered_.takes_over;
}

Awaitable<Result<std::string>> MysqlDriver::acknowledge_held(Deadline deadline) {
    const auto account = ticket_ ? ticket_->stream_name : std::string{};
    if (!may_acknowledge(account) || !receives_nothing()) {
        remembered_.held_trouble.reset();
        co_return std::string{};
    }
    if (Clock::now() - remembered_.told_held < before_another) {
        co_return remembered_.held_trouble ? tl::unexpected(*remembered_.held_trouble)
                                           : Result<std::string>{};
    }
    auto opened = co_await kept(&Sessions::look, deadline);
    if (!opened) {
        co_return std::string{}; // What this server does not answer observe() tells.
    }
    const auto session = *opened;
    std::string sql = "SELECT @@global.gtid_slave_pos";
    const auto applied = co_await session->query(std::move(sql), deadline);
    if (!applied || !may_acknowledge(account)) {
        co_return std::string{};
    }
    auto told = co_await tell_held(account, applied->text(0, 0), deadline);
    if (!may_acknowledge(account)) {
        co_return std::string{}; // The upstream is nobody's trouble any more.
    }
    if (!told) {
        told = within("free commits that may wait for this standby", told.error());
        remembered_.held_trouble = told.error();
    } else {
        remembered_.held_trouble.reset();
    }
    co_return told;
}

Awaitable<Result<std::string>> MysqlDriver::tell_held(std::string account, std::string applied,
                                                      Deadline deadline) {
    const auto now = Clock::now();
    remembered_.told_held = now;
    // Each time another one, because such a stream, too, can hang.
    const auto number =
        mysql::server_id_of(fmt::format("{}/{}", config_.member, now.time_since_epoch().count()));
    mysql::HeldLog held{peer_connection(*ticket_->upstream), std::move(applied), number};
    held.upstream.user = account;
    std::function<Result<mysql::Waiting>()> look = [held, deadline] {
        return mysql::look_for_waiting(held, deadline);
    };
    const auto waiting = co_await speaking_.run<Result<mysql::Waiting>>(std::move(look));
    if (!waiting) {
        co_return tl::unexpected(waiting.error());
    }
    // Another server, another role, or none: what was seen is of before.
    if (!waiting->waits || !may_acknowledge(account) || remembered_.told_held != now) {
        co_return std::string{};
    }
    const auto end = waiting->end;
    std::function<Result<void>()> tell = [held = std::move(held), end, deadline] {
        return mysql::begin_to_acknowledge(held, end, deadline);
    };
    const auto told = co_await speaking_.run<Result<void>>(std::move(tell));
    if (!told) {
        co_return tl::unexpected(told.error());
    }
    co_return end ? fmt::format("told the primary that this standby holds everything up to {}:{}, "
                                "for which it was never asked",
                                end->file, end->offset_bytes)
                  : std::string("began a stream beside the one that stands and is sent nothing, so "
                                "that the primary's receiver of acknowledgements wakes up");
}

} // namespace lockstep
