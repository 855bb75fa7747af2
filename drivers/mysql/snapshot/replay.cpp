#include "drivers/mysql/snapshot/replay.h"

#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/schema.h"
#include "drivers/mysql/snapshot/mysql_snapshots.h"
#include "platform/clock.h"
#include "platform/files.h"

/// The replay of the log in a folder that nobody else works on.
namespace lockstep {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::milliseconds look_again{50};
constexpr std::size_t mark_bytes = 8;

/// What is left of the replay, and means nothing to the next server.
Result<void> remove_traces(const fs::path& data) {
    for (const auto* const name :
         {"master.info", "relay-log.info", "multi-master.info", "relay.index"}) {
        if (auto removed = remove_file_durably(data / name); !removed) {
            return removed;
        }
    }
    return {};
}

} // namespace

Awaitable<Result<mysql::GtidSet>> MysqlSnapshots::replayed(Session::Ptr session,
                                                           Deadline deadline) {
    std::string ask = config_.flavour == mysql::Flavour::mysql ? "SELECT @@GLOBAL.gtid_executed"
                                                               : "SELECT @@GLOBAL.gtid_slave_pos";
    const auto rows = co_await session->query(std::move(ask), deadline);
    co_return rows ? mysql::GtidSet::parse(config_.flavour, rows->text(0, 0))
                   : tl::unexpected(rows.error());
}

Awaitable<Result<void>> MysqlSnapshots::until_replayed(Session::Ptr session,
                                                       std::shared_ptr<mysql::Replay> replay,
                                                       Deadline deadline) {
    const auto wanted = mysql::held_after(*replay);
    while (true) {
        std::string look(word().show_stream);
        const auto stream = co_await session->query(std::move(look), deadline);
        // The position afterwards: an applier that had ended by then has come no further.
        const auto at = co_await replayed(session, deadline);
        if (!at || !stream) {
            co_return tl::unexpected(at ? stream.error() : at.error());
        }
        if (*at == wanted) {
            co_return Result<void>{};
        }
        if (stream->empty() || stream->text(0, word().applier_runs) != "Yes") {
            co_return fail(Errc::refused,
                           fmt::format("the replay ended at {} instead of {}: {}", at->brief(),
                                       wanted.brief(),
                                       stream->empty() ? "" : stream->text(0, "Last_SQL_Error")));
        }
        if (deadline.passed()) {
            co_return fail(Errc::timeout, fmt::format("the replay is at {}, not at {} yet",
                                                      at->brief(), wanted.brief()));
        }
        co_await pause_for(look_again);
    }
}

/// Events came as a standby's, which sleep.
Awaitable<Result<void>> MysqlSnapshots::wake_events(Session::Ptr session, Deadline deadline) {
    std::string list = "SELECT EVENT_SCHEMA, EVENT_NAME FROM information_schema.EVENTS WHERE "
                       "STATUS IN ('SLAVESIDE_DISABLED', 'REPLICA_SIDE_DISABLED')";
    const auto events = co_await session->query(std::move(list), deadline);
    if (!events) {
        co_return tl::unexpected(events.error());
    }
    std::vector<std::string> statements;
    for (std::size_t row = 0; row < events->size(); ++row) {
        statements.push_back(fmt::format("ALTER EVENT {}.{} ENABLE",
                                         mysql::quote_name(events->text(row, 0)),
                                         mysql::quote_name(events->text(row, 1))));
    }
    co_return co_await driver_.say_all(session, std::move(statements), deadline);
}

/// The first transaction of this member's reign: no other history is equal to it.
Awaitable<Result<void>> MysqlSnapshots::begin_history(Session::Ptr session,
                                                      std::shared_ptr<mysql::Replay> replay,
                                                      Deadline deadline) {
    auto reached = co_await driver_.read_descent(session, deadline);
    auto system_id = co_await driver_.read_system_id(session, deadline);
    if (!reached || !system_id) {
        co_return tl::unexpected(reached ? system_id.error() : reached.error());
    }
    if (*reached != replay->expected) {
        co_return fail(Errc::corrupt,
                       fmt::format("what was restored is of the history {}, not of {}",
                                   to_history(*reached).text, to_history(replay->expected).text));
    }
    const auto mark = random_hex(mark_bytes);
    auto statements =
        mysql::to_begin_history(mysql::held_after(*replay), reached->reigns.size() + 1, mark);
    const auto begun = co_await driver_.say_all(session, std::move(statements), deadline);
    if (!begun) {
        co_return begun;
    }
    const auto seen = co_await driver_.look(session, deadline);
    if (!seen) {
        co_return tl::unexpected(seen.error());
    }
    if (!seen->place.trouble.empty()) {
        co_return fail(Errc::corrupt, "what was restored is no history: " + seen->place.trouble);
    }
    replay->begun = seen->descent;
    replay->system_id = std::move(*system_id);
    co_return Result<void>{};
}

Awaitable<Result<void>> MysqlSnapshots::replay(Session::Ptr session,
                                               std::shared_ptr<mysql::Replay> replay,
                                               Deadline deadline) {
    Result<void> done;
    if (!replay->plan.slices.empty()) {
        auto begin = mysql::to_begin_replay(*replay);
        done = co_await driver_.say_all(session, std::move(begin), deadline);
        if (done) {
            done = co_await until_replayed(session, replay, deadline);
        }
    }
    if (done) {
        auto end = mysql::to_end_replay(config_.flavour);
        done = co_await driver_.say_all(session, std::move(end), deadline);
    }
    if (done) {
        done = co_await wake_events(session, deadline);
    }
    if (done) {
        done = co_await begin_history(session, std::move(replay), deadline);
    }
    co_return done;
}

Awaitable<Result<void>> MysqlSnapshots::recover(std::shared_ptr<mysql::Replay> replay,
                                                Deadline deadline) {
    auto alone = driver_.alone_in(replay->into);
    alone.logs = true;
    alone.more = mysql::replaying_settings(config_.flavour);
    MysqlDriver::AloneWork work = [this, replay, deadline](Session::Ptr session) {
        return this->replay(std::move(session), replay, deadline);
    };
    auto user = mysql::own_account();
    const auto ran =
        co_await driver_.run_alone(std::move(alone), std::move(user), std::move(work), deadline);
    if (!ran) {
        co_return tl::unexpected(ran.error());
    }
    if (*ran != 0) {
        co_return fail(Errc::refused,
                       fmt::format("the server that replayed the log ended with {}", *ran));
    }
    co_return remove_traces(replay->into);
}

} // namespace lockstep
