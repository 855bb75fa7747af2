#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "drivers/common/entries.h"
#include "drivers/mysql/marker.h"
#include "drivers/mysql/snapshot/log_place.h"
#include "drivers/mysql/snapshot/mysql_snapshots.h"
#include "drivers/mysql/snapshot/replay.h"
#include "platform/descriptor.h"
#include "platform/disk_space.h"
#include "platform/files.h"

/// Making data from a snapshot and the log that follows it.
namespace lockstep {

namespace fs = std::filesystem;

/// What goes on on the other thread before any server runs.
struct MysqlSnapshots::Filling {
    mysql::Flavour flavour{};
    Source source;
    RestoreTarget target;
    mysql::Descent descent; // Of the history on which it shall end.
    std::uint64_t from = 0; // Where the snapshot is.
    mysql::DataManifest manifest;
    fs::path into;
};

namespace {

std::uint64_t bytes_of(const mysql::ReplayPlan& plan) {
    std::uint64_t bytes = 0;
    for (const auto& slice : plan.slices) {
        bytes += slice.end - slice.begin;
    }
    return bytes;
}

Result<void> check_room(const fs::path& data, const mysql::DataManifest& manifest,
                        const mysql::ReplayPlan& plan) {
    constexpr std::uint64_t besides = 256U << 20U; // The engine's own logs.
    const auto needed = manifest.bytes() + 2 * bytes_of(plan) + besides;
    const auto space = space_of(data);
    if (!space) {
        return tl::unexpected(space.error());
    }
    return space->free_bytes >= needed
               ? Result<void>{}
               : fail(Errc::refused,
                      fmt::format("not enough room for {}: {} bytes are needed, {} are free",
                                  data.string(), needed, space->free_bytes));
}

/// Everything that was written is on disk.
Result<void> sync_all(const fs::path& folder) {
    const Descriptor open_folder(::open(folder.c_str(), O_RDONLY | O_CLOEXEC));
    return open_folder.valid() && ::syncfs(open_folder.get()) == 0
               ? Result<void>{}
               : fail(Errc::refused,
                      fmt::format("sync {}: {}", folder.string(), system_reason(errno)));
}

} // namespace

/// Nothing is begun before it is known that the target can be reached and that there is room.
Awaitable<Result<mysql::ReplayPlan>> MysqlSnapshots::fill(std::shared_ptr<const Filling> filling,
                                                          OnProgress on_progress,
                                                          Deadline deadline) {
    using Planned = Result<mysql::ReplayPlan>;
    std::function<Planned()> planning = [filling] {
        auto plan = mysql::plan_replay(filling->flavour, filling->source.log, filling->descent,
                                       filling->from, filling->target);
        const auto room = plan ? check_room(filling->into.parent_path(), filling->manifest, *plan)
                               : Result<void>{};
        return room ? std::move(plan) : Planned(tl::unexpected(room.error()));
    };
    auto plan = co_await background_.run<Planned>(std::move(planning));
    if (!plan) {
        co_return plan;
    }
    const auto prepared = co_await driver_.prepare_folder(deadline);
    if (!prepared) {
        co_return tl::unexpected(prepared.error());
    }
    const Overseer overseer(std::move(on_progress), executor_, deadline);
    auto oversight = overseer.oversight();
    oversight.expect(filling->manifest.bytes());
    std::function<Result<void>()> unpacking = [filling, plan = *plan, oversight]() mutable {
        auto done = mysql::unpack_data(filling->source.snapshot, filling->manifest, filling->into,
                                       oversight);
        return done ? mysql::lay_out_relay_logs(plan, filling->into) : done;
    };
    const auto unpacked = co_await background_.run<Result<void>>(std::move(unpacking));
    co_return unpacked ? std::move(plan) : Planned(tl::unexpected(unpacked.error()));
}

/// The last steps that make a filled folder a stopped primary's.
Awaitable<Result<void>> MysqlSnapshots::complete(mysql::DataNote note) {
    std::function<Result<void>()> work = [folder = config_.data_dir] { return sync_all(folder); };
    auto done = co_await background_.run<Result<void>>(std::move(work));
    if (done) {
        done = mysql::mark_primary(config_.data_dir);
    }
    co_return done ? driver_.complete_folder(note) : done;
}

Awaitable<Result<SnapshotEngine::Restored>>
MysqlSnapshots::restore_into_empty(Source source, RestoreTarget target, OnProgress on_progress,
                                   Deadline deadline) {
    const auto position = mysql::read_position(source.snapshot);
    auto manifest = mysql::read_manifest(source.snapshot);
    auto descent = mysql::parse_history(config_.flavour, source.history);
    const auto held = position ? mysql::GtidSet::parse(config_.flavour, position->gtids)
                               : Result<mysql::GtidSet>(tl::unexpected(position.error()));
    if (!held || !manifest || !descent) {
        co_return tl::unexpected(!held       ? held.error()
                                 : !manifest ? manifest.error()
                                             : descent.error());
    }
    auto filling = std::make_shared<Filling>();
    filling->flavour = config_.flavour;
    filling->source = std::move(source);
    filling->target = std::move(target);
    filling->descent = *descent;
    filling->from = mysql::place_after(*held);
    filling->manifest = std::move(*manifest);
    filling->into = filling_folder(config_.data_dir);
    std::shared_ptr<const Filling> wanted = filling;
    auto plan = co_await fill(std::move(wanted), std::move(on_progress), deadline);
    if (!plan) {
        co_return tl::unexpected(plan.error());
    }
    auto replay = std::make_shared<mysql::Replay>();
    replay->into = filling->into;
    replay->held = *held;
    replay->plan = std::move(*plan);
    replay->expected = mysql::descent_at(*descent, replay->plan.end);
    auto done = co_await recover(replay, deadline);
    if (done) {
        mysql::DataNote note{replay->system_id, to_history(replay->begun).text, {}};
        if (config_.flavour == mysql::Flavour::mysql) { // Its log tells nothing of what was before.
            note.before_log = mysql::held_after(*replay).print();
        }
        done = co_await complete(std::move(note));
    }
    if (!done) {
        co_return tl::unexpected(done.error());
    }
    Restored restored;
    restored.end = {to_history(replay->expected), replay->plan.end};
    restored.end_unix_ms = replay->plan.last_unix_ms;
    restored.system_id = replay->system_id;
    co_return restored;
}

Awaitable<Result<SnapshotEngine::Restored>> MysqlSnapshots::restore(Source source,
                                                                    RestoreTarget target,
                                                                    OnProgress on_progress,
                                                                    Deadline deadline) {
    const auto doing =
        fmt::format("restore {} from {}", config_.data_dir.string(), source.snapshot.string());
    if (driver_.running_server() || !processes_in(config_.data_dir).empty()) {
        co_return within(doing,
                         Error{Errc::refused, "a server runs in " + config_.data_dir.string()});
    }
    const auto restored = co_await restore_into_empty(std::move(source), std::move(target),
                                                      std::move(on_progress), deadline);
    if (restored) {
        co_return *restored;
    }
    std::error_code ignored;
    if (fs::exists(config_.data_dir / incomplete_marker, ignored)) {
        co_await driver_.undo_filling();
    }
    co_return within(doing, restored.error());
}

} // namespace lockstep
