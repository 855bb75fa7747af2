#include "drivers/mysql/mysql_driver.h"

/// One look at everything that positions are made of.
namespace lockstep {

namespace {

constexpr int no_such_table = 1146;
constexpr int no_such_schema = 1049;

constexpr std::string_view mysql_globals =
    "SELECT @@global.read_only OR @@global.super_read_only AS locked, VERSION() AS version, "
    "@@global.server_uuid AS writer, @@global.gtid_executed AS logged, '' AS replayed";
constexpr std::string_view mariadb_globals =
    "SELECT @@global.read_only AS locked, VERSION() AS version, @@global.server_id AS writer, "
    "@@global.gtid_binlog_state AS logged, @@global.gtid_slave_pos AS replayed";

} // namespace

Awaitable<Result<mysql::Descent>> MysqlDriver::read_descent(Session::Ptr session,
                                                            Deadline deadline) {
    std::string sql = "SELECT number, writer, mark, began FROM lockstep.history ORDER BY number";
    const auto rows = co_await session->query(std::move(sql), deadline);
    if (!rows) {
        const auto number = session->error_number();
        if (number == no_such_table || number == no_such_schema) {
            co_return mysql::Descent{}; // Not a database of ours; its history is not known.
        }
        co_return tl::unexpected(rows.error());
    }
    std::vector<mysql::ReignRow> reigns;
    for (std::size_t row = 0; row < rows->size(); ++row) {
        reigns.push_back(
            {rows->text(row, 0), rows->text(row, 1), rows->text(row, 2), rows->text(row, 3)});
    }
    co_return mysql::to_descent(config_.flavour, reigns);
}

Awaitable<Result<std::string>> MysqlDriver::read_system_id(Session::Ptr session,
                                                           Deadline deadline) {
    std::string sql = "SELECT system_id FROM lockstep.identity";
    const auto rows = co_await session->query(std::move(sql), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    if (rows->size() != 1) {
        co_return fail(Errc::corrupt, "lockstep.identity holds " + std::to_string(rows->size()) +
                                          " rows instead of one");
    }
    co_return rows->text(0, 0);
}

Awaitable<Result<MysqlDriver::Rows>> MysqlDriver::show_stream(Session::Ptr session,
                                                              Deadline deadline) {
    std::string sql(word().show_stream);
    co_return co_await session->query(std::move(sql), deadline);
}

Awaitable<Result<MysqlDriver::Look>> MysqlDriver::look(Session::Ptr session, Deadline deadline) {
    // What was received is read before what was replayed of it, so that nothing seems lost.
    auto stream = co_await show_stream(session, deadline);
    if (!stream) {
        co_return tl::unexpected(stream.error());
    }
    std::string sql(is_mysql() ? mysql_globals : mariadb_globals);
    const auto globals = co_await session->query(std::move(sql), deadline);
    if (!globals) {
        co_return tl::unexpected(globals.error());
    }
    auto descent = co_await read_descent(session, deadline);
    if (!descent && descent.error().code != Errc::corrupt) {
        co_return tl::unexpected(descent.error());
    }
    Look seen;
    seen.stream = std::move(*stream);
    seen.standby = globals->text(0, "locked") == "1" || !seen.stream.empty();
    seen.version = globals->text(0, "version");
    seen.writer = globals->text(0, "writer");
    auto logged = mysql::GtidSet::parse(config_.flavour, globals->text(0, "logged"));
    auto replayed = mysql::GtidSet::parse(config_.flavour, globals->text(0, "replayed"));
    const auto received_text = seen.stream.empty() ? "" : seen.stream.text(0, word().received);
    auto received = mysql::GtidSet::parse(config_.flavour, received_text);
    if (!logged || !replayed || !received) {
        co_return fail(Errc::corrupt, "the server's GTIDs cannot be read: " +
                                          globals->text(0, "logged").substr(0, 200));
    }
    seen.logged = logged->united(*replayed);
    seen.held = seen.logged.united(*received);
    if (!descent) {
        seen.place.trouble = descent.error().message;
        co_return seen;
    }
    seen.descent = std::move(*descent);
    seen.place = mysql::place_of(seen.descent, seen.held);
    if (!seen.place.trouble.empty() && seen.descent.known() &&
        mysql::place_of(seen.descent, seen.logged).trouble.empty()) {
        seen.place.trouble = "what it received is of a reign whose beginning is not replayed yet";
    }
    if (seen.place.trouble.empty()) {
        note_history(seen.place.position.history);
    }
    co_return seen;
}

} // namespace lockstep
