#include "drivers/postgres/session.h"

#include <array>

#include <libpq-fe.h>
#include <spdlog/fmt/fmt.h>

#include "drivers/postgres/text.h"

namespace lockstep::postgres {
namespace {

constexpr std::size_t most_notices = 16;

void keep_notice(void* notices, const PGresult* result) {
    auto& kept = *static_cast<std::deque<std::string>*>(notices);
    kept.push_back(one_line(PQresultErrorMessage(result)));
    if (kept.size() > most_notices) {
        kept.pop_front();
    }
}

bool is_error(const PGresult* result) {
    const auto status = PQresultStatus(result);
    return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY;
}

PGconn* start_connecting(const Settings& settings) {
    std::vector<const char*> keys;
    std::vector<const char*> values;
    for (const auto& [key, value] : settings) {
        keys.push_back(key.c_str());
        values.push_back(value.c_str());
    }
    keys.push_back(nullptr);
    values.push_back(nullptr);
    return PQconnectStartParams(keys.data(), values.data(), 0);
}

} // namespace

Rows::Rows(const PGresult* result) {
    const int columns = PQnfields(result);
    for (int row = 0; row < PQntuples(result); ++row) {
        auto& cells = rows_.emplace_back();
        for (int column = 0; column < columns; ++column) {
            if (PQgetisnull(result, row, column) != 0) {
                cells.emplace_back(std::nullopt);
                continue;
            }
            const auto length = static_cast<std::size_t>(PQgetlength(result, row, column));
            cells.emplace_back(std::string(PQgetvalue(result, row, column), length));
        }
    }
}

bool Rows::is_null(std::size_t row, std::size_t column) const {
    return !rows_.at(row).at(column).has_value();
}

const std::string& Rows::text(std::size_t row, std::size_t column) const {
    static const std::string nothing;
    const auto& cell = rows_.at(row).at(column);
    return cell ? *cell : nothing;
}

bool Rows::is_true(std::size_t row, std::size_t column) const {
    return text(row, column) == "t";
}

/// Ends one operation however it is left: by its result, an exception or a cancelled coroutine.
/// An operation that did not say `keep` or `done` leaves the protocol in the middle of something,
/// so it closes the session.
class Session::Watch {
public:
    Watch(Session& session, Deadline deadline)
        : session_(session), self_(session.shared_from_this()) {
        session_.late_ = false;
        session_.timer_.expires_at(deadline.at());
        const auto operation = ++session_.operation_;
        session_.timer_.async_wait([weak = session_.weak_from_this(), operation](error_code error) {
            if (const auto session_alive = weak.lock(); session_alive && !error) {
                session_alive->expire(operation);
            }
        });
    }
    void keep() { keep_ = true; }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch() {
        ++session_.operation_;
        session_.timer_.cancel();
        if (!keep_) {
            session_.close();
        }
    }

private:
    Session& session_;
    Ptr self_;
    bool keep_ = false;
};

Session::Session(asio::any_io_executor executor) : socket_(executor), timer_(executor) {}

Session::~Session() {
    close();
}

void Session::close() {
    if (connection_ == nullptr) {
        return;
    }
    if (socket_.is_open()) {
        socket_.release(); // libpq closes the descriptor itself.
    }
    PQfinish(connection_);
    connection_ = nullptr;
    busy_ = false;
}

void Session::expire(std::uint64_t operation) {
    if (operation != operation_) {
        return;
    }
    late_ = true;
    error_code ignored;
    socket_.cancel(ignored);
}

int Session::server_pid() const {
    return connection_ == nullptr ? 0 : PQbackendPID(connection_);
}

int Session::server_version() const {
    return connection_ == nullptr ? 0 : PQserverVersion(connection_);
}

/// libpq may have closed one socket and opened another with the same number: register it anew.
void Session::watch_socket() {
    if (socket_.is_open()) {
        socket_.release();
    }
    if (const int fd = PQsocket(connection_); fd >= 0) {
        error_code ignored; // Not registered: the next wait fails, and says lost.
        socket_.assign(fd, ignored);
    }
}

Awaitable<Session::Woken> Session::wait_for(asio::posix::descriptor_base::wait_type what) {
    if (connection_ == nullptr || !socket_.is_open()) {
        co_return Woken::lost;
    }
    if (late_) {
        co_return Woken::late;
    }
    const auto [error] = co_await socket_.async_wait(what, asio::as_tuple(asio::use_awaitable));
    if (connection_ == nullptr) {
        co_return Woken::lost;
    }
    if (late_) {
        co_return Woken::late;
    }
    co_return error ? Woken::lost : Woken::ready;
}

Error Session::lost(const std::string& doing) {
    const auto words =
        connection_ == nullptr ? "the session was closed" : one_line(PQerrorMessage(connection_));
    return Error{Errc::unreachable, doing + ": " + words};
}

Awaitable<Result<void>> Session::connect(Settings settings, Deadline deadline) {
    Watch watch(*this, deadline);
    connection_ = start_connecting(settings);
    if (connection_ == nullptr) {
        co_return fail(Errc::refused, "connect: out of memory");
    }
    PQsetNoticeReceiver(connection_, keep_notice, &notices_);
    auto wanted =
        PQstatus(connection_) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (wanted != PGRES_POLLING_OK) {
        if (wanted == PGRES_POLLING_FAILED) {
            co_return tl::unexpected(lost("connect"));
        }
        watch_socket();
        const auto what = wanted == PGRES_POLLING_READING
                              ? asio::posix::descriptor_base::wait_read
                              : asio::posix::descriptor_base::wait_write;
        const auto woken = co_await wait_for(what);
        if (woken != Woken::ready) {
            co_return woken == Woken::late
                ? Result<void>(fail(Errc::timeout, "connect: no answer before the deadline"))
                : Result<void>(tl::unexpected(lost("connect")));
        }
        wanted = PQconnectPoll(connection_);
    }
    watch_socket();
    PQsetnonblocking(connection_, 1);
    watch.keep();
    co_return Result<void>{};
}

Awaitable<Result<Session::Ptr>> Session::open(asio::any_io_executor executor, Settings connection,
                                              Deadline deadline) {
    auto session = std::make_shared<Session>(executor);
    const auto connected = co_await session->connect(std::move(connection), deadline);
    if (!connected) {
        co_return tl::unexpected(connected.error());
    }
    co_return session;
}

Result<void> Session::send(const std::string& sql, const std::vector<std::string>& values) {
    if (connection_ == nullptr) {
        return tl::unexpected(lost("query"));
    }
    if (busy_) {
        return fail(Errc::conflict, "query: the session still runs another one");
    }
    std::vector<const char*> parameters;
    for (const auto& value : values) {
        parameters.push_back(value.c_str());
    }
    // A replication connection knows only the simple protocol.
    const int sent = values.empty() ? PQsendQuery(connection_, sql.c_str())
                                    : PQsendQueryParams(connection_, sql.c_str(),
                                                        static_cast<int>(values.size()), nullptr,
                                                        parameters.data(), nullptr, nullptr, 0);
    if (sent == 0) {
        const auto error = lost("query");
        close();
        return tl::unexpected(error);
    }
    busy_ = true;
    sqlstate_.clear();
    answer_ = Rows{};
    return {};
}

void Session::take(PGresult* result) {
    if (!is_error(result)) {
        answer_ = Rows(result);
    } else if (answer_) {
        const char* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        sqlstate_ = state == nullptr ? "" : state;
        // The server goes away: whatever we asked, nobody will answer here any more.
        const bool gone = sqlstate_.empty() || sqlstate_.starts_with("57P");
        answer_ =
            fail(gone ? Errc::unreachable : Errc::refused, one_line(PQresultErrorMessage(result)));
    }
    PQclear(result);
}

/// Flushes what is to be sent and takes all results of the query in flight.
Awaitable<Session::Woken> Session::drain() {
    while (true) {
        const int unsent = PQflush(connection_);
        if (unsent < 0) {
            co_return Woken::lost;
        }
        while (unsent == 0 && PQisBusy(connection_) == 0) {
            auto* const result = PQgetResult(connection_);
            if (result == nullptr) {
                co_return Woken::ready;
            }
            take(result);
        }
        const auto what = unsent == 0 ? asio::posix::descriptor_base::wait_read
                                      : asio::posix::descriptor_base::wait_write;
        const auto woken = co_await wait_for(what);
        if (woken != Woken::ready) {
            co_return woken;
        }
        if (PQconsumeInput(connection_) == 0 && PQisBusy(connection_) != 0) {
            co_return Woken::lost;
        }
    }
}

Result<void> Session::start(const std::string& sql) {
    auto sent = send(sql, {});
    if (sent && PQflush(connection_) < 0) {
        const auto error = lost("query");
        close();
        return tl::unexpected(error);
    }
    return sent;
}

Awaitable<Result<Rows>> Session::finish(Deadline deadline) {
    if (!busy_) {
        co_return connection_ == nullptr ? Result<Rows>(tl::unexpected(lost("query"))) : answer_;
    }
    Watch watch(*this, deadline);
    const auto woken = co_await drain();
    if (woken == Woken::lost) {
        co_return tl::unexpected(lost("query"));
    }
    if (woken == Woken::late) {
        watch.keep();
        co_return fail(Errc::timeout, "query: no answer before the deadline");
    }
    busy_ = false;
    if (answer_ || answer_.error().code != Errc::unreachable) {
        watch.keep();
    }
    co_return answer_;
}

Awaitable<Result<Rows>> Session::query(std::string sql, std::vector<std::string> values,
                                       Deadline deadline) {
    if (auto sent = send(sql, values); !sent) {
        co_return tl::unexpected(sent.error());
    }
    auto answer = co_await finish(deadline);
    if (!answer && answer.error().code == Errc::timeout) {
        close();
    }
    co_return answer;
}

/// An error of the server's is in `answer_` when the stream is over.
Session::Streamed Session::take_streamed() {
    while (PQisBusy(connection_) == 0) {
        auto* const result = PQgetResult(connection_);
        if (result == nullptr) {
            return Streamed::over;
        }
        if (PQresultStatus(result) != PGRES_COPY_BOTH) {
            take(result);
            continue;
        }
        PQclear(result);
        char* message = nullptr;
        const int length = PQgetCopyData(connection_, &message, 1);
        PQfreemem(message);
        if (length > 0) {
            return Streamed::message;
        }
        if (length == 0) {
            return Streamed::nothing_yet;
        }
        if (length < -1) {
            return Streamed::over;
        }
    }
    return Streamed::nothing_yet;
}

Awaitable<Result<void>> Session::try_stream(std::string sql, Deadline deadline) {
    if (auto started = start(sql); !started) {
        co_return started;
    }
    Watch watch(*this, deadline); // Told nothing, it closes the session.
    while (true) {
        switch (take_streamed()) {
        case Streamed::message: co_return Result<void>{};
        case Streamed::over:
            co_return answer_ ? fail(Errc::unreachable, "stream: it ended before its first message")
                              : tl::unexpected(answer_.error());
        case Streamed::nothing_yet: break;
        }
        const auto woken = co_await wait_for(asio::posix::descriptor_base::wait_read);
        if (woken == Woken::late) {
            co_return fail(Errc::timeout, "stream: no message before the deadline");
        }
        if (woken == Woken::lost || PQconsumeInput(connection_) == 0) {
            co_return tl::unexpected(lost("stream"));
        }
    }
}

Deadline most_of(Deadline deadline) {
    const auto left = deadline.left();
    return deadline.earlier(left - left / 4);
}

bool says_not_ready(const Error& error) {
    static constexpr std::array words = {
        "the database system is starting up", "the database system is not yet accepting",
        "the database system is not accepting", "the database system is shutting down",
        "the database system is in recovery mode"};
    for (const auto* const word : words) {
        if (error.message.find(word) != std::string::npos) {
            return true;
        }
    }
    return false;
}

} // namespace lockstep::postgres
