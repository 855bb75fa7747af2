#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/mysql_driver.h"

/// Neither engine has a statement for it: a server that may have no dirty pages at all writes them.
namespace lockstep {

namespace {

constexpr std::chrono::milliseconds look_again{50};
constexpr std::string_view limit = "innodb_max_dirty_pages_pct";
/// What a busy server makes dirty again at once.
constexpr std::uint64_t few_pages = 200;

} // namespace

Awaitable<Result<void>> MysqlDriver::checkpoint(Deadline deadline) {
    auto opened = co_await kept(&Sessions::flush, deadline);
    if (!opened) {
        co_return within("checkpoint", opened.error());
    }
    const auto session = *opened;
    if (session->is_busy()) {
        co_return fail(Errc::timeout, "checkpoint: another one is being waited for");
    }
    auto ask = fmt::format("SELECT @@global.{}", limit);
    const auto before = co_await session->query(std::move(ask), deadline);
    if (!before) {
        co_return within("checkpoint", before.error());
    }
    if (remembered_.dirty_pages_limit.empty() && before->number(0, 0) > 0) {
        remembered_.dirty_pages_limit = before->text(0, 0);
    }
    auto none = fmt::format("SET GLOBAL {} = 0", limit);
    const auto set = co_await session->query(std::move(none), deadline);
    Result<void> done;
    const auto most = mysql::most_of(deadline);
    while (set) {
        std::string count = "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'";
        const auto dirty = co_await session->query(std::move(count), most);
        if (!dirty) {
            done = tl::unexpected(dirty.error());
            break;
        }
        if (dirty->empty() || dirty->number(0, 1) <= few_pages) {
            break;
        }
        if (most.passed()) {
            done = fail(Errc::timeout, fmt::format("checkpoint: {} pages are still to be written",
                                                   dirty->number(0, 1)));
            break;
        }
        co_await pause_for(look_again);
    }
    const auto& normal = remembered_.dirty_pages_limit;
    auto restore = fmt::format("SET GLOBAL {} = {}", limit, normal.empty() ? "90" : normal);
    const auto back = co_await command(std::move(restore), deadline);
    if (!set || !back) {
        co_return within("checkpoint", set ? back.error() : set.error());
    }
    co_return done;
}

} // namespace lockstep
