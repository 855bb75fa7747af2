#include <spdlog/fmt/fmt.h>

#include <sys/stat.h>

#include "drivers/common/entries.h"
#include "drivers/postgres/postgres_driver.h"
#include "drivers/postgres/progress.h"
#include "drivers/postgres/text.h"
#include "drivers/postgres/ticket.h"
#include "platform/files.h"

/// The data folder while no server runs in it.
namespace lockstep {

namespace fs = std::filesystem;

Awaitable<Result<postgres::ControlData>> PostgresDriver::read_control_data(Deadline deadline) {
    auto folder = config_.data_dir;
    co_return co_await control_data_of(std::move(folder), deadline);
}

Awaitable<Result<postgres::ControlData>> PostgresDriver::control_data_of(fs::path folder,
                                                                         Deadline deadline) {
    auto programs = config_.bin_dir;
    co_return co_await postgres::read_control_data(std::move(programs), std::move(folder),
                                                   deadline);
}

Awaitable<Result<DataFolder>> PostgresDriver::inspect(Deadline deadline) {
    DataFolder folder;
    const auto entries = entries_of(config_.data_dir);
    if (!entries) {
        if (entries.error().code != Errc::unreachable) {
            co_return within("inspect", entries.error());
        }
        folder.what = "no folder";
        co_return folder;
    }
    folder.kind = DataFolder::Kind::empty;
    std::error_code ignored;
    if (entries->empty()) {
        folder.what = "an empty folder";
        co_return folder;
    }
    if (fs::exists(config_.data_dir / incomplete_marker, ignored)) {
        folder.what = "what an interrupted copy or initialisation left, worth nothing";
        co_return folder;
    }
    const auto rewinding = read_mark(config_.data_dir, postgres::rewinding_mark);
    if (!rewinding) {
        co_return within("inspect", rewinding.error());
    }
    if (!rewinding->empty()) {
        folder.what = "what an interrupted rewind left, worth nothing";
        co_return folder;
    }
    folder.kind = DataFolder::Kind::other;
    const int major = major_version();
    if (major == 0 || !fs::exists(config_.data_dir / "global" / "pg_control", ignored)) {
        folder.what = fmt::format("something else than PostgreSQL data (\"{}\" is in it)",
                                  entries->front().filename().string());
        co_return folder;
    }
    const auto control = co_await read_control_data(deadline);
    if (!control) {
        co_return within("inspect", control.error());
    }
    folder.kind = DataFolder::Kind::database;
    folder.system_id = control->system_id;
    folder.clean_shutdown = control->clean();
    folder.standby = fs::exists(config_.data_dir / "standby.signal", ignored);
    folder.history =
        history_of(std::max(control->checkpoint_timeline, control->recovery_end_timeline));
    folder.what = fmt::format("PostgreSQL {} data, {}", major, control->state);
    co_return folder;
}

Awaitable<Result<void>> PostgresDriver::empty_folder(Deadline deadline) {
    std::function<Result<void>()> work = [folder = config_.data_dir, deadline] {
        return remove_entries(folder, incomplete_marker, deadline);
    };
    co_return co_await background_.run<Result<void>>(std::move(work));
}

/// Only a folder that is absent, empty or marked as worth nothing is ever filled.
Awaitable<Result<void>> PostgresDriver::prepare_folder(Deadline deadline) {
    const auto folder = co_await inspect(deadline);
    if (!folder) {
        co_return tl::unexpected(folder.error());
    }
    if (folder->kind == DataFolder::Kind::database || folder->kind == DataFolder::Kind::other) {
        co_return fail(Errc::refused, fmt::format("{} is not empty: {}; empty it or choose "
                                                  "another folder",
                                                  config_.data_dir.string(), folder->what));
    }
    const auto prepared = prepare_filling(config_.data_dir);
    if (!prepared) {
        co_return prepared;
    }
    co_return co_await empty_folder(deadline);
}

/// Fills the data folder, which may be a mount point, by a tool that wants a folder of its own.
/// The marker is there until all is in its place, so that an interruption is recognised.
Awaitable<Result<void>> PostgresDriver::fill_folder(Command filler, OnProgress on_progress,
                                                    Deadline deadline) {
    const auto prepared = co_await prepare_folder(deadline);
    if (!prepared) {
        co_return prepared;
    }
    std::function<void(std::string_view)> on_line = [on_progress](std::string_view line) {
        const auto progress = postgres::parse_progress(line);
        if (progress && on_progress) {
            on_progress(*progress);
        }
    };
    const auto name = fs::path(filler.argv.front()).filename().string();
    const auto ran = co_await run_tool(std::move(filler), deadline, std::move(on_line));
    Result<void> done;
    if (!ran) {
        done = within(name, ran.error());
    } else if (ran->exit_status != 0) {
        done = fail(Errc::refused, name + ": " + postgres::one_line(ran->output));
    } else {
        done = move_up(filling_folder(config_.data_dir), config_.data_dir);
    }
    if (done) {
        co_return done;
    }
    // What is half made is worth nothing. Should this fail, too, the marker says so.
    const auto a_while = Deadline::in(std::chrono::seconds{30});
    const auto removed = co_await empty_folder(a_while);
    if (removed) {
        static_cast<void>(remove_file_durably(config_.data_dir / incomplete_marker));
    }
    co_return done;
}

Awaitable<Result<void>> PostgresDriver::initialise(Deadline deadline) {
    auto initdb =
        tool("initdb", {"--data-checksums", "--username", std::string(postgres::superuser),
                        "--auth-local=peer", "--auth-host=scram-sha-256", "--encoding=UTF8",
                        "--locale=C.UTF-8", "--pgdata", filling_folder(config_.data_dir).string()});
    OnProgress nobody;
    const auto filled = co_await fill_folder(std::move(initdb), std::move(nobody), deadline);
    if (!filled) {
        co_return within("initialise " + config_.data_dir.string(), filled.error());
    }
    co_return complete_folder();
}

Awaitable<Result<void>> PostgresDriver::clone(Member upstream, OnProgress on_progress,
                                              Deadline deadline) {
    // Never a name that commits may wait for: a base backup acknowledges what it streams (F7).
    const auto connection =
        postgres::replication_connection(config_, upstream, "ls_rebuild_" + config_.member);
    std::vector<std::string> arguments = {
        "--dbname",          postgres::to_conninfo(connection),
        "--pgdata",          filling_folder(config_.data_dir).string(),
        "--checkpoint=fast", "--wal-method=stream",
        "--progress",        "--no-password"};
    if (config_.rebuild_most_megabytes != 0) {
        arguments.push_back(fmt::format("--max-rate={}M", config_.rebuild_most_megabytes));
    }
    auto basebackup = tool("pg_basebackup", std::move(arguments));
    const auto doing = fmt::format("clone {} from {}", config_.data_dir.string(), upstream.id);
    const auto filled =
        co_await fill_folder(std::move(basebackup), std::move(on_progress), deadline);
    if (!filled) {
        co_return within(doing, filled.error());
    }
    if (auto made = write_file_durably(config_.data_dir / "standby.signal", ""); !made) {
        co_return within(doing, made.error());
    }
    co_return complete_folder();
}

/// The last steps that make a filled folder this member's. Only then the marker goes.
Result<void> PostgresDriver::complete_folder() {
    if (auto included = include_ticket(); !included) {
        return included;
    }
    if (auto purged = purge_auto_conf(); !purged) {
        return tl::unexpected(purged.error());
    }
    if (auto removed = remove_file_durably(config_.data_dir / incomplete_marker); !removed) {
        return removed;
    }
    return write_mark(config_.data_dir, postgres::rewinding_mark, "");
}

Awaitable<Result<void>> PostgresDriver::discard(Deadline deadline) {
    if (running_server()) {
        co_return fail(Errc::refused,
                       fmt::format("discard {}: a server runs in it", config_.data_dir.string()));
    }
    if (const auto spaces = entries_of(config_.data_dir / "pg_tblspc");
        spaces && !spaces->empty()) {
        co_return fail(Errc::unsupported,
                       fmt::format("discard {}: it has tablespaces outside the folder, which "
                                   "Lockstep does not replace; remove the data by hand",
                                   config_.data_dir.string()));
    }
    // From here on what is left is worth nothing, also if this is interrupted.
    if (auto prepared = prepare_filling(config_.data_dir); !prepared) {
        co_return within("discard", prepared.error());
    }
    const auto emptied = co_await empty_folder(deadline);
    if (!emptied) {
        co_return within("discard", emptied.error());
    }
    if (auto cleared = write_mark(config_.data_dir, postgres::rewinding_mark, ""); !cleared) {
        co_return within("discard", cleared.error());
    }
    co_return remove_file_durably(config_.data_dir / incomplete_marker);
}

/// The engine removes standby.signal, durably, before it writes the first record of a history
/// of its own; and a promotion begins with a request in one of two files.
Awaitable<Result<bool>> PostgresDriver::never_promoted(Deadline deadline) {
    const auto control = co_await read_control_data(deadline);
    if (!control) {
        co_return within("look for a promotion", control.error());
    }
    std::error_code ignored;
    const auto has = [this, &ignored](const char* name) {
        return fs::exists(config_.data_dir / name, ignored);
    };
    co_return control->recovers() && has("standby.signal") && !has("promote.signal") &&
        !has("promote");
}

} // namespace lockstep
