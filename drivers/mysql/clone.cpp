#include <spdlog/fmt/fmt.h>

#include "drivers/common/entries.h"
#include "drivers/mysql/flavour.h"
#include "drivers/mysql/mysql_driver.h"

/// A copy of the upstream's data in this member's folder. How is a matter of the flavour:
/// clone_mysql.cpp, clone_mariadb.cpp (docs/decisions/0017-disks-of-mysql-and-mariadb.md).
namespace lockstep {

Awaitable<Result<mysql::DataNote>> MysqlDriver::fill_from(Member upstream, OnProgress on_progress,
                                                          Deadline deadline) {
    const auto told = co_await ask_upstream(upstream, deadline);
    if (!told) {
        co_return tl::unexpected(told.error());
    }
    auto into = filling_folder(config_.data_dir);
    Result<mysql::DataNote> copied;
    if (config_.flavour == mysql::Flavour::mysql) {
        copied =
            co_await copy_by_clone(upstream, std::move(into), std::move(on_progress), deadline);
    } else {
        copied = co_await copy_mariadb(upstream, std::move(into), std::move(on_progress), deadline);
    }
    if (!copied) {
        co_return tl::unexpected(copied.error());
    }
    if (copied->system_id != told->system_id) {
        co_return fail(Errc::conflict, fmt::format("the copy is of the database {}, not of {}",
                                                   copied->system_id, told->system_id));
    }
    copied->history = to_history(told->descent).text;
    co_return std::move(*copied);
}

Awaitable<Result<void>> MysqlDriver::clone(Member upstream, OnProgress on_progress,
                                           Deadline deadline) {
    const auto doing = fmt::format("clone {} from {}", config_.data_dir.string(), upstream.id);
    const auto prepared = co_await prepare_folder(deadline);
    if (!prepared) {
        co_return within(doing, prepared.error());
    }
    const auto note = co_await fill_from(std::move(upstream), std::move(on_progress), deadline);
    const auto done = note ? complete_folder(*note) : tl::unexpected(note.error());
    if (done) {
        co_return done;
    }
    co_await undo_filling();
    co_return within(doing, done.error());
}

} // namespace lockstep
