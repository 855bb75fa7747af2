#include <spdlog/fmt/fmt.h>

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/common/small_files.h"
#include "drivers/postgres/postgres_driver.h"
#include "drivers/postgres/ticket.h"
#include "platform/clock.h"
#include "platform/files.h"

namespace lockstep {

namespace fs = std::filesystem;

namespace {

/// The name of the user that this process, and so the server, runs as.
std::string system_user() {
    const auto* const entry = ::getpwuid(::geteuid());
    return entry == nullptr ? std::to_string(::geteuid()) : entry->pw_name;
}

} // namespace

Result<bool> PostgresDriver::purge_auto_conf() const {
    const auto path = config_.data_dir / "postgresql.auto.conf";
    const auto text = read_file(path);
    if (!text) {
        return text.error().code == Errc::unreachable ? Result<bool>(false)
                                                      : tl::unexpected(text.error());
    }
    return replace_file(path, postgres::without_settings(*text, postgres::managed_names()), 0600);
}

Result<bool> PostgresDriver::write_files(const Ticket& ticket) {
    ticket_ = ticket;
    expected_ = postgres::managed_settings(config_, ticket, major_version());
    bool changed = false;
    // The ticket comes last: what it refers to is there when it is.
    const std::pair<fs::path, std::string> files[] = {
        {postgres::hba_path(config_), postgres::render_hba(config_, ticket.door)},
        {postgres::ident_path(config_), postgres::render_ident(ticket.peers, system_user())},
        {postgres::ticket_path(config_), postgres::render_ticket(config_, expected_, boot_id())}};
    for (const auto& [path, content] : files) {
        const auto replaced = replace_file(path, content, 0600);
        if (!replaced) {
            return within("write ticket", replaced.error());
        }
        changed = changed || *replaced;
    }
    const auto purged = purge_auto_conf();
    if (!purged) {
        return within("write ticket", purged.error());
    }
    return changed || *purged;
}

Result<void> PostgresDriver::include_ticket() const {
    const auto conf = config_.data_dir / "postgresql.conf";
    const auto text = read_file(conf);
    if (!text) {
        return tl::unexpected(text.error());
    }
    const auto wanted = postgres::with_ticket_included(*text, postgres::ticket_path(config_));
    return wanted == *text ? Result<void>{} : write_file_durably(conf, wanted);
}

Result<void> PostgresDriver::write_ticket(const Ticket& ticket) {
    if (auto good = postgres::check(config_); !good) {
        return good;
    }
    if (auto included = include_ticket(); !included) {
        return within("write ticket", included.error());
    }
    if (auto removed = remove_file_durably(config_.data_dir / "recovery.signal"); !removed) {
        return within("write ticket", removed.error());
    }
    // A standby's signal is only ever removed by the engine's own promotion: started without it
    // instead, two members would go on writing one history (F13). So a standby's data folder
    // under a primary's ticket starts as a standby, and promote() makes it the primary.
    std::error_code ignored;
    if (!ticket.primary && !fs::exists(config_.data_dir / "standby.signal", ignored)) {
        if (auto made = write_file_durably(config_.data_dir / "standby.signal", ""); !made) {
            return within("write ticket", made.error());
        }
    }
    if (auto written = write_files(ticket); !written) {
        return tl::unexpected(written.error());
    }
    remembered_.rules = postgres::render_hba(config_, ticket.door);
    return {};
}

Result<void> PostgresDriver::remove_ticket() {
    return remove_file_durably(postgres::ticket_path(config_));
}

fs::path PostgresDriver::ticket_path() const {
    return postgres::ticket_path(config_);
}

/// After a restart of the agent the running server's ticket is known from its file alone.
const postgres::Settings& PostgresDriver::expected_settings() {
    if (!expected_.empty()) {
        return expected_;
    }
    if (const auto text = read_file(postgres::ticket_path(config_))) {
        expected_ = postgres::parse_settings(*text);
        std::erase_if(expected_, [](const auto& setting) {
            return !postgres::managed_names().contains(setting.first);
        });
    }
    return expected_;
}

} // namespace lockstep
