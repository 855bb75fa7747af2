#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/schema.h"
#include "drivers/mysql/uncopied.h"

/// MySQL clones itself: its plug-in copies the files of a running donor over TLS into a server of
/// ours, which then ends itself to be started anew.
namespace lockstep {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::milliseconds look_again{250};
constexpr std::chrono::seconds longest_answer{30};
constexpr int restart_wanted = 3707; // The statement's error when nobody can restart the server.

} // namespace

Awaitable<void> MysqlDriver::tell_clone(Session::Ptr look, OnProgress on_progress,
                                        Deadline deadline) {
    std::string sql = "SELECT COALESCE(SUM(data), 0), COALESCE(SUM(estimate), 0) FROM "
                      "performance_schema.clone_progress";
    const auto rows = co_await look->query(std::move(sql), deadline);
    if (rows && !rows->empty() && on_progress) {
        on_progress({rows->number(0, 0), rows->number(0, 1)});
    }
}

Awaitable<Result<void>> MysqlDriver::clone_by_statement(Session::Ptr session, Member upstream,
                                                        mysql::Alone alone, OnProgress on_progress,
                                                        Deadline deadline) {
    const auto peer = peer_connection(upstream);
    std::vector<std::string> settings = {
        "SET GLOBAL clone_valid_donor_list = " +
            mysql::quote(fmt::format("{}:{}", peer.address, peer.port)),
        "SET GLOBAL clone_ssl_ca = " + mysql::quote(peer.tls.ca.string()),
        "SET GLOBAL clone_ssl_cert = " + mysql::quote(peer.tls.certificate.string()),
        "SET GLOBAL clone_ssl_key = " + mysql::quote(peer.tls.key.string()),
        fmt::format("SET GLOBAL clone_max_data_bandwidth = {}", config_.rebuild_most_megabytes)};
    const auto set = co_await say_all(session, std::move(settings), deadline);
    if (!set) {
        co_return set;
    }
    mysql::Connection connection;
    connection.socket = mysql::alone_socket(alone);
    connection.user = mysql::own_account();
    const auto look =
        co_await Session::open(executor_, std::move(connection), longest_answer, deadline);
    if (!look) {
        co_return tl::unexpected(look.error());
    }
    auto started =
        session->start(fmt::format("CLONE INSTANCE FROM {}@{}:{} IDENTIFIED BY '' REQUIRE SSL",
                                   mysql::quote(peer.user), mysql::quote(peer.address), peer.port));
    while (started) {
        const auto a_moment = Deadline::in(look_again);
        const auto answer = co_await session->finish(a_moment);
        if (answer || answer.error().code == Errc::unreachable ||
            session->error_number() == restart_wanted) {
            co_return Result<void>{}; // What came of it is looked at in the next start.
        }
        if (answer.error().code != Errc::timeout || deadline.passed()) {
            co_return tl::unexpected(answer.error());
        }
        co_await tell_clone(*look, on_progress, deadline);
    }
    co_return started;
}

Awaitable<Result<void>> MysqlDriver::look_at_clone(Session::Ptr session,
                                                   std::shared_ptr<mysql::DataNote> note,
                                                   OnProgress on_progress, Deadline deadline) {
    std::string ask = "SELECT state, error_no, error_message, @@GLOBAL.gtid_executed FROM "
                      "performance_schema.clone_status";
    const auto rows = co_await session->query(std::move(ask), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    if (rows->empty() || rows->text(0, 0) != "Completed") {
        co_return fail(Errc::refused, rows->empty()
                                          ? "the clone left no trace"
                                          : fmt::format("the clone is {}: {} {}", rows->text(0, 0),
                                                        rows->text(0, 1), rows->text(0, 2)));
    }
    // The donor may have got such a table while it was copied.
    const auto whole = co_await mysql::refuse_uncopied(session, deadline);
    if (!whole) {
        co_return whole;
    }
    const auto held = mysql::GtidSet::parse(config_.flavour, rows->text(0, 3));
    const auto system_id = co_await read_system_id(session, deadline);
    if (!held || !system_id) {
        co_return tl::unexpected(held ? system_id.error() : held.error());
    }
    *note = {*system_id, {}, held->print()};
    co_await tell_clone(session, std::move(on_progress), deadline); // It may have been too quick.
    co_return Result<void>{};
}

/// A standby that lacked rows would lose them all at a failover.
Awaitable<Result<void>> MysqlDriver::check_copyable(Member upstream, Deadline deadline) {
    if (!is_mysql()) {
        co_return Result<void>{}; // Its copies hold all tables.
    }
    auto connection = peer_connection(upstream);
    const auto session =
        co_await Session::open(executor_, std::move(connection), longest_answer, deadline);
    if (!session) {
        co_return tl::unexpected(session.error());
    }
    auto checked = co_await mysql::refuse_uncopied(*session, deadline);
    (*session)->close();
    co_return checked;
}

Awaitable<Result<mysql::DataNote>> MysqlDriver::copy_by_clone(Member upstream, fs::path into,
                                                              OnProgress on_progress,
                                                              Deadline deadline) {
    std::string no_schema;
    auto where = into;
    auto made = co_await make_database(std::move(where), std::move(no_schema), deadline);
    if (!made) {
        co_return tl::unexpected(made.error());
    }
    auto alone = alone_in(std::move(into));
    alone.more = {{"plugin_load_add", "mysql_clone.so"}, {"plugin_load_add", "auth_socket.so"}};
    AloneWork copying = [this, upstream, alone, on_progress, deadline](Session::Ptr session) {
        return clone_by_statement(std::move(session), upstream, alone, on_progress, deadline);
    };
    auto first = alone;
    auto user = mysql::own_account();
    const auto copied =
        co_await run_alone(std::move(first), std::move(user), std::move(copying), deadline);
    if (!copied) {
        co_return tl::unexpected(copied.error());
    }
    auto note = std::make_shared<mysql::DataNote>();
    AloneWork looking = [this, note, on_progress, deadline](Session::Ptr session) {
        return look_at_clone(std::move(session), note, on_progress, deadline);
    };
    auto own = mysql::own_account();
    const auto ran =
        co_await run_alone(std::move(alone), std::move(own), std::move(looking), deadline);
    co_return ran ? Result<mysql::DataNote>(*note) : tl::unexpected(ran.error());
}

} // namespace lockstep
