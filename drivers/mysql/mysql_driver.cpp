#include "drivers/mysql/mysql_driver.h"

#include "drivers/mysql/option_file.h"
#include "platform/clock.h"
#include "platform/files.h"

namespace lockstep {

namespace fs = std::filesystem;

std::unique_ptr<Driver> MysqlDriver::make(asio::any_io_executor executor, MysqlConfig config) {
    return std::make_unique<MysqlDriver>(std::move(executor), std::move(config));
}

MysqlDriver::MysqlDriver(asio::any_io_executor executor, MysqlConfig config)
    : executor_(std::move(executor)), config_(std::move(config)) {
    config_.run_dir = fs::absolute(config_.run_dir).lexically_normal();
    config_.data_dir = fs::absolute(config_.data_dir).lexically_normal();
    if (config_.log_file.empty()) {
        config_.log_file = config_.run_dir / (config_.member + ".log");
    }
    // Where run_dir is no tmpfs, a ticket outlives its boot: nobody may start the server by it.
    const auto ticket = read_file(mysql::ticket_link(config_) / "ticket.cnf");
    if (ticket && !mysql::is_of_boot(*ticket, boot_id())) {
        std::error_code ignored; // The agent writes a new one before each start anyway.
        fs::remove(mysql::ticket_link(config_), ignored);
    }
}

MysqlDriver::~MysqlDriver() {
    forget_server();
}

std::string MysqlDriver::name() const {
    return std::string(word().engine);
}

/// The effect was seen of a server that is gone.
void MysqlDriver::forget_server() {
    for (auto* const session :
         {&sessions_.control, &sessions_.spare, &sessions_.watch, &sessions_.pulse, &sessions_.look,
          &sessions_.canary, &sessions_.flush}) {
        if (*session) {
            (*session)->close();
            session->reset();
        }
    }
    end_copies();
    remembered_ = {};
    halt_ = halt_ == Halt::none ? Halt::none : Halt::done;
}

Awaitable<Result<void>> MysqlDriver::hold_replay(Deadline deadline) {
    const auto standby = co_await is_standby(deadline);
    if (!standby) {
        co_return within("hold replay", standby.error());
    }
    if (!*standby) {
        co_return fail(Errc::refused, "hold replay: the server is no standby");
    }
    co_return Result<void>{};
}

Awaitable<Result<void>> MysqlDriver::release_replay(Deadline) {
    co_return Result<void>{};
}

} // namespace lockstep
