#include <spdlog/fmt/fmt.h>

#include "drivers/common/scratch_folder.h"
#include "drivers/mysql/copier.h"
#include "drivers/mysql/option_file.h"
#include "drivers/mysql/schema.h"
#include "drivers/mysql/snapshot/mysql_snapshots.h"
#include "platform/disk_space.h"
#include "platform/files.h"
#include "platform/folder_size.h"

/// MariaDB's files by mariadb-backup, made consistent at once: what is stored needs no more work.
namespace lockstep {

namespace fs = std::filesystem;

Awaitable<Result<void>> MysqlSnapshots::run_copier(std::vector<std::string> arguments,
                                                   OnProgress on_progress, Deadline deadline) {
    auto command = driver_.tool(word().copier, std::move(arguments));
    auto progress = std::make_shared<Progress>();
    if (on_progress) {
        progress->total_bytes = bytes_below(config_.data_dir);
    }
    std::function<void(std::string_view)> on_line = [this, progress,
                                                     on_progress](std::string_view line) {
        const auto file = mysql::copied_file_in(line);
        if (!file.empty() && on_progress) {
            progress->done_bytes += size_of(config_.data_dir / file);
            progress->total_bytes = std::max(progress->total_bytes, progress->done_bytes);
            on_progress(*progress);
        }
    };
    const auto ran = co_await run_tool(std::move(command), deadline, std::move(on_line));
    if (!ran) {
        co_return tl::unexpected(ran.error());
    }
    if (ran->exit_status != 0) {
        co_return fail(Errc::refused,
                       fmt::format("{} ended with {}: {}", word().copier, ran->exit_status,
                                   mysql::last_words_of(ran->output)));
    }
    co_return Result<void>{};
}

Awaitable<Result<mysql::GtidSet>>
MysqlSnapshots::copy_by_backup(fs::path into, OnProgress on_progress, Deadline deadline) {
    const auto scratch = ScratchFolder::make();
    if (!scratch) {
        co_return tl::unexpected(scratch.error());
    }
    const auto options = scratch->path() / "copier.cnf";
    const auto text =
        mysql::render_copier_options(mysql::socket_path(config_), mysql::own_account());
    if (auto written = write_file_durably(options, text); !written) {
        co_return tl::unexpected(written.error());
    }
    std::vector<std::string> copy{"--defaults-file=" + options.string(), "--backup",
                                  "--target-dir=" + into.string()};
    const auto copied = co_await run_copier(std::move(copy), std::move(on_progress), deadline);
    if (!copied) {
        co_return tl::unexpected(copied.error());
    }
    std::vector<std::string> prepare{"--no-defaults", "--prepare", "--target-dir=" + into.string()};
    OnProgress nobody;
    const auto prepared = co_await run_copier(std::move(prepare), std::move(nobody), deadline);
    if (!prepared) {
        co_return tl::unexpected(prepared.error());
    }
    co_return mysql::copied_position(into);
}

} // namespace lockstep
