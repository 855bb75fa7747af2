#include <csignal>

#include <spdlog/fmt/fmt.h>

#include "drivers/common/entries.h"
#include "drivers/common/scratch_folder.h"
#include "drivers/postgres/snapshot/archives.h"
#include "drivers/postgres/snapshot/postgres_snapshots.h"
#include "drivers/postgres/snapshot/replay_log.h"
#include "drivers/postgres/text.h"
#include "drivers/postgres/ticket.h"
#include "platform/disk_space.h"
#include "platform/files.h"

/// Making data from a snapshot and the log that follows it.
namespace lockstep {

namespace fs = std::filesystem;

namespace {

constexpr auto laid_out_log = "lockstep_restoring";
constexpr std::uint64_t megabyte = 1U << 20U;
constexpr std::uint64_t most_log_at_once = 1536 * megabyte; // max_wal_size, and what may exceed it.

/// What goes on on the other thread before any server runs.
struct Filling {
    SnapshotEngine::Source source;
    RestoreTarget target;
    postgres::Descent descent; // Of the history on which it shall end.
    fs::path data;
    fs::path ticket;
};

std::uint64_t bytes_in(const fs::path& folder) {
    std::uint64_t bytes = 0;
    const auto entries = entries_of(folder);
    for (const auto& entry : entries ? *entries : std::vector<fs::path>{}) {
        std::error_code gone;
        const auto size = fs::file_size(entry, gone);
        bytes += gone ? 0 : size;
    }
    return bytes;
}

Result<void> check_room(const Filling& filling, const postgres::BackupManifest& manifest) {
    std::uint64_t log = 0;
    for (const auto& range : manifest.ranges) {
        log += range.end - range.begin + 32 * megabyte;
    }
    log += std::min(bytes_in(filling.source.log), most_log_at_once);
    const auto needed = manifest.bytes() + log + 64 * megabyte;
    const auto space = space_of(filling.data);
    if (!space) {
        return tl::unexpected(space.error());
    }
    return space->free_bytes >= needed
               ? Result<void>{}
               : fail(Errc::refused,
                      fmt::format("not enough room for {}: {} bytes are needed, {} are free",
                                  filling.data.string(), needed, space->free_bytes));
}

/// The files that decide how a server starts, made this member's.
Result<void> settle_files(const Filling& filling) {
    for (const auto* const name :
         {"standby.signal", "recovery.signal", "promote.signal", "postmaster.opts"}) {
        if (auto removed = remove_file_durably(filling.data / name); !removed) {
            return removed;
        }
    }
    const auto conf = read_file(filling.data / "postgresql.conf");
    if (!conf && conf.error().code != Errc::unreachable) {
        return tl::unexpected(conf.error());
    }
    const auto settings = read_file(filling.source.snapshot / postgres::settings_file);
    if (!settings) {
        return tl::unexpected(settings.error());
    }
    const auto automatic = read_file(filling.data / "postgresql.auto.conf");
    const std::pair<std::string, std::string> files[] = {
        {std::string(postgres::restored_settings), *settings},
        {"postgresql.auto.conf", postgres::without_strange_settings(postgres::without_settings(
                                     automatic.value_or(""), postgres::managed_names()))},
        {"postgresql.conf", postgres::restored_conf(conf.value_or(""), filling.ticket)},
        {"recovery.signal", ""},
    };
    for (const auto& [name, content] : files) {
        if (auto written = write_file_durably(filling.data / name, content); !written) {
            return written;
        }
    }
    return {};
}

/// Up to where only the recovery is left to do. Nothing is begun before it is known that there is
/// room.
Result<void> fill(const Filling& filling, const postgres::BackupManifest& manifest,
                  Oversight oversight, Deadline deadline) {
    auto done = check_room(filling, manifest);
    if (done) {
        done = prepare_filling(filling.data);
    }
    if (done) {
        done = remove_entries(filling.data, incomplete_marker, deadline);
    }
    if (done) {
        done = postgres::unpack(filling.source.snapshot, manifest, filling.data, oversight);
    }
    if (done) {
        done = postgres::lay_out_log(filling.source.log, filling.data / laid_out_log,
                                     filling.descent, filling.source.forks);
    }
    if (done) {
        done = settle_files(filling);
    }
    return done;
}

/// From here on a server could start in the folder, if there were a ticket for it.
Result<void> make_ready(const fs::path& data) {
    std::error_code error;
    fs::rename(data / postgres::unready_control, data / "global" / "pg_control", error);
    return error ? fail(Errc::refused, "rename pg_control: " + error.message())
                 : sync_folder(data / "global");
}

Result<void> write_place(const fs::path& folder) {
    auto written =
        write_file_durably(folder / postgres::recovery_hba, "local all,replication all reject\n");
    return written ? write_file_durably(folder / postgres::recovery_conf, "") : written;
}

/// The last traces of the recovery; then the folder is worth something.
Result<void> finish(const fs::path& data) {
    std::error_code error;
    fs::remove_all(data / laid_out_log, error);
    if (error) {
        return fail(Errc::refused,
                    fmt::format("remove {}: {}", (data / laid_out_log).string(), error.message()));
    }
    for (const auto* const name : {"backup_label.old", "tablespace_map.old", "postmaster.opts"}) {
        if (auto removed = remove_file_durably(data / name); !removed) {
            return removed;
        }
    }
    if (auto cleared = write_mark(data, postgres::rewinding_mark, ""); !cleared) {
        return cleared;
    }
    return remove_file_durably(data / incomplete_marker);
}

std::string how_far(const postgres::RecoveryLog& log) {
    std::string words = log.last_record().empty()
                            ? "no log could be replayed"
                            : "the log goes to the record at " + log.last_record();
    if (log.last_commit_us() != 0) {
        words += ", the last commit in it is of " + format_time(log.last_commit_us() / 1000);
    }
    return words;
}

} // namespace

Awaitable<Result<void>> PostgresSnapshots::check_folder(Deadline deadline) {
    const auto folder = co_await driver_.inspect(deadline);
    if (!folder) {
        co_return tl::unexpected(folder.error());
    }
    const auto& data = config_.data_dir;
    if (driver_.running_server() || !processes_in(data).empty()) {
        co_return fail(Errc::refused, fmt::format("a server runs in {}", data.string()));
    }
    if (folder->kind == DataFolder::Kind::database || folder->kind == DataFolder::Kind::other) {
        co_return fail(Errc::refused, fmt::format("{} is not empty: {}; empty it or choose "
                                                  "another folder",
                                                  data.string(), folder->what));
    }
    co_return Result<void>{};
}

/// One run of the recovering server, to its end.
Awaitable<Result<void>> PostgresSnapshots::recover(std::vector<std::string> arguments,
                                                   std::shared_ptr<postgres::RecoveryLog> log,
                                                   Replaying replaying, Deadline deadline) {
    auto command = postgres::tool(config_.bin_dir, "postgres", {"-D", config_.data_dir.string()});
    command.folder = config_.data_dir;
    for (auto& argument : arguments) {
        command.argv.push_back(std::move(argument));
    }
    std::function<void(std::string_view)> on_line = [this, log, replaying](std::string_view line) {
        const bool recovered = log->take(line);
        const auto server = recovered ? driver_.running_server() : std::nullopt;
        if (server) {
            ::kill(server->pid, SIGINT);
        }
        if (replaying.told) {
            const auto done = replaying.unpacked_bytes + log->segments() * replaying.segment_bytes;
            replaying.told({std::min(done, replaying.total_bytes), replaying.total_bytes});
        }
    };
    const auto ran = co_await run_tool(std::move(command), deadline, std::move(on_line));
    if (!ran) {
        co_return tl::unexpected(ran.error());
    }
    if (ran->exit_status != 0 || !log->ready()) {
        co_return fail(Errc::refused,
                       fmt::format("the recovery failed: {}", log->trouble().empty()
                                                                  ? postgres::one_line(ran->output)
                                                                  : log->trouble()));
    }
    co_return Result<void>{};
}

/// Recovers up to the target. A target that is the very end of the log is no place where the
/// engine stops: there it is told none.
Awaitable<Result<void>> PostgresSnapshots::recover_to(RestoreTarget target,
                                                      postgres::Descent descent,
                                                      postgres::Settings source,
                                                      std::shared_ptr<postgres::RecoveryLog> log,
                                                      Replaying replaying, Deadline deadline) {
    const auto scratch = ScratchFolder::make();
    if (!scratch) {
        co_return tl::unexpected(scratch.error());
    }
    if (auto written = write_place(scratch->path()); !written) {
        co_return written;
    }
    const postgres::RecoveryPlace place{scratch->path(), config_.data_dir / laid_out_log};
    if (target.position) {
        const auto reach = postgres::reach_of(place.log, descent, target.position->offset_bytes);
        if (reach == postgres::Reach::at_end) {
            target = RestoreTarget{};
        }
    }
    auto arguments = postgres::recovery_arguments(config_, source, place, target, descent.timeline);
    auto done = co_await recover(std::move(arguments), log, replaying, deadline);
    const bool at_last_commit = target.unix_ms && log->last_commit_us() != 0 &&
                                log->last_commit_us() / 1000 == *target.unix_ms;
    if (!done && log->fell_short() && at_last_commit) {
        const RestoreTarget everything;
        *log = postgres::RecoveryLog{};
        arguments =
            postgres::recovery_arguments(config_, source, place, everything, descent.timeline);
        done = co_await recover(std::move(arguments), log, replaying, deadline);
    }
    if (!done && log->fell_short()) {
        co_return fail(Errc::refused, fmt::format("{} was not reached: {}",
                                                  postgres::in_words(target), how_far(*log)));
    }
    co_return done;
}

Awaitable<Result<SnapshotEngine::Restored>>
PostgresSnapshots::look_at_restored(postgres::Descent followed, bool all_of_it, Deadline deadline) {
    auto programs = config_.bin_dir;
    auto data = config_.data_dir;
    const auto control =
        co_await postgres::read_control_data(std::move(programs), std::move(data), deadline);
    if (!control) {
        co_return tl::unexpected(control.error());
    }
    if (control->state != "shut down") {
        co_return fail(Errc::refused,
                       "the recovered server did not end cleanly: " + control->state);
    }
    const auto file =
        config_.data_dir / "pg_wal" / postgres::history_file_name(control->checkpoint_timeline);
    const auto written = read_file(file);
    if (!written) {
        co_return fail(Errc::refused, "the recovered server began no history of its own: " +
                                          written.error().message);
    }
    const auto end = postgres::begin_in_history_file(*written);
    if (!end) {
        co_return tl::unexpected(end.error());
    }
    const auto descent = postgres::begun_at(followed, *end, control->checkpoint_timeline);
    if (postgres::parse_history_file(descent.timeline, *written) != descent) {
        const auto mended = write_file_durably(file, postgres::render_history_file(descent));
        if (!mended) {
            co_return tl::unexpected(mended.error());
        }
    }
    const auto ended = *postgres::cut_at(descent, descent.ancestors.back().timeline);
    Restored restored;
    restored.end = {postgres::to_history(ended), *end};
    restored.system_id = control->system_id;
    const auto reach = postgres::reach_of(config_.data_dir / laid_out_log, followed, *end);
    if (all_of_it && reach == postgres::Reach::inside) {
        co_return fail(Errc::refused,
                       fmt::format("the log could be replayed only up to {}: what follows there "
                                   "is missing or damaged",
                                   postgres::format_lsn(*end)));
    }
    co_return restored;
}

Awaitable<Result<SnapshotEngine::Restored>> PostgresSnapshots::restore(Source source,
                                                                       RestoreTarget target,
                                                                       OnProgress on_progress,
                                                                       Deadline deadline) {
    const auto doing =
        fmt::format("restore {} from {}", config_.data_dir.string(), source.snapshot.string());
    const auto fit = co_await check_folder(deadline);
    if (!fit) {
        co_return within(doing, fit.error());
    }
    auto descent = postgres::parse_history(source.history);
    if (!descent) {
        co_return within(doing, descent.error());
    }
    auto manifest = postgres::read_backup_manifest(source.snapshot);
    if (!manifest) {
        co_return within(doing, manifest.error());
    }
    const auto restored =
        co_await restore_into_empty(std::move(source), std::move(target), std::move(*descent),
                                    std::move(*manifest), std::move(on_progress), deadline);
    if (!restored) {
        co_return within(doing, restored.error());
    }
    co_return *restored;
}

Awaitable<Result<SnapshotEngine::Restored>>
PostgresSnapshots::restore_into_empty(Source source, RestoreTarget target,
                                      postgres::Descent descent, postgres::BackupManifest manifest,
                                      OnProgress on_progress, Deadline deadline) {
    const auto settings = read_file(source.snapshot / postgres::settings_file);
    if (!settings) {
        co_return fail(Errc::refused, settings.error().message);
    }
    Replaying replaying;
    replaying.told = on_progress;
    replaying.unpacked_bytes = manifest.bytes();
    replaying.total_bytes = manifest.bytes() + bytes_in(source.log);
    const Overseer overseer(std::move(on_progress), executor_, deadline);
    auto oversight = overseer.oversight();
    oversight.expect(replaying.total_bytes);
    Filling filling{std::move(source), target, descent, config_.data_dir, driver_.ticket_path()};
    std::function<Result<void>()> work = [filling = std::move(filling),
                                          manifest = std::move(manifest), oversight, deadline] {
        return fill(filling, manifest, oversight, deadline);
    };
    auto done = co_await background_.run<Result<void>>(std::move(work));
    const auto log = std::make_shared<postgres::RecoveryLog>();
    const bool wants_all = !postgres::has_target(target);
    const auto followed = descent;
    if (done) {
        done = make_ready(config_.data_dir);
    }
    if (done) {
        auto source_settings = postgres::parse_settings(*settings);
        done = co_await recover_to(std::move(target), std::move(descent),
                                   std::move(source_settings), log, replaying, deadline);
    }
    Result<Restored> restored = fail(Errc::refused, "");
    if (done) {
        restored = co_await look_at_restored(followed, wants_all, deadline);
        done = restored ? finish(config_.data_dir) : tl::unexpected(restored.error());
    }
    if (!done) {
        const auto emptied = co_await give_up();
        co_return tl::unexpected(emptied ? done.error() : emptied.error());
    }
    restored->end_unix_ms = log->last_commit_us() / 1000;
    co_return restored;
}

/// What is half made is worth nothing, as its marker says until it is gone.
Awaitable<Result<void>> PostgresSnapshots::give_up() {
    const auto a_while = Deadline::in(std::chrono::seconds{60});
    std::error_code ignored;
    if (!fs::exists(config_.data_dir / incomplete_marker, ignored)) {
        co_return Result<void>{}; // It was not begun.
    }
    auto folder = config_.data_dir;
    std::optional<ProcessId> nobody;
    const auto gone = co_await kill_all_in(std::move(folder), nobody, a_while);
    if (!gone) {
        co_return gone;
    }
    std::function<Result<void>()> work = [data = config_.data_dir, a_while] {
        auto removed = remove_entries(data, incomplete_marker, a_while);
        return removed ? remove_file_durably(data / incomplete_marker) : removed;
    };
    co_return co_await background_.run<Result<void>>(std::move(work));
}

} // namespace lockstep
