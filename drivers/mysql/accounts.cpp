#include <algorithm>

#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/schema.h"

/// The accounts by which peers come in. They are made without the binary log, so that they are of
/// this server alone and no commit of theirs waits.
namespace lockstep {

namespace {

std::string at_any_host(const std::string& account) {
    return mysql::quote(account) + "@'%'";
}

bool is_peer_account(const std::string& account) {
    return !mysql::member_in_account(account).empty() && !mysql::is_sync_account(account) &&
           account.ends_with("_peer");
}

/// What it must know to judge its own data and to copy this server's.
std::string peer_rights(mysql::Flavour flavour) {
    return flavour == mysql::Flavour::mysql
               ? "SELECT, RELOAD, PROCESS, REPLICATION CLIENT, BACKUP_ADMIN, CONNECTION_ADMIN"
               : "SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES, RELOAD, PROCESS, "
                 "REPLICATION CLIENT, CONNECTION ADMIN";
}

/// A shut door is not for them.
std::string stream_rights(mysql::Flavour flavour) {
    return flavour == mysql::Flavour::mysql ? "REPLICATION SLAVE, CONNECTION_ADMIN"
                                            : "REPLICATION SLAVE, CONNECTION ADMIN";
}

} // namespace

Awaitable<Result<std::vector<std::string>>> MysqlDriver::accounts(Deadline deadline) {
    std::string sql = "SELECT User FROM mysql.user WHERE User LIKE 'ls\\_%' AND Host = '%'";
    const auto rows = co_await command(std::move(sql), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    std::vector<std::string> names;
    for (std::size_t row = 0; row < rows->size(); ++row) {
        if (!mysql::member_in_account(rows->text(row, 0)).empty()) {
            names.push_back(rows->text(row, 0));
        }
    }
    co_return names;
}

Awaitable<Result<void>> MysqlDriver::drop_accounts(std::vector<std::string> names,
                                                   Deadline deadline) {
    for (const auto& name : names) {
        const auto dropped = co_await command("DROP USER IF EXISTS " + at_any_host(name), deadline);
        if (!dropped) {
            co_return tl::unexpected(dropped.error());
        }
    }
    co_return Result<void>{};
}

Awaitable<Result<void>> MysqlDriver::make_account(std::string name, MemberId member,
                                                  Deadline deadline) {
    const auto subject = mysql::subject_of(config_.tls.certificate, member);
    if (!subject) {
        co_return tl::unexpected(subject.error());
    }
    const auto who = at_any_host(name);
    const std::string no_password = is_mysql() ? " IDENTIFIED WITH caching_sha2_password AS ''"
                                               : " IDENTIFIED VIA mysql_native_password USING ''";
    std::vector<std::string> sql{"CREATE USER IF NOT EXISTS " + who + no_password +
                                     " REQUIRE SUBJECT " + mysql::quote(*subject),
                                 "GRANT " +
                                     (is_peer_account(name) ? peer_rights(config_.flavour)
                                                            : stream_rights(config_.flavour)) +
                                     " ON *.* TO " + who};
    auto made = co_await commands(std::move(sql), deadline);
    if (!made) {
        co_return within("make the account " + name, made.error());
    }
    co_return made;
}

Awaitable<Result<void>> MysqlDriver::settle_accounts(Ticket ticket, Deadline deadline) {
    const auto existing = co_await accounts(deadline);
    if (!existing) {
        co_return tl::unexpected(existing.error());
    }
    std::vector<std::pair<std::string, MemberId>> wanted;
    for (const auto& peer : ticket.peers) {
        wanted.emplace_back(mysql::peer_account(peer.id), peer.id);
        if (ticket.sync_name.empty()) {
            wanted.emplace_back(mysql::async_account(peer.id), peer.id);
        }
    }
    std::vector<std::string> useless;
    for (const auto& name : *existing) {
        const auto is_it = [&name](const auto& one) { return one.first == name; };
        if (name != ticket.sync_name && std::ranges::none_of(wanted, is_it)) {
            useless.push_back(name);
        }
    }
    auto done = co_await drop_accounts(std::move(useless), deadline);
    for (const auto& [name, member] : wanted) {
        if (done && std::ranges::find(*existing, name) == existing->end()) {
            done = co_await make_account(name, member, deadline);
        }
    }
    co_return done;
}

} // namespace lockstep
