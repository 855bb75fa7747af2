#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/binlog.h"
#include "drivers/mysql/copier.h"
#include "drivers/mysql/schema.h"
#include "drivers/mysql/snapshot/log_place.h"
#include "drivers/mysql/snapshot/mysql_snapshots.h"
#include "platform/clock.h"
#include "platform/disk_space.h"
#include "platform/files.h"

/// Receiving the log.
namespace lockstep {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds patience{20};
constexpr std::chrono::milliseconds look_again{1000};

/// Log that was received before must be what this history's ancestors wrote.
Result<void> check_after(const mysql::Descent& descent, const Position& after) {
    if (!after.history.known()) {
        return {};
    }
    const auto forks = mysql::forks_of(descent);
    const auto here = std::ranges::find(forks, after.history, &HistoryFork::history);
    if (here == forks.end()) {
        return fail(Errc::refused,
                    fmt::format("the log received so far is of the history {}, from which the "
                                "server's ({}) does not come: what follows is of another history",
                                after.history.text, to_history(descent).text));
    }
    const auto next = here + 1;
    if (next != forks.end() && after.offset_bytes > next->fork) {
        return fail(Errc::refused,
                    fmt::format("the log received so far goes to transaction {} of {}, but the "
                                "server's history left it at {}",
                                after.offset_bytes, after.history.text, next->fork));
    }
    return {};
}

/// The newest file that begins at or before a place. Reads their heads. Blocks.
Result<std::string> file_of(const MysqlConfig& config, std::uint64_t place) {
    const auto files = mysql::log_files(mysql::log_index(config));
    if (!files) {
        return tl::unexpected(files.error());
    }
    // What came with a clone no file tells (MySQL).
    const auto note = mysql::read_note(config.data_dir);
    const auto cloned = mysql::GtidSet::parse(config.flavour, note ? note->before_log : "");
    if (!cloned) {
        return tl::unexpected(cloned.error());
    }
    std::uint64_t oldest = 0;
    for (auto at = files->rbegin(); at != files->rend(); ++at) {
        const auto before = mysql::read_before(config.flavour, *at);
        if (!before) {
            return tl::unexpected(before.error());
        }
        oldest = mysql::place_after(before->united(*cloned));
        if (oldest <= place) {
            return at->filename().string();
        }
    }
    return fail(
        Errc::refused,
        fmt::format("the server no longer has the log from transaction {} on: its log begins "
                    "after transaction {}, and what was written between is missing; only a "
                    "new snapshot makes later times restorable",
                    place + 1, oldest));
}

/// Where to begin when nothing is kept yet. Another member may have received a file that it never
/// finished, and taken a snapshot meanwhile: what follows that must not be missing, so the log of
/// two files' size is received once more. Blocks.
Result<std::string> file_well_before(const MysqlConfig& config, std::uint64_t largest_file_bytes) {
    const auto files = mysql::log_files(mysql::log_index(config));
    if (!files) {
        return tl::unexpected(files.error());
    }
    auto first = files->size() - 1;
    for (auto bytes = size_of((*files)[first]); first > 0 && bytes < 2 * largest_file_bytes;) {
        --first;
        bytes += size_of((*files)[first]);
    }
    return (*files)[first].filename().string();
}

} // namespace

Awaitable<Result<std::string>> MysqlSnapshots::first_file(Identity identity, Position after) {
    if (auto good = check_after(identity.descent, after); !good) {
        co_return tl::unexpected(good.error());
    }
    const bool known = after.history.known();
    if (known && after.offset_bytes > identity.place) {
        co_return fail(Errc::unreachable,
                       fmt::format("the server is at transaction {}, the log received so far goes "
                                   "to {}",
                                   identity.place, after.offset_bytes));
    }
    std::function<Result<std::string>()> work = [config = config_, known,
                                                 place = after.offset_bytes,
                                                 largest = identity.largest_file_bytes] {
        return known ? file_of(config, place) : file_well_before(config, largest);
    };
    co_return co_await log_reading_.run<Result<std::string>>(std::move(work));
}

