#include <algorithm>
#include <sstream>

#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/mysql_driver.h"
#include "platform/clock.h"
#include "platform/files.h"

/// That the effect was seen (R4.2), for the agent that comes after this one: to look anew, it would
/// have to shut the standby out while commits wait. The note is of one process of the server, and
/// holds what that counts whenever the wait is switched off, even for a moment, or a commit does
/// not wait, and when these counts began: so it also tells what no agent was there to see.
namespace lockstep {

namespace {

std::filesystem::path note_path(const mysql::Config& config) {
    return config.run_dir / (config.member + ".effect");
}

} // namespace

Awaitable<Result<MysqlDriver::WaitCounts>> MysqlDriver::count_waits(Deadline deadline) {
    const auto rows = co_await command(
        fmt::format("SHOW GLOBAL STATUS WHERE Variable_name IN ('{}', '{}', 'Uptime', "
                    "'Uptime_since_flush_status')",
                    word().not_waited_for, word().switched_off),
        deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    WaitCounts counts;
    for (std::size_t row = 0; row < rows->size(); ++row) {
        const auto& name = rows->text(row, 0);
        auto& count = name == word().not_waited_for ? counts.not_waited_for
                      : name == word().switched_off ? counts.switched_off
                      : name == "Uptime"            ? counts.uptime_s
                                                    : counts.counted_for_s;
        count = rows->number(row, 1);
    }
    if (rows->size() != 4) {
        co_return fail(Errc::corrupt, "the server does not say whether its commits always waited");
    }
    co_return counts;
}

/// Of which name, and of which process of the server.
std::string MysqlDriver::effect_head(const std::string& sync_name) const {
    const auto process = running_server().value_or(ProcessId{});
    return fmt::format("{}\n{} {} {}\n", sync_name, boot_id(), process.pid, process.start_ticks);
}

/// `counts` are from before any account could stream.
Result<void> MysqlDriver::note_effect(const std::string& sync_name, const WaitCounts& counts) {
    if (remembered_.lowered_of != sync_name) { // Else the note goes on saying so.
        const auto text =
            effect_head(sync_name) +
            fmt::format("{} {} {}\n", counts.switched_off, counts.not_waited_for, counts.since_s());
        if (auto written = write_file_durably(note_path(config_), text); !written) {
            return written;
        }
    }
    remembered_.effect_of = sync_name;
    return {};
}

/// Of any name but the one that is told to be lowered.
Result<void> MysqlDriver::forget_effect(const std::string& next) {
    remembered_.effect_of.clear();
    if (!next.empty() && remembered_.lowered_of == next) {
        return {};
    }
    return remove_file_durably(note_path(config_));
}

/// Sees it again, if an agent before this one saw it and nothing happened since. If the wait was
/// off, or a commit did not wait, that is told (R13). Errors: only what the server does not answer.
Awaitable<Result<void>> MysqlDriver::recall_effect(std::string sync_name, Deadline deadline) {
    const auto noted = read_file(note_path(config_));
    if (sync_name.empty() || effect_seen(sync_name) || !noted) {
        co_return Result<void>{};
    }
    const auto existing = co_await accounts(deadline);
    if (!existing) {
        co_return tl::unexpected(existing.error());
    }
    const auto enabled =
        co_await command(fmt::format("SELECT @@global.{}", word().wait_enabled), deadline);
    if (!enabled) {
        co_return tl::unexpected(enabled.error());
    }
    const auto counts = co_await count_waits(deadline);
    if (!counts) {
        co_return tl::unexpected(counts.error());
    }
    const auto head = effect_head(sync_name);
    WaitCounts then;
    std::uint64_t since_s = 0;
    std::istringstream numbers(noted->substr(std::min(head.size(), noted->size())));
    if (!noted->starts_with(head) ||
        !(numbers >> then.switched_off >> then.not_waited_for >> since_s) ||
        since_s != counts->since_s()) {
        co_return Result<void>{}; // Of another server, or somebody had it count anew.
    }
    if (then.switched_off != counts->switched_off ||
        then.not_waited_for != counts->not_waited_for) {
        remembered_.lowered_of = std::move(sync_name);
        co_return Result<void>{};
    }
    const bool may_stream = std::ranges::find(*existing, sync_name) != existing->end();
    if (enabled->text(0, 0) == "1" && may_stream) {
        remembered_.not_waited_for = counts->not_waited_for;
        remembered_.effect_of = std::move(sync_name);
    }
    co_return Result<void>{};
}

} // namespace lockstep
