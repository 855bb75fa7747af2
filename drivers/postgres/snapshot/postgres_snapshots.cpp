#include "drivers/postgres/snapshot/postgres_snapshots.h"

#include <spdlog/fmt/fmt.h>

#include "drivers/postgres/text.h"
#include "drivers/postgres/ticket.h"
#include "drivers/postgres/version.h"

namespace lockstep {

using postgres::Rows;
using postgres::Settings;

namespace {

constexpr int first_major_with_zstd = 15;
constexpr std::array programs = {"pg_basebackup", "pg_receivewal", "postgres", "pg_controldata"};

} // namespace

std::unique_ptr<SnapshotEngine> PostgresSnapshots::make(asio::any_io_executor executor,
                                                        PostgresConfig config) {
    return std::make_unique<PostgresSnapshots>(std::move(executor), std::move(config));
}

PostgresSnapshots::PostgresSnapshots(asio::any_io_executor executor, PostgresConfig config)
    : executor_(executor), config_(config), driver_(std::move(executor), std::move(config)) {
    // The driver has them absolute.
    config_.data_dir = driver_.data_folder();
    config_.run_dir = driver_.ticket_path().parent_path();
}

/// Through the Unix socket, under a name that no commit waits for: what reads the log acknowledges
/// it (F7).
Settings PostgresSnapshots::connection(const std::string& application) const {
    return {
        {"host", config_.run_dir.string()},
        {"port", std::to_string(config_.port)},
        {"user", std::string(postgres::superuser)},
        {"application_name", application + config_.member},
        {"connect_timeout", "5"},
    };
}

Awaitable<Result<Rows>> PostgresSnapshots::ask(Session::Ptr session, std::string sql,
                                               std::vector<std::string> values, Deadline deadline) {
    co_return co_await session->query(std::move(sql), std::move(values), deadline);
}

Awaitable<Result<PostgresSnapshots::Session::Ptr>> PostgresSnapshots::open(std::string database,
                                                                           Deadline deadline) {
    auto settings = connection("ls_snapshot_");
    settings.emplace_back("dbname", database);
    settings.emplace_back("client_encoding", "UTF8");
    co_return co_await Session::open(executor_, std::move(settings), deadline);
}

Awaitable<Result<PostgresSnapshots::Session::Ptr>>
PostgresSnapshots::open_replication(Deadline deadline) {
    auto settings = connection("ls_snapshot_");
    settings.emplace_back("replication", "true");
    co_return co_await Session::open(executor_, std::move(settings), deadline);
}

Awaitable<Result<PostgresSnapshots::Identity>>
PostgresSnapshots::identify_server(Deadline deadline) {
    const auto opened = co_await open_replication(deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    std::string who = "IDENTIFY_SYSTEM";
    std::vector<std::string> none;
    const auto system = co_await ask(session, std::move(who), std::move(none), deadline);
    if (!system) {
        co_return tl::unexpected(system.error());
    }
    const auto position = postgres::parse_lsn(system->text(0, 2));
    if (!position) {
        co_return tl::unexpected(position.error());
    }
    Identity identity;
    identity.system_id = system->text(0, 0);
    identity.position = *position;
    identity.descent.timeline = static_cast<postgres::Timeline>(std::stoul(system->text(0, 1)));
    std::string how = "SHOW wal_segment_size";
    std::vector<std::string> nothing;
    const auto size = co_await ask(session, std::move(how), std::move(nothing), deadline);
    if (!size) {
        co_return tl::unexpected(size.error());
    }
    // "16MB", "1GB"
    const auto& shown = size->text(0, 0);
    identity.segment_bytes = std::stoull(shown) << (shown.ends_with("GB") ? 30U : 20U);
    if (identity.descent.timeline != 1) {
        std::string which = fmt::format("TIMELINE_HISTORY {}", identity.descent.timeline);
        std::vector<std::string> empty;
        const auto file = co_await ask(session, std::move(which), std::move(empty), deadline);
        if (!file) {
            co_return tl::unexpected(file.error());
        }
        const auto descent =
            postgres::parse_history_file(identity.descent.timeline, file->text(0, 1));
        if (!descent) {
            co_return tl::unexpected(descent.error());
        }
        identity.descent = *descent;
    }
    session->close();
    co_return identity;
}

/// Errors: `refused`, naming the program and its package.
Awaitable<Result<std::string>> PostgresSnapshots::version_of(std::string program,
                                                             Deadline deadline) {
    auto command = postgres::tool(config_.bin_dir, program, {"--version"});
    const auto path = command.argv.front();
    const auto told = co_await run_tool(std::move(command), deadline);
    if (told && told->exit_status == 0) {
        co_return postgres::one_line(told->output);
    }
    const auto* const package = program == "postgres" || program == "pg_controldata"
                                    ? "postgresql-MAJOR"
                                    : "postgresql-client-MAJOR";
    co_return fail(Errc::refused,
                   fmt::format("{} does not run ({}); it is in Debian's package {}", path,
                               told ? postgres::one_line(told->output) : told.error().message,
                               package));
}

Awaitable<Result<SnapshotAbilities>> PostgresSnapshots::abilities(Deadline deadline) {
    SnapshotAbilities abilities;
    for (const auto* const program : programs) {
        std::string name = program;
        const auto version = co_await version_of(std::move(name), deadline);
        if (!version) {
            co_return tl::unexpected(version.error());
        }
        if (postgres::version_in(*version) / 10000 < first_major_with_zstd) {
            co_return fail(Errc::refused,
                           fmt::format("{}: snapshots need PostgreSQL {} or later, whose "
                                       "pg_basebackup packs with zstd",
                                       *version, first_major_with_zstd));
        }
        if (abilities.tool.empty()) {
            abilities.tool = *version;
        }
    }
    abilities.by_time = true;
    abilities.by_position = true;
    abilities.by_transaction = true;
    abilities.by_name = true;
    co_return abilities;
}

Awaitable<Result<std::vector<HistoryFork>>> PostgresSnapshots::forks(Deadline deadline) {
    const auto identity = co_await identify_server(deadline);
    if (!identity) {
        co_return within("ask for the server's histories", identity.error());
    }
    co_return postgres::forks_of(identity->descent);
}

namespace postgres {

std::vector<HistoryFork> forks_of(const Descent& descent) {
    std::vector<HistoryFork> forks;
    Descent line;
    History parent;
    std::uint64_t fork = 0;
    for (const auto& ancestor : descent.ancestors) {
        line.timeline = ancestor.timeline;
        forks.push_back({to_history(line), parent, fork});
        parent = forks.back().history;
        fork = ancestor.left_at;
        line.ancestors.push_back(ancestor);
    }
    forks.push_back({to_history(descent), parent, fork});
    return forks;
}

Result<Snapshot> describe(const BackupManifest& manifest, const Descent& descent) {
    const auto& first = manifest.ranges.front();
    const auto& last = manifest.ranges.back();
    const auto begun = cut_at(descent, first.timeline);
    const auto ended = cut_at(descent, last.timeline);
    if (!begun || !ended) {
        return fail(Errc::refused,
                    fmt::format("the copy is of timeline {}, which the server's history ({}) does "
                                "not have",
                                begun ? last.timeline : first.timeline, to_history(descent).text));
    }
    Snapshot snapshot;
    snapshot.begin = {to_history(*begun), first.begin};
    snapshot.end = {to_history(*ended), last.end};
    snapshot.data_bytes = manifest.bytes();
    return snapshot;
}

} // namespace postgres

} // namespace lockstep
