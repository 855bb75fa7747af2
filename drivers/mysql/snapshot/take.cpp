#include <spdlog/fmt/fmt.h>

#include "drivers/common/sealed_folder.h"
#include "drivers/mysql/copier.h"
#include "drivers/mysql/option_file.h"
#include "drivers/mysql/snapshot/log_place.h"
#include "drivers/mysql/snapshot/mysql_snapshots.h"
#include "platform/files.h"

/// Making a snapshot, and comparing it with what was made.
namespace lockstep {

namespace fs = std::filesystem;

namespace {

constexpr auto copied_folder = "copy"; // Until it is packed.
constexpr std::int64_t second_ms = 1000;

/// What the user chose: an option file, without what looks like a secret.
std::string render_settings(const mysql::Settings& settings) {
    std::string text = "# What the server was told when the snapshot was taken.\n[mysqld]\n";
    for (const auto& [name, value] : settings) {
        const bool secret =
            name.find("password") != std::string::npos || name.find("secret") != std::string::npos;
        text += secret ? "" : mysql::option_line(name, value);
    }
    return text;
}

/// What belongs to the server that made or recovered the copy, and not to the data.
bool is_left_out(const std::string& name) {
    return mysql::is_copiers_note(name) || name == "auto.cnf" || name == "mysqld-auto.cnf" ||
           name.ends_with(".pem");
}

/// What is left to do once there is a copy. Blocks.
Result<std::uint64_t> finish_folder(const fs::path& to, const fs::path& copied,
                                    const std::string& settings, const std::string& position,
                                    Oversight oversight) {
    const auto packed = mysql::pack_data(copied, to, is_left_out, oversight);
    if (!packed) {
        return tl::unexpected(packed.error());
    }
    std::error_code error;
    fs::remove_all(copied, error);
    if (error) {
        return fail(Errc::refused, "remove " + copied.string() + ": " + error.message());
    }
    auto done = write_file_durably(to / mysql::settings_file, settings);
    if (done) {
        done = write_file_durably(to / mysql::position_file, position);
    }
    if (done) {
        done = seal_folder(
            to, [&oversight](std::string_view bytes) { return oversight.add(bytes.size()); });
    }
    return done ? Result<std::uint64_t>(packed->bytes()) : tl::unexpected(done.error());
}

} // namespace

Awaitable<Result<Snapshot>> MysqlSnapshots::pack(fs::path to, fs::path copied,
                                                 mysql::GtidSet position, Identity identity,
                                                 Deadline deadline) {
    const auto place = mysql::place_after(position);
    const auto descent = mysql::descent_at(identity.descent, place);
    if (!mysql::place_of(descent, position).trouble.empty()) {
        co_return fail(Errc::refused,
                       fmt::format("the copy is at {}, which is not on the server's "
                                   "history {}",
                                   position.brief(), to_history(identity.descent).text));
    }
    Snapshot snapshot;
    snapshot.engine = driver_.name();
    snapshot.version = identity.version;
    snapshot.system_id = identity.system_id;
    snapshot.begin = {to_history(descent), place};
    snapshot.end = snapshot.begin;
    // Logs that tell seconds may tell this one of a commit in it.
    snapshot.end_unix_ms = identity.unix_s * second_ms + second_ms - 1;
    snapshot.self_contained = true;
    const mysql::PositionNote note{identity.system_id, snapshot.end.history, position.print(),
                                   snapshot.end_unix_ms};
    OnProgress nobody; // The progress told is the copy's.
    const Overseer overseer(std::move(nobody), executor_, deadline);
    std::function<Result<std::uint64_t>()> work =
        [to, copied, settings = render_settings(config_.settings),
         position = mysql::render_position(note), oversight = overseer.oversight()] {
            return finish_folder(to, copied, settings, position, oversight);
        };
    const auto bytes = co_await background_.run<Result<std::uint64_t>>(std::move(work));
    if (!bytes) {
        co_return tl::unexpected(bytes.error());
    }
    snapshot.data_bytes = *bytes;
    co_return snapshot;
}

Awaitable<Result<Snapshot>> MysqlSnapshots::take(fs::path to, OnProgress on_progress,
                                                 Deadline deadline) {
    const auto doing = fmt::format("take a snapshot into {}", to.string());
    if (auto made = make_private_folder(to); !made) {
        co_return within(doing, made.error());
    }
    const auto copied = to / copied_folder;
    auto into = copied;
    Result<mysql::GtidSet> position;
    if (config_.flavour == mysql::Flavour::mysql) {
        position = co_await copy_by_clone(std::move(into), std::move(on_progress), deadline);
    } else {
        position = co_await copy_by_backup(std::move(into), std::move(on_progress), deadline);
    }
    if (!position) {
        co_return within(doing, position.error());
    }
    // Afterwards: it may have been promoted meanwhile, and the copy tells by its GTIDs when it was.
    const auto identity = co_await identify_server(deadline);
    if (!identity) {
        co_return within(doing, identity.error());
    }
    auto where = to;
    const auto snapshot = co_await pack(std::move(where), copied, *position, *identity, deadline);
    if (!snapshot) {
        co_return within(doing, snapshot.error());
    }
    co_return *snapshot;
}

Awaitable<Result<void>> MysqlSnapshots::check(fs::path snapshot, OnProgress on_progress,
                                              Deadline deadline) {
    const Overseer overseer(std::move(on_progress), executor_, deadline);
    std::function<Result<void>()> work = [snapshot, oversight = overseer.oversight()]() mutable {
        // First what is stored, then what is packed in it.
        auto good =
            check_seal(snapshot, [&oversight](std::string_view) { return oversight.add(0); });
        if (!good) {
            return good;
        }
        const auto manifest = mysql::read_manifest(snapshot);
        const auto position = mysql::read_position(snapshot);
        if (!manifest || !position) {
            return Result<void>(tl::unexpected(manifest ? position.error() : manifest.error()));
        }
        oversight.expect(manifest->bytes());
        return mysql::check_data(snapshot, *manifest, oversight);
    };
    const auto done = co_await background_.run<Result<void>>(std::move(work));
    co_return done ? done : within("check a snapshot", done.error());
}

} // namespace lockstep
