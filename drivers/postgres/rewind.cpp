#include <spdlog/fmt/fmt.h>

#include "drivers/common/copy.h"
#include "drivers/common/entries.h"
#include "drivers/common/run_until.h"
#include "drivers/common/small_files.h"
#include "drivers/postgres/postgres_driver.h"
#include "drivers/postgres/progress.h"
#include "drivers/postgres/rewind_map.h"
#include "drivers/postgres/text.h"
#include "drivers/postgres/ticket.h"
#include "platform/clock.h"
#include "platform/files.h"

/// A diverged member's way back without copying all of its data (docs/decisions/0011-rewind.md).
namespace lockstep {

namespace fs = std::filesystem;
using postgres::one_line;

namespace {

constexpr int first_major_with_checkpoint_role = 15;

/// The end of what a tool said: the reason stands there.
std::string last_words(const std::string& output) {
    constexpr std::size_t most_characters = 300;
    auto words = one_line(output);
    return words.size() <= most_characters ? words
                                           : "… " + words.substr(words.size() - most_characters);
}

/// Whether the upstream answered and will not let this member in: no matter of time.
bool shut_out(const Error& error) {
    for (const auto* const words : {"pg_hba.conf", "certificate authentication failed",
                                    "permission denied", "does not exist"}) {
        if (error.message.find(words) != std::string::npos) {
            return true;
        }
    }
    return false;
}

bool is_connection_trouble(const std::string& output) {
    return output.find("connection to server") != std::string::npos ||
           output.find("could not connect") != std::string::npos;
}

std::string overwritten_readme(const fs::path& data) {
    return fmt::format(
        "What the rewind of {} overwrote, as it was after the old primary's own recovery. Of "
        "table\n"
        "and index files only the blocks that were overwritten, each in its place (the rest reads\n"
        "as zeros); all other files are whole. The log is in ../pg_wal.\n",
        data.string());
}

/// Set when nobody waits for the copying any more: its coroutine was destroyed.
class GivingUp {
public:
    GivingUp() = default;
    GivingUp(const GivingUp&) = delete;
    GivingUp& operator=(const GivingUp&) = delete;
    ~GivingUp() { *flag_ = true; }
    [[nodiscard]] std::shared_ptr<const std::atomic<bool>> flag() const { return flag_; }

private:
    std::shared_ptr<std::atomic<bool>> flag_ = std::make_shared<std::atomic<bool>>(false);
};

/// The recovery ticket is gone when its recovery is over, however that ended.
class RecoveryTicket {
public:
    explicit RecoveryTicket(fs::path path) : path_(std::move(path)) {}
    RecoveryTicket(const RecoveryTicket&) = delete;
    RecoveryTicket& operator=(const RecoveryTicket&) = delete;
    ~RecoveryTicket() {
        // Should it stay: nobody can serve by it, and the next ticket takes its place.
        std::error_code ignored;
        fs::remove(path_, ignored);
    }

private:
    fs::path path_;
};

Result<void> write_recovery_ticket(const postgres::Config& config, int major) {
    const auto text =
        postgres::render_ticket(config, postgres::recovery_settings(config, major), boot_id());
    const auto written = replace_file(postgres::ticket_path(config), text, 0600);
    return written ? Result<void>{} : tl::unexpected(written.error());
}

} // namespace

/// Crash recovery in single-user mode, in which the server has no listener at all.
Awaitable<Result<std::string>> PostgresDriver::recover_alone(Deadline deadline) {
    if (auto included = include_ticket(); !included) {
        co_return tl::unexpected(included.error());
    }
    if (auto purged = purge_auto_conf(); !purged) {
        co_return tl::unexpected(purged.error());
    }
    const RecoveryTicket ticket(postgres::ticket_path(config_));
    if (auto written = write_recovery_ticket(config_, major_version()); !written) {
        co_return tl::unexpected(written.error());
    }
    auto recovery = tool("postgres", {"--single", "-D", config_.data_dir.string(), "template1"});
    std::function<void(std::string_view)> nobody;
    const auto ran = co_await run_tool(std::move(recovery), deadline, std::move(nobody));
    if (!ran) {
        co_return tl::unexpected(ran.error());
    }
    co_return ran->exit_status == 0 ? std::string()
                                    : "its own recovery failed: " + last_words(ran->output);
}

/// Returns why the data cannot be rewound; empty: it is cleanly shut down now.
Awaitable<Result<std::string>> PostgresDriver::make_clean(Deadline deadline) {
    const auto control = co_await read_control_data(deadline);
    if (!control) {
        co_return tl::unexpected(control.error());
    }
    if (control->clean()) {
        co_return std::string();
    }
    std::error_code ignored;
    if (control->recovers() || fs::exists(config_.data_dir / "standby.signal", ignored)) {
        co_return std::string("it is a standby's data that was not shut down cleanly, which has "
                              "no recovery of its own");
    }
    co_return co_await recover_alone(deadline);
}

/// F10: until the upstream's first checkpoint on its timeline is complete, pg_rewind takes it for a
/// server of the timeline before. So it is asked to make one now.
Awaitable<Result<std::string>> PostgresDriver::wait_for_checkpoint(Member upstream,
                                                                   Deadline deadline) {
    const auto told = co_await ask_upstream(upstream, deadline);
    if (!told) {
        co_return tl::unexpected(told.error());
    }
    auto connection = postgres::rewind_connection(config_, upstream);
    const auto opened = co_await Session::open(executor_, std::move(connection), deadline);
    if (!opened) {
        co_return shut_out(opened.error())
            ? Result<std::string>("the upstream does not let it in: " + opened.error().message)
            : tl::unexpected(opened.error());
    }
    const auto session = *opened;
    for (bool asked = false;; asked = true) {
        std::string look = "select timeline_id from pg_control_checkpoint()";
        std::vector<std::string> none;
        auto rows = co_await session->query(std::move(look), std::move(none), deadline);
        if (rows && rows->text(0, 0) == std::to_string(told->descent.timeline)) {
            session->close();
            co_return std::string();
        }
        if (rows && asked) {
            co_return fail(Errc::refused, "the upstream has no checkpoint on its timeline yet");
        }
        std::string make = major_version() >= first_major_with_checkpoint_role
                               ? "checkpoint"
                               : "select pg_start_backup('lockstep rewind', true, false)";
        std::vector<std::string> nothing;
        if (rows) {
            rows = co_await session->query(std::move(make), std::move(nothing), deadline);
        }
        if (!rows) {
            co_return shut_out(rows.error())
                ? Result<std::string>("the upstream refuses it: " + rows.error().message)
                : tl::unexpected(rows.error());
        }
    }
}

Command PostgresDriver::rewind_command(const Member& upstream,
                                       std::vector<std::string> arguments) const {
    const auto source = postgres::to_conninfo(postgres::rewind_connection(config_, upstream));
    arguments.insert(arguments.end(), {"--no-ensure-shutdown", "--progress", "--target-pgdata",
                                       config_.data_dir.string(), "--source-server", source});
    return tool("pg_rewind", std::move(arguments));
}

/// What pg_rewind says that it would do. Its dry run would go on to fetch all that the real one
/// fetches; it is ended as soon as the map is told.
Awaitable<Result<PostgresDriver::MapOrHindrance>> PostgresDriver::map_rewind(Member upstream,
                                                                             Deadline deadline) {
    auto map = std::make_shared<postgres::RewindMap>();
    std::function<bool(std::string_view)> enough = [map](std::string_view line) {
        map->take(line);
        return map->is_complete();
    };
    auto dry_run = rewind_command(upstream, {"--dry-run", "--debug"});
    const auto ran = co_await run_until(std::move(dry_run), std::move(enough), deadline);
    if (!ran) {
        co_return tl::unexpected(ran.error());
    }
    MapOrHindrance found;
    if (map->is_needless()) {
        found.hindrance = "pg_rewind finds nothing to rewind";
    } else if (map->is_complete()) {
        found.files = map->overwritten();
    } else {
        const auto& output = (*ran)->output;
        if (is_connection_trouble(output)) {
            co_return fail(Errc::unreachable, "pg_rewind: " + last_words(output));
        }
        found.hindrance = "pg_rewind: " + last_words(output);
    }
    co_return found;
}

/// R8's second half.
Awaitable<Result<std::uint64_t>>
PostgresDriver::keep_overwritten(std::vector<postgres::OverwrittenFile> files, fs::path to,
                                 Deadline deadline) {
    const GivingUp giving_up;
    Copying copying;
    copying.to = std::move(to);
    copying.readme = overwritten_readme(config_.data_dir);
    copying.given_up = giving_up.flag();
    std::function<Result<std::uint64_t>()> work = [copying = std::move(copying),
                                                   files = std::move(files),
                                                   data = config_.data_dir, deadline]() mutable {
        std::error_code trouble;
        fs::remove_all(copying.to, trouble); // Of an earlier try, when the upstream had others.
        for (auto& file : files) {
            if (fs::is_regular_file(data / file.path, trouble)) {
                copying.files.push_back({data / file.path, file.path, std::move(file.blocks)});
            }
        }
        return copy_durably(copying, deadline);
    };
    co_return co_await background_.run<Result<std::uint64_t>>(std::move(work));
}

Awaitable<Result<RewindPlan>> PostgresDriver::prepare_rewind(Member upstream, fs::path kept,
                                                             Deadline deadline) {
    const auto doing =
        fmt::format("prepare to rewind {} to {}", config_.data_dir.string(), upstream.id);
    RewindPlan plan;
    auto hindrance = co_await make_clean(deadline);
    if (hindrance && hindrance->empty()) {
        hindrance = co_await wait_for_checkpoint(upstream, deadline);
    }
    if (!hindrance) {
        co_return within(doing, hindrance.error());
    }
    plan.hindrance = std::move(*hindrance);
    if (!plan.hindrance.empty()) {
        co_return plan;
    }
    auto map = co_await map_rewind(upstream, deadline);
    if (!map) {
        co_return within(doing, map.error());
    }
    plan.hindrance = std::move(map->hindrance);
    if (!plan.hindrance.empty()) {
        co_return plan;
    }
    auto place = kept / "overwritten";
    const auto bytes = co_await keep_overwritten(std::move(map->files), std::move(place), deadline);
    if (!bytes) {
        co_return within(doing, bytes.error());
    }
    plan.kept_bytes = *bytes;
    co_return plan;
}

Awaitable<Result<void>> PostgresDriver::rewind(Member upstream, OnProgress on_progress,
                                               Deadline deadline) {
    const auto doing = fmt::format("rewind {} to {}", config_.data_dir.string(), upstream.id);
    if (running_server()) {
        co_return fail(Errc::refused, doing + ": a server runs in it");
    }
    // pg_rewind removes whatever file the upstream has not, so the folder itself is marked.
    if (auto marked = write_mark(config_.data_dir, postgres::rewinding_mark, "yes"); !marked) {
        co_return within(doing, marked.error());
    }
    std::function<void(std::string_view)> on_line = [on_progress](std::string_view line) {
        const auto progress = postgres::parse_progress(line);
        if (progress && on_progress) {
            on_progress(*progress);
        }
    };
    auto command = rewind_command(upstream, {});
    const auto ran = co_await run_tool(std::move(command), deadline, std::move(on_line));
    if (!ran) {
        co_return within(doing, ran.error());
    }
    if (ran->exit_status != 0) {
        co_return fail(Errc::refused, doing + ": " + last_words(ran->output));
    }
    // F9, F10: what it brought along are the upstream's settings.
    auto done = remove_file_durably(config_.data_dir / "recovery.signal");
    if (done) {
        done = write_file_durably(config_.data_dir / "standby.signal", "");
    }
    if (done) {
        done = complete_folder();
    }
    co_return done ? done : within(doing, done.error());
}

} // namespace lockstep
