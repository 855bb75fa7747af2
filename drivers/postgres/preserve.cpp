#include <set>

#include <spdlog/fmt/fmt.h>

#include "drivers/common/copy.h"
#include "drivers/common/entries.h"
#include "drivers/postgres/history.h"
#include "drivers/postgres/postgres_driver.h"
#include "platform/clock.h"
#include "platform/files.h"

/// R8: nothing is thrown away. The log from the last common place on holds every change that the
/// member made alone.
namespace lockstep {

namespace fs = std::filesystem;

namespace {

/// What a person needs who wants the diverged changes back.
std::string readme(const Divergence& from, const std::string& system_id, const fs::path& data) {
    return fmt::format(
        "Lockstep kept this before it replaced the data in {0}.\n\n"
        "When:            {1}\nDatabase:        system identifier {2}\n"
        "Last common:     {3}\nWhy it diverged: {4}\n\n"
        "The write-ahead log from the last common place on is in pg_wal/: every change that this\n"
        "member made and its new primary does not have. To read it:\n\n"
        "    pg_waldump --path pg_wal --timeline TIMELINE --start {5}\n\n"
        "global/pg_control is the member's as it was. Delete this folder when nobody needs it.\n",
        data.string(), format_time(unix_ms()), system_id, from.fork, from.why,
        postgres::format_lsn(from.fork_offset_bytes));
}

/// Log segments from the one with the fork on, and all history files. Errors: `refused` if a
/// segment is gone that the own history needs, in which the log was on `timeline` at the fork.
Result<std::vector<fs::path>> log_files(const fs::path& wal_folder, postgres::Timeline timeline,
                                        std::uint64_t first_segment, std::uint64_t segment_bytes) {
    const auto entries = entries_of(wal_folder);
    if (!entries) {
        return tl::unexpected(entries.error());
    }
    std::vector<fs::path> files;
    std::set<std::uint64_t> numbers;
    for (const auto& entry : *entries) {
        const auto name = entry.filename().string();
        const auto segment = postgres::parse_segment_name(name.substr(0, 24), segment_bytes);
        if (name.ends_with(".history") || (segment && segment->number >= first_segment)) {
            files.push_back(entry);
        }
        const bool whole = name.size() == 24 && segment && segment->timeline >= timeline;
        if (whole && segment->number >= first_segment) {
            numbers.insert(segment->number);
        }
    }
    auto wanted = first_segment;
    while (numbers.contains(wanted)) {
        numbers.erase(wanted++);
    }
    if (wanted == first_segment || !numbers.empty()) {
        return fail(
            Errc::refused,
            fmt::format("the log since the fork is no longer whole (the segment at {} is gone): "
                        "move the data folder away by hand to keep its changes",
                        postgres::format_lsn(wanted * segment_bytes)));
    }
    return files;
}

} // namespace

Awaitable<Result<std::uint64_t>> PostgresDriver::preserve(Divergence from, fs::path to,
                                                          Deadline deadline) {
    const auto doing = fmt::format("keep the diverged log of {}", config_.data_dir.string());
    const auto control = co_await read_control_data(deadline);
    if (!control) {
        co_return within(doing, control.error());
    }
    const auto segment_bytes = control->segment_bytes;
    const auto timeline =
        postgres::timeline_at(wal_folder(), control->checkpoint_timeline, from.fork_offset_bytes);
    if (!timeline) {
        co_return within(doing, timeline.error());
    }
    const auto logs =
        log_files(wal_folder(), *timeline, from.fork_offset_bytes / segment_bytes, segment_bytes);
    if (!logs) {
        co_return within(doing, logs.error());
    }
    Copying copying;
    copying.to = to;
    copying.readme = readme(from, control->system_id, config_.data_dir);
    for (const auto& file : *logs) {
        copying.files.push_back({file, fs::path("pg_wal") / file.filename()});
    }
    copying.files.push_back({config_.data_dir / "global" / "pg_control", "global/pg_control"});
    std::error_code ignored;
    if (fs::exists(config_.data_dir / "backup_label", ignored)) {
        copying.files.push_back({config_.data_dir / "backup_label", "backup_label"});
    }
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
