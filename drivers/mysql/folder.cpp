#include <fstream>

#include <spdlog/fmt/fmt.h>

#include "drivers/common/entries.h"
#include "drivers/mysql/binlog.h"
#include "drivers/mysql/data_note.h"
#include "drivers/mysql/flavour.h"
#include "drivers/mysql/marker.h"
#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/option_file.h"
#include "platform/files.h"

/// The data folder while no server runs in it.
namespace lockstep {

namespace fs = std::filesystem;

namespace {

bool is_there(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

/// By the tables of accounts, which both engines always have, each in a form of its own.
std::optional<mysql::Flavour> flavour_of(const fs::path& data_dir) {
    if (is_there(data_dir / "mysql.ibd")) {
        return mysql::Flavour::mysql;
    }
    return is_there(data_dir / "mysql" / "global_priv.frm") ? std::optional(mysql::Flavour::mariadb)
                                                            : std::nullopt;
}

/// A server closes its log as the last thing; without a log it never ran as a member.
Result<bool> is_clean(const mysql::Config& config) {
    const auto files = mysql::log_files(mysql::log_index(config));
    if (!files) {
        return files.error().code == Errc::unreachable ? Result<bool>(true)
                                                       : tl::unexpected(files.error());
    }
    return mysql::is_closed(files->back());
}

} // namespace

Awaitable<Result<DataFolder>> MysqlDriver::inspect(Deadline) {
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
    if (entries->empty()) {
        folder.what = "an empty folder";
        co_return folder;
    }
    if (is_there(config_.data_dir / incomplete_marker)) {
        folder.what = "what an interrupted copy, rewind or initialisation left, worth nothing";
        co_return folder;
    }
    folder.kind = DataFolder::Kind::other;
    const auto flavour = flavour_of(config_.data_dir);
    if (!flavour) {
        folder.what = fmt::format("something else than {} data (\"{}\" is in it)",
                                  mysql::words(config_.flavour).product,
                                  entries->front().filename().string());
        co_return folder;
    }
    const auto note = mysql::read_note(config_.data_dir);
    if (*flavour != config_.flavour || (!note && note.error().code == Errc::unreachable)) {
        folder.what =
            fmt::format("{} data that Lockstep did not make for {}", mysql::words(*flavour).product,
                        mysql::words(config_.flavour).product);
        co_return folder;
    }
    const auto clean = is_clean(config_);
    if (!note || !clean) {
        co_return within("inspect", note ? clean.error() : note.error());
    }
    folder.kind = DataFolder::Kind::database;
    folder.system_id = note->system_id;
    folder.clean_shutdown = *clean;
    folder.standby = !mysql::is_primarys(config_.data_dir);
    folder.history.text = note->history;
    folder.what = fmt::format("{} data of a {}, {}", mysql::words(*flavour).product,
                              folder.standby ? "standby" : "primary",
                              *clean ? "shut down" : "not shut down cleanly");
    co_return folder;
}

Awaitable<Result<void>> MysqlDriver::empty_folder(Deadline deadline) {
    std::function<Result<void>()> work = [folder = config_.data_dir, deadline] {
        return remove_entries(folder, incomplete_marker, deadline);
    };
    co_return co_await background_.run<Result<void>>(std::move(work));
}

/// Only a folder that is absent, empty or marked as worth nothing is ever filled.
Awaitable<Result<void>> MysqlDriver::prepare_folder(Deadline deadline) {
    const auto folder = co_await inspect(deadline);
    if (!folder) {
        co_return tl::unexpected(folder.error());
    }
    if (folder->kind == DataFolder::Kind::database || folder->kind == DataFolder::Kind::other) {
        co_return fail(Errc::refused, fmt::format("{} is not empty: {}; empty it or choose "
                                                  "another folder",
                                                  config_.data_dir.string(), folder->what));
    }
    if (auto good = mysql::check(config_); !good) {
        co_return good;
    }
    if (auto prepared = prepare_filling(config_.data_dir); !prepared) {
        co_return prepared;
    }
    co_return co_await empty_folder(deadline);
}

/// What is half made is worth nothing. Should this fail, too, the marker says so.
Awaitable<void> MysqlDriver::undo_filling() {
    const auto a_while = Deadline::in(std::chrono::seconds{60});
    const auto removed = co_await empty_folder(a_while);
    if (removed) {
        static_cast<void>(remove_file_durably(config_.data_dir / incomplete_marker));
    }
}

Awaitable<Result<void>> MysqlDriver::discard(Deadline deadline) {
    if (running_server()) {
        co_return fail(Errc::refused,
                       fmt::format("discard {}: a server runs in it", config_.data_dir.string()));
    }
    // From here on what is left is worth nothing, also if this is interrupted.
    if (auto prepared = prepare_filling(config_.data_dir); !prepared) {
        co_return within("discard", prepared.error());
    }
    const auto emptied = co_await empty_folder(deadline);
    if (!emptied) {
        co_return within("discard", emptied.error());
    }
    co_return remove_file_durably(config_.data_dir / incomplete_marker);
}

/// The file is there, durably, before the first step that could make a standby writable.
Awaitable<Result<bool>> MysqlDriver::never_promoted(Deadline deadline) {
    const auto folder = co_await inspect(deadline);
    if (!folder) {
        co_return within("look for a promotion", folder.error());
    }
    co_return folder->kind == DataFolder::Kind::database && folder->standby &&
        !mysql::promotion_has_begun(config_.data_dir);
}

} // namespace lockstep