Awaitable<Result<void>> MysqlSnapshots::run_receiver(fs::path spool, std::string prefix,
                                                     std::string first) {
    // Two connections with one number would end each other.
    const auto number = mysql::server_id_of(config_.member + "/log");
    auto command = driver_.tool(
        word().log_decoder,
        {"--no-defaults", "--read-from-remote-server", "--raw", "--stop-never",
         fmt::format("{}={}", word().receiver_number, number), "--protocol=socket",
         "--socket=" + mysql::socket_path(config_).string(), "--user=" + mysql::own_account(),
         "--result-file=" + (spool / prefix).string(), first});
    const auto no_end = Deadline::in(std::chrono::hours{24 * 365 * 20});
    std::function<void(std::string_view)> nobody;
    const auto ran = co_await run_tool(std::move(command), no_end, std::move(nobody));
    if (!ran) {
        co_return tl::unexpected(ran.error());
    }
    co_return fail(Errc::unreachable,
                   fmt::format("{} ended with {}: {}", word().log_decoder, ran->exit_status,
                               mysql::last_words_of(ran->output)));
}

/// A promotion goes on in the same file: whose log it is must be noted before what is received of
/// it counts.
Awaitable<void> MysqlSnapshots::keep_note(fs::path spool, std::string prefix) {
    while (true) {
        co_await pause_for(look_again);
        const auto deadline = Deadline::in(patience);
        const auto identity = co_await identify_server(deadline);
        // What fails here shows as log that is not of the noted history.
        std::function<Result<void>()> note = [spool, prefix, identity] {
            const auto noted =
                identity ? mysql::write_spool_note(spool, {identity->system_id, identity->descent})
                         : Result<void>{};
            const auto removed = mysql::remove_overtaken(spool, prefix);
            return noted ? removed : noted;
        };
        static_cast<void>(co_await log_reading_.run<Result<void>>(std::move(note)));
    }
}

Awaitable<Result<void>> MysqlSnapshots::receive(fs::path spool, Position after) {
    using namespace asio::experimental::awaitable_operators;
    const auto doing = fmt::format("receive the log into {}", spool.string());
    const auto deadline = Deadline::in(patience);
    const auto identity = co_await identify_server(deadline);
    if (!identity) {
        co_return within(doing, identity.error());
    }
    auto first = co_await first_file(*identity, std::move(after));
    if (!first) {
        co_return within(doing, first.error());
    }
    std::function<Result<void>()> note = [spool, identity = *identity] {
        const auto made = make_private_folder(spool);
        return made ? mysql::write_spool_note(spool, {identity.system_id, identity.descent}) : made;
    };
    const auto noted = co_await log_reading_.run<Result<void>>(std::move(note));
    if (!noted) {
        co_return within(doing, noted.error());
    }
    const auto prefix = mysql::run_prefix(unix_ms());
    auto where = spool;
    auto named = prefix;
    auto receiving = run_receiver(std::move(spool), prefix, std::move(*first));
    auto noting = keep_note(std::move(where), std::move(named));
    const auto ended = co_await (std::move(receiving) || std::move(noting));
    const auto* const why = std::get_if<0>(&ended);
    co_return within(doing, why != nullptr ? why->error()
                                           : Error{Errc::unreachable, "it ended by itself"});
}

Awaitable<Result<std::vector<LogSegment>>> MysqlSnapshots::finished(fs::path spool,
                                                                    Deadline deadline) {
    OnProgress nobody;
    const Overseer overseer(std::move(nobody), executor_, deadline);
    std::function<Result<std::vector<LogSegment>>()> work = [flavour = config_.flavour, spool,
                                                             oversight = overseer.oversight()] {
        return mysql::finished_in(flavour, spool, oversight);
    };
    co_return co_await log_reading_.run<Result<std::vector<LogSegment>>>(std::move(work));
}

Awaitable<Result<std::optional<LogSegment>>> MysqlSnapshots::unfinished(fs::path spool, Deadline) {
    std::function<Result<std::optional<LogSegment>>()> work = [this, spool] {
        return mysql::unfinished_in(config_.flavour, spool, read_);
    };
    co_return co_await log_reading_.run<Result<std::optional<LogSegment>>>(std::move(work));
}

} // namespace lockstep
