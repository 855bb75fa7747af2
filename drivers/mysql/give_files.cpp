#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "drivers/common/small_files.h"
#include "drivers/mysql/flavour.h"
#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/option_file.h"
#include "drivers/mysql/schema.h"
#include "platform/files.h"

/// The donor of a copy of files: a primary gives them to a peer that asks (docs/decisions/0020).
namespace lockstep {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds looks_each{1};

bool has(const std::vector<Member>& peers, const MemberId& member) {
    return std::ranges::any_of(peers, [&member](const auto& peer) { return peer.id == member; });
}

} // namespace

void MysqlDriver::end_copies() {
    for (const auto& donor : donors_) {
        donor->end();
    }
    donors_.clear();
}

/// Whether a session of that peer's own account holds the lock, for the first time that it is seen.
Awaitable<bool> MysqlDriver::asks_for_copy(Session::Ptr session, MemberId peer, Deadline deadline) {
    auto ask = fmt::format("SELECT IS_USED_LOCK({})", mysql::quote(mysql::copy_lock(peer)));
    const auto held = co_await session->query(std::move(ask), deadline);
    if (!held || held->empty() || held->is_null(0, 0)) {
        co_return false;
    }
    const auto holder = held->number(0, 0);
    auto look =
        fmt::format("SELECT USER FROM information_schema.processlist WHERE ID = {}", holder);
    const auto who = co_await session->query(std::move(look), deadline);
    co_return who && !who->empty() && who->text(0, 0) == mysql::peer_account(peer) &&
        remembered_.copies_begun.insert(holder).second;
}

mysql::CopyOrder MysqlDriver::copy_order(const Member& to) const {
    mysql::CopyOrder order;
    order.to = to;
    order.files = tls_files();
    order.data_dir = config_.data_dir;
    order.server = local_connection();
    order.folder = config_.run_dir / (config_.member + ".copy");
    const auto facts = copy_facts();
    const auto choice = mysql::choose_copy(facts);
    if (choice.by == mysql::CopyBy::dump) {
        order.hindrance = fmt::format("on {}: {}", config_.member, choice.why);
        return order;
    }
    if (!donors_.empty()) {
        order.busy = "it sends a copy to " + donors_.front()->to() + " just now";
        return order;
    }
    if (auto made = make_private_folder(order.folder); !made) {
        order.busy = made.error().message;
        return order;
    }
    const auto options = order.folder / "copy.cnf";
    const auto text = "[mariadb-backup]\n" + mysql::option_line("user", order.server.user) +
                      mysql::option_line("socket", order.server.socket.string()) +
                      mysql::option_line("datadir", config_.data_dir.string());
    if (auto written = replace_file(options, text, 0600); !written) {
        order.busy = written.error().message;
        return order;
    }
    // Its log is looked at often: commits wait at the end until all of it is read.
    order.tool =
        tool(word().copier, {"--defaults-file=" + options.string(), "--backup", "--stream=mbstream",
                             "--target-dir=" + order.folder.string(), "--log-copy-interval=20"});
    return order;
}

Awaitable<void> MysqlDriver::look_for_copies(Session::Ptr session, Deadline deadline) {
    if (is_mysql() || Clock::now() < remembered_.copies_due) {
        co_return;
    }
    remembered_.copies_due = Clock::now() + looks_each;
    const auto peers = ticket_ && ticket_->primary ? ticket_->peers : std::vector<Member>{};
    for (const auto& donor : donors_) {
        if (!has(peers, donor->to())) {
            donor->end();
        }
    }
    std::erase_if(donors_, [](const auto& donor) { return donor->is_over(); });
    for (const auto& peer : peers) {
        auto id = peer.id;
        const bool asks = co_await asks_for_copy(session, std::move(id), deadline);
        if (asks) {
            donors_.push_back(mysql::Donor::begin(executor_, copy_order(peer)));
        }
    }
}

} // namespace lockstep
