#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "drivers/common/sealed_folder.h"
#include "drivers/postgres/progress.h"
#include "drivers/postgres/snapshot/archives.h"
#include "drivers/postgres/snapshot/postgres_snapshots.h"
#include "drivers/postgres/text.h"
#include "drivers/postgres/ticket.h"
#include "platform/files.h"

/// Making a snapshot, and comparing it with what was made.
namespace lockstep {

namespace fs = std::filesystem;

namespace {

/// The end of what a tool said: the reason stands there.
std::string last_words(const std::string& output) {
    constexpr std::size_t most_characters = 400;
    auto words = postgres::one_line(output);
    if (words.size() > most_characters) {
        words.erase(0, words.size() - most_characters);
        words.insert(0, "… ");
    }
    return words;
}

/// Of the settings in force, those that somebody chose, as a configuration file: without those
/// that belong to one server's place or to Lockstep.
std::string render_settings(const postgres::Rows& rows) {
    std::string text = "# What the server ran with when the snapshot was taken.\n";
    for (std::size_t row = 0; row < rows.size(); ++row) {
        if (!postgres::managed_names().contains(rows.text(row, 0))) {
            text += fmt::format("{} = {}\n", rows.text(row, 0),
                                postgres::quote_setting(rows.text(row, 1)));
        }
    }
    return text;
}

/// What is left to do once pg_basebackup has ended well. Blocks.
Result<std::optional<std::int64_t>> finish_folder(const fs::path& to, const std::string& settings,
                                                  postgres::BackupManifest& manifest,
                                                  Oversight oversight) {
    auto read = postgres::read_backup_manifest(to);
    if (!read) {
        return tl::unexpected(read.error());
    }
    manifest = std::move(*read);
    const auto packed = postgres::pack_log(to, manifest);
    if (!packed) {
        return tl::unexpected(packed.error());
    }
    if (auto written = write_file_durably(to / postgres::settings_file, settings); !written) {
        return tl::unexpected(written.error());
    }
    const auto sealed = seal_folder(
        to, [&oversight](std::string_view bytes) { return oversight.add(bytes.size()); });
    return sealed ? Result<std::optional<std::int64_t>>(packed->last_commit_us)
                  : tl::unexpected(sealed.error());
}

/// No target before this can be reached, so a part of a millisecond counts as a whole one.
std::int64_t rounded_up_ms(std::int64_t us) {
    return (us + 999) / 1000;
}

} // namespace

Awaitable<Result<PostgresSnapshots::ServerFacts>>
PostgresSnapshots::look_at_server(Deadline deadline) {
    std::string database = "postgres";
    const auto opened = co_await open(std::move(database), deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    std::string facts_sql =
        "select current_setting('server_version'), "
        "ceil(1000 * extract(epoch from case when pg_catalog.pg_is_in_recovery() "
        "then coalesce(pg_catalog.pg_last_xact_replay_timestamp(), pg_catalog.clock_timestamp()) "
        "else pg_catalog.clock_timestamp() end))::bigint, "
        "(select string_agg(spcname, ', ') from pg_catalog.pg_tablespace "
        "where spcname not in ('pg_default', 'pg_global'))";
    std::vector<std::string> none;
    const auto facts = co_await ask(session, std::move(facts_sql), std::move(none), deadline);
    if (!facts) {
        co_return tl::unexpected(facts.error());
    }
    if (!facts->is_null(0, 2)) {
        co_return fail(Errc::unsupported,
                       fmt::format("the database has tablespaces outside its folder ({}), of "
                                   "which Lockstep makes no snapshots",
                                   facts->text(0, 2)));
    }
    std::string settings_sql =
        "select name, pg_catalog.current_setting(name) from pg_catalog.pg_settings "
        "where source in ('configuration file', 'command line', 'environment variable') "
        "and context <> 'internal' and name not in ('data_directory', 'config_file', "
        "'external_pid_file', 'archive_mode', 'archive_command', 'archive_library') order by name";
    std::vector<std::string> nothing;
    const auto settings =
        co_await ask(session, std::move(settings_sql), std::move(nothing), deadline);
    if (!settings) {
        co_return tl::unexpected(settings.error());
    }
    ServerFacts told;
    const auto& version = facts->text(0, 0); // "15.18 (Debian 15.18-0+deb12u1)"
    told.version = version.substr(0, version.find(' '));
    told.last_commit_ms = std::stoll(facts->text(0, 1));
    told.settings = render_settings(*settings);
    session->close();
    co_return told;
}

/// The log that makes the copy consistent comes along on a stream of its own, so that no slot and
/// no setting must keep it meanwhile.
Awaitable<Result<void>> PostgresSnapshots::copy(fs::path to, OnProgress on_progress,
                                                Deadline deadline) {
    auto command =
        postgres::tool(config_.bin_dir, "pg_basebackup",
                       {"--dbname", postgres::to_conninfo(connection("ls_snapshot_")), "--pgdata",
                        to.string(), "--format=tar", "--compress=client-zstd:level=1",
                        "--wal-method=stream", "--checkpoint=fast", "--manifest-checksums=CRC32C",
                        "--progress", "--no-password", "--label=lockstep snapshot"});
    std::function<void(std::string_view)> on_line = [on_progress](std::string_view line) {
        const auto progress = postgres::parse_progress(line);
        if (progress && on_progress) {
            on_progress(*progress);
        }
    };
    const auto ran = co_await run_tool(std::move(command), deadline, std::move(on_line));
    if (!ran) {
        co_return tl::unexpected(ran.error());
    }
    if (ran->exit_status != 0) {
        co_return fail(Errc::refused, fmt::format("pg_basebackup ended with {}: {}",
                                                  ran->exit_status, last_words(ran->output)));
    }
    co_return Result<void>{};
}

Awaitable<Result<Snapshot>> PostgresSnapshots::take(fs::path to, OnProgress on_progress,
                                                    Deadline deadline) {
    const auto doing = fmt::format("take a snapshot into {}", to.string());
    const auto facts = co_await look_at_server(deadline);
    if (!facts) {
        co_return within(doing, facts.error());
    }
    auto told = on_progress;
    const auto copied = co_await copy(to, std::move(told), deadline);
    if (!copied) {
        co_return within(doing, copied.error());
    }
    OnProgress nobody; // The progress told is the copy's.
    const Overseer overseer(std::move(nobody), executor_, deadline);
    const auto manifest = std::make_shared<postgres::BackupManifest>();
    std::function<Result<std::optional<std::int64_t>>()> work =
        [to, manifest, settings = facts->settings, oversight = overseer.oversight()] {
            return finish_folder(to, settings, *manifest, oversight);
        };
    const auto last_commit =
        co_await background_.run<Result<std::optional<std::int64_t>>>(std::move(work));
    if (!last_commit) {
        co_return within(doing, last_commit.error());
    }
    const auto identity = co_await identify_server(deadline);
    if (!identity) {
        co_return within(doing, identity.error());
    }
    auto snapshot = postgres::describe(*manifest, identity->descent);
    if (!snapshot) {
        co_return within(doing, snapshot.error());
    }
    snapshot->engine = driver_.name();
    snapshot->version = facts->version;
    snapshot->system_id = identity->system_id;
    snapshot->self_contained = true;
    snapshot->end_unix_ms = *last_commit ? rounded_up_ms(**last_commit) : facts->last_commit_ms;
    co_return *snapshot;
}

Awaitable<Result<void>> PostgresSnapshots::check(fs::path snapshot, OnProgress on_progress,
                                                 Deadline deadline) {
    const Overseer overseer(std::move(on_progress), executor_, deadline);
    std::function<Result<void>()> work = [snapshot, oversight = overseer.oversight()]() mutable {
        // First what is stored, then what is packed in it: the one finds where a bit flipped, the
        // other whether what was stored is what the server read.
        auto good =
            check_seal(snapshot, [&oversight](std::string_view) { return oversight.add(0); });
        if (!good) {
            return good;
        }
        const auto manifest = postgres::read_backup_manifest(snapshot);
        if (!manifest) {
            return Result<void>(tl::unexpected(manifest.error()));
        }
        oversight.expect(manifest->bytes());
        return postgres::check_base(snapshot, *manifest, oversight);
    };
    const auto done = co_await background_.run<Result<void>>(std::move(work));
    co_return done ? done : within("check a snapshot", done.error());
}

} // namespace lockstep
