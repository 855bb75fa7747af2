#include "drivers/mysql/held_log.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <optional>

#include <mysql.h> // Before the next one, which needs it.
//
#include <mariadb_rpl.h>
#include <poll.h>
#include <spdlog/fmt/fmt.h>

#include "platform/files.h"

namespace lockstep::mysql {

namespace {

constexpr unsigned answers_within_s = 2;
/// In nanoseconds: how often the upstream says that it has nothing to send.
constexpr std::string_view heartbeat_period = "SET @master_heartbeat_period = 50000000";

using ServerPtr = std::unique_ptr<MYSQL, decltype(&mysql_close)>;
using StreamPtr = std::unique_ptr<MARIADB_RPL, decltype(&mariadb_rpl_close)>;
using News = std::unique_ptr<MARIADB_RPL_EVENT, decltype(&mariadb_free_rpl_event)>;

const LogPlace from_gtid{"", 4};

tl::unexpected<Error> trouble(MYSQL* server, std::string_view doing) {
    constexpr unsigned first_of_library = 2000;
    constexpr unsigned last_of_library = 2999;
    const auto number = mysql_errno(server);
    const bool lost = number >= first_of_library && number <= last_of_library;
    return fail(lost ? Errc::unreachable : Errc::refused,
                fmt::format("{}: {} ({})", doing, mysql_error(server), number));
}

/// What is left of it, in the library's unit; none is waited for without an end.
Result<unsigned> seconds_left(Deadline deadline, std::string_view doing) {
    if (deadline.passed()) {
        return fail(Errc::timeout, std::string(doing) + ": no time is left");
    }
    const auto left = std::chrono::ceil<std::chrono::seconds>(deadline.left()).count();
    return std::clamp(static_cast<unsigned>(left), 1U, answers_within_s);
}

Result<ServerPtr> connect(const Connection& to, Deadline deadline) {
    const auto seconds = seconds_left(deadline, "connect");
    if (!seconds) {
        return tl::unexpected(seconds.error());
    }
    ServerPtr server(mysql_init(nullptr), &mysql_close);
    if (!server) {
        return fail(Errc::refused, "connect: no memory");
    }
    mysql_options(server.get(), MYSQL_OPT_CONNECT_TIMEOUT, &*seconds);
    mysql_options(server.get(), MYSQL_OPT_READ_TIMEOUT, &*seconds);
    mysql_options(server.get(), MYSQL_OPT_WRITE_TIMEOUT, &*seconds);
    mysql_ssl_set(server.get(), to.tls.key.c_str(), to.tls.certificate.c_str(), to.tls.ca.c_str(),
                  nullptr, nullptr);
    const my_bool yes = 1;
    mysql_options(server.get(), MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
    if (mysql_real_connect(server.get(), to.address.c_str(), to.user.c_str(), "", nullptr, to.port,
                           nullptr, 0) == nullptr) {
        return trouble(server.get(), "connect");
    }
    return server;
}

Result<void> say(MYSQL* server, const std::string& sql, Deadline deadline) {
    if (deadline.passed()) {
        return fail(Errc::timeout, sql.substr(0, sql.find('=')) + ": no time is left");
    }
    if (mysql_real_query(server, sql.data(), sql.size()) != 0) {
        return trouble(server, sql.substr(0, sql.find('=')));
    }
    return {};
}

/// Asked before any stream: an idle upstream is left alone.
Result<bool> has_waiting_commits(MYSQL* server, Deadline deadline) {
    const std::string sql = "SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_master_wait_sessions'";
    if (auto said = say(server, sql, deadline); !said) {
        return tl::unexpected(said.error());
    }
    const std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> rows(mysql_store_result(server),
                                                                        &mysql_free_result);
    if (!rows) {
        return trouble(server, sql);
    }
    const auto row = mysql_fetch_row(rows.get());
    return row != nullptr && row[1] != nullptr && std::strtoul(row[1], nullptr, 10) > 0;
}

/// What every receiver of a MariaDB server says of itself first.
Result<void> introduce(MYSQL* server, Deadline deadline) {
    for (const auto sql :
         {std::string_view("SET @master_binlog_checksum = "
                           "@@global.binlog_checksum"),
          std::string_view("SET @mariadb_slave_capability = 4"), heartbeat_period}) {
        if (auto said = say(server, std::string(sql), deadline); !said) {
            return said;
        }
    }
    return {};
}

Result<StreamPtr> open_stream(MYSQL* server, std::uint32_t number, const LogPlace& from) {
    StreamPtr stream(mariadb_rpl_init(server), &mariadb_rpl_close);
    if (!stream) {
        return trouble(server, "begin a stream");
    }
    mariadb_rpl_optionsv(stream.get(), MARIADB_RPL_SERVER_ID, number);
    mariadb_rpl_optionsv(stream.get(), MARIADB_RPL_START, from.offset_bytes);
    mariadb_rpl_optionsv(stream.get(), MARIADB_RPL_FILENAME, from.file.c_str(), from.file.size());
    if (mariadb_rpl_open(stream.get()) != 0) {
        return trouble(server, "begin a stream");
    }
    return stream;
}

/// Told to every receiver, also to one that has everything.
bool is_no_news(mariadb_rpl_event type) {
    constexpr std::array told{ROTATE_EVENT,    FORMAT_DESCRIPTION_EVENT, STOP_EVENT,
                              GTID_LIST_EVENT, BINLOG_CHECKPOINT_EVENT,  START_ENCRYPTION_EVENT};
    for (const auto one : told) {
        if (one == type) {
            return true;
        }
    }
    return false;
}

/// As a receiver that goes on by GTID.
Result<void> begin_after(MYSQL* server, const std::string& applied, Deadline deadline) {
    Result<void> done;
    for (const auto& sql : {"SET @slave_connect_state = " + quote(applied),
                            std::string("SET @slave_gtid_strict_mode = 1"),
                            std::string("SET @slave_gtid_ignore_duplicates = 0")}) {
        done = done ? say(server, sql, deadline) : done;
    }
    return done;
}

/// Nothing: the upstream has more than `applied`.
Result<std::optional<LogPlace>> end_of_log(MYSQL* server, const HeldLog& held, Deadline deadline) {
    auto done = introduce(server, deadline);
    if (done) {
        done = begin_after(server, held.applied, deadline);
    }
    if (!done) {
        return tl::unexpected(done.error());
    }
    const auto stream = open_stream(server, held.number, from_gtid);
    if (!stream) {
        return tl::unexpected(stream.error());
    }
    while (!deadline.passed()) {
        const News event(mariadb_rpl_fetch(stream->get(), nullptr), &mariadb_free_rpl_event);
        if (!event) {
            return trouble(server, "receive");
        }
        if (event->event_type == HEARTBEAT_LOG_EVENT) {
            const auto& name = event->event.heartbeat.filename;
            return LogPlace{std::string(name.str, name.length), event->next_event_pos};
        }
        if (!is_no_news(event->event_type)) {
            return std::nullopt;
        }
    }
    return fail(Errc::timeout, "the upstream does not say where its log ends");
}

} // namespace

Result<Waiting> look_for_waiting(const HeldLog& held, Deadline deadline) {
    const auto server = connect(held.upstream, deadline);
    if (!server) {
        return tl::unexpected(server.error());
    }
    const auto waits = has_waiting_commits(server->get(), deadline);
    if (!waits || !*waits) {
        return waits ? Result<Waiting>{} : tl::unexpected(waits.error());
    }
    auto end = end_of_log(server->get(), held, deadline);
    if (!end) {
        return tl::unexpected(end.error());
    }
    return Waiting{true, std::move(*end)};
}

/// Until it answers: by then it has taken the position for acknowledged, and its receiver of
/// acknowledgements knows of this stream.
Result<void> begin_to_acknowledge(const HeldLog& held, const std::optional<LogPlace>& place,
                                  Deadline deadline) {
    const auto connected = connect(held.upstream, deadline);
    if (!connected) {
        return tl::unexpected(connected.error());
    }
    auto* const server = connected->get();
    auto done = introduce(server, deadline);
    if (done) {
        done = say(server, "SET @rpl_semi_sync_slave = 1", deadline);
    }
    if (done && !place) {
        done = begin_after(server, held.applied, deadline);
    }
    if (!done) {
        return done;
    }
    const auto stream = open_stream(server, held.number, place.value_or(from_gtid));
    if (!stream) {
        return tl::unexpected(stream.error());
    }
    pollfd waiting{mysql_get_socket(server), POLLIN, 0};
    int ready = 0;
    do {
        ready = ::poll(&waiting, 1, static_cast<int>(deadline.left().count()));
    } while (ready < 0 && errno == EINTR);
    if (ready <= 0) {
        return fail(Errc::timeout, "the upstream does not answer to the stream");
    }
    if (mysql_net_read_packet(server) == packet_error) {
        return trouble(server, "begin a stream");
    }
    return {};
}

} // namespace lockstep::mysql
