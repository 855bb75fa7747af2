#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/schema.h"
#include "drivers/mysql/snapshot/mysql_snapshots.h"
#include "drivers/mysql/uncopied.h"

/// MySQL's files by its own clone plug-in, into a folder of this host. Only the copy itself tells
/// of which moment it is: a server that nobody reaches recovers it, is asked, and ends cleanly.
namespace lockstep {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::milliseconds look_again{250};

} // namespace

Awaitable<Result<void>> MysqlSnapshots::clone_into(fs::path into, OnProgress on_progress,
                                                   Deadline deadline) {
    const auto session = co_await open(deadline);
    const auto look = co_await open(deadline);
    if (!session || !look) {
        co_return tl::unexpected(session ? look.error() : session.error());
    }
    auto done = co_await mysql::refuse_uncopied(*look, deadline); // Before anything is copied.
    if (done) {
        done = (*session)->start("CLONE LOCAL DATA DIRECTORY = " + mysql::quote(into.string()));
    }
    while (done) {
        const auto a_moment = Deadline::in(look_again);
        const auto answer = co_await (*session)->finish(a_moment);
        auto told = on_progress;
        co_await driver_.tell_clone(*look, std::move(told), deadline);
        if (answer) {
            break;
        }
        if (answer.error().code != Errc::timeout || deadline.passed()) {
            done = tl::unexpected(answer.error());
        }
    }
    (*session)->close();
    (*look)->close();
    co_return done;
}

/// Nothing of the source's own replication is left in it.
Awaitable<Result<mysql::GtidSet>> MysqlSnapshots::recover_clone(fs::path copied,
                                                                Deadline deadline) {
    auto alone = driver_.alone_in(std::move(copied));
    alone.more = {{"plugin_load_add", "auth_socket.so"},
                  {"skip_replica_start", "ON"},
                  {"relay_log", "relay"}};
    auto held = std::make_shared<std::string>();
    MysqlDriver::AloneWork work = [this, held,
                                   deadline](Session::Ptr session) -> Awaitable<Result<void>> {
        return look_at_clone(session, held, deadline);
    };
    auto user = mysql::own_account();
    const auto ran =
        co_await driver_.run_alone(std::move(alone), std::move(user), std::move(work), deadline);
    if (!ran) {
        co_return tl::unexpected(ran.error());
    }
    if (*ran != 0) {
        co_return fail(Errc::refused,
                       fmt::format("the server that recovered the copy ended with {}", *ran));
    }
    co_return mysql::GtidSet::parse(config_.flavour, *held);
}

Awaitable<Result<void>> MysqlSnapshots::look_at_clone(Session::Ptr session,
                                                      std::shared_ptr<std::string> held,
                                                      Deadline deadline) {
    std::string ask = "SELECT @@GLOBAL.gtid_executed";
    const auto rows = co_await session->query(std::move(ask), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    *held = rows->text(0, 0);
    // Here, too: one that was made after the source was asked.
    const auto all_there = co_await refuse_uncopied(session, deadline);
    if (!all_there) {
        co_return all_there;
    }
    std::vector<std::string> forget{std::string(word().forget_upstream)};
    co_return co_await driver_.say_all(session, std::move(forget), deadline);
}

Awaitable<Result<mysql::GtidSet>>
MysqlSnapshots::copy_by_clone(fs::path into, OnProgress on_progress, Deadline deadline) {
    auto where = into;
    const auto copied = co_await clone_into(std::move(where), std::move(on_progress), deadline);
    if (!copied) {
        co_return tl::unexpected(copied.error());
    }
    co_return co_await recover_clone(std::move(into), deadline);
}

} // namespace lockstep
