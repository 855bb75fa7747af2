#include <spdlog/fmt/fmt.h>

#include "drivers/common/small_files.h"
#include "drivers/mysql/marker.h"
#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/option_file.h"
#include "platform/clock.h"
#include "platform/files.h"

namespace lockstep {

namespace fs = std::filesystem;

namespace {

/// The folder is there first, and what it holds; the link is what makes it the ticket.
Result<void> link_ticket(const mysql::Config& config) {
    const auto link = mysql::ticket_link(config);
    std::error_code error;
    if (fs::is_symlink(link, error) &&
        fs::read_symlink(link, error) == mysql::ticket_folder(config).filename()) {
        return {};
    }
    fs::remove(link, error);
    if (!error) {
        fs::create_symlink(mysql::ticket_folder(config).filename(), link, error);
    }
    return error ? fail(Errc::refused,
                        fmt::format("write ticket {}: {}", link.string(), error.message()))
                 : Result<void>{};
}

} // namespace

/// A standby's data starts as a standby, whatever the ticket: promote() makes it the primary, once
/// it has applied all that it received (R2).
Ticket MysqlDriver::for_this_data(Ticket ticket) const {
    if (ticket.primary && !mysql::is_primarys(config_.data_dir)) {
        ticket.primary = false;
        ticket.stream_name.clear();
        ticket.upstream.reset();
    }
    return ticket;
}

Result<void> MysqlDriver::write_ticket(const Ticket& ticket) {
    if (auto good = mysql::check(config_); !good) {
        return good;
    }
    if (!ticket.primary) {
        if (auto unmarked = mysql::unmark_promotion(config_.data_dir); !unmarked) {
            return within("write ticket", unmarked.error());
        }
    }
    if (auto made = make_private_folder(mysql::ticket_folder(config_)); !made) {
        return within("write ticket", made.error());
    }
    ticket_ = ticket;
    halt_ = Halt::none;
    const auto text = mysql::render_ticket(config_, for_this_data(ticket), boot_id());
    if (auto written = replace_file(mysql::ticket_file(config_), text, 0600); !written) {
        return within("write ticket", written.error());
    }
    const auto options = mysql::render_option_file(config_);
    if (const auto old = read_file(mysql::option_file(config_)); !old || *old != options) {
        if (auto written = write_file_durably(mysql::option_file(config_), options); !written) {
            return within("write ticket", written.error());
        }
    }
    return link_ticket(config_);
}

Result<void> MysqlDriver::remove_ticket() {
    return remove_file_durably(mysql::ticket_link(config_));
}

fs::path MysqlDriver::ticket_path() const {
    return mysql::ticket_link(config_);
}

Door MysqlDriver::door() const {
    const auto text = read_file(mysql::ticket_link(config_) / "ticket.cnf");
    return text ? mysql::door_in(*text) : Door::shut;
}

} // namespace lockstep
