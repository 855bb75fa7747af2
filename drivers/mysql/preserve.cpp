#include <spdlog/fmt/fmt.h>

#include "drivers/common/copy.h"
#include "drivers/mysql/flavour.h"
#include "drivers/mysql/kept_log.h"
#include "drivers/mysql/mysql_driver.h"
#include "platform/clock.h"

/// R8: nothing is thrown away. The binary log from the last common place on holds every change that
/// the member made alone.
namespace lockstep {

namespace fs = std::filesystem;

Awaitable<Result<std::uint64_t>> MysqlDriver::preserve(Divergence from, fs::path to,
                                                       Deadline deadline) {
    const auto doing = fmt::format("keep the diverged log of {}", config_.data_dir.string());
    const auto log = co_await read_log();
    const auto note = mysql::read_note(config_.data_dir);
    if (!log || !note) {
        co_return within(doing, log ? note.error() : log.error());
    }
    if (log->files.empty()) {
        co_return fail(Errc::refused, doing + ": it has no binary log");
    }
    const auto start = mysql::start_in(from.fork, log->files, log->end_bytes);
    if (!start) {
        co_return within(doing, start.error());
    }
    Copying copying;
    copying.to = std::move(to);
    for (auto at = start->file; at < log->files.size(); ++at) {
        copying.files.push_back({log->files[at], log->files[at].filename()});
    }
    mysql::KeptLog kept;
    kept.first_file = log->files[start->file].filename().string();
    kept.offset_bytes = start->offset_bytes;
    copying.readme = mysql::render_readme(
        kept, {config_.data_dir.string(), format_time(unix_ms()), note->system_id, from.fork,
               from.why, std::string(mysql::words(config_.flavour).log_decoder)});
    std::function<Result<std::uint64_t>()> work = [copying = std::move(copying), deadline] {
        return copy_durably(copying, deadline);
    };
    const auto copied = co_await background_.run<Result<std::uint64_t>>(std::move(work));
    if (!copied) {
        co_return within(doing, copied.error());
    }
    co_return *copied;
}

} // namespace lockstep
