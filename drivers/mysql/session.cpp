#include "drivers/mysql/session.h"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include <cppconn/connection.h>
#include <cppconn/exception.h>
#include <cppconn/resultset.h>
#include <cppconn/resultset_metadata.h>
#include <cppconn/statement.h>
#include <mysql_driver.h>
#include <strings.h>

namespace lockstep::mysql {
namespace {

/// The server's or the connector's word that nobody will answer on this connection any more.
bool is_lost(int number) {
    constexpr std::array gone{
        1053,                   // The server shuts down.
        1152,                   // The connection was aborted.
        1158, 1159, 1160, 1161, // The network, as the server sees it.
        1927,                   // The connection was killed (MariaDB).
        4031,                   // It was idle for too long (MySQL).
    };
    const bool of_the_connector = number >= 2000 && number < 3000;
    return of_the_connector || std::ranges::find(gone, number) != gone.end();
}

std::string one_line(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += c == '\n' || c == '\r' ? ' ' : c;
    }
    return out;
}

sql::mysql::MySQL_Driver& connector() {
    static auto* const driver = sql::mysql::get_mysql_driver_instance();
    return *driver;
}

/// The connector keeps something for each thread.
class ConnectorThread {
public:
    ConnectorThread() { connector().threadInit(); }
    ConnectorThread(const ConnectorThread&) = delete;
    ConnectorThread& operator=(const ConnectorThread&) = delete;
    ~ConnectorThread() { connector().threadEnd(); }
};

sql::ConnectOptionsMap options_of(const Connection& to, std::chrono::seconds longest) {
    sql::ConnectOptionsMap options;
    const auto seconds = static_cast<int>(longest.count());
    options["userName"] = sql::SQLString(to.user);
    options["password"] = sql::SQLString("");
    options["OPT_CONNECT_TIMEOUT"] = std::min(seconds, 10);
    options["OPT_READ_TIMEOUT"] = seconds;
    options["OPT_WRITE_TIMEOUT"] = seconds;
    options["OPT_RECONNECT"] = false;
    if (!to.socket.empty()) {
        options["hostName"] = sql::SQLString("unix://" + to.socket.string());
        return options;
    }
    options["hostName"] = sql::SQLString("tcp://" + to.address + ":" + std::to_string(to.port));
    // Only both together refuse a server that has no TLS at all.
    options["sslCA"] = sql::SQLString(to.tls.ca.string());
    options["sslVerify"] = true;
    options["sslCert"] = sql::SQLString(to.tls.certificate.string());
    options["sslKey"] = sql::SQLString(to.tls.key.string());
    return options;
}

std::optional<std::string> cell_of(sql::ResultSet& results, unsigned column) {
    const auto text = results.getString(column);
    if (results.wasNull()) {
        return std::nullopt;
    }
    return std::string(text.c_str(), text.length());
}

Rows rows_of(sql::ResultSet& results) {
    auto* const about = results.getMetaData();
    const auto columns = about->getColumnCount();
    std::vector<std::string> names;
    for (unsigned column = 1; column <= columns; ++column) {
        names.emplace_back(about->getColumnLabel(column).c_str());
    }
    std::vector<Rows::Row> rows;
    while (results.next()) {
        auto& row = rows.emplace_back();
        for (unsigned column = 1; column <= columns; ++column) {
            row.push_back(cell_of(results, column));
        }
    }
    return {std::move(names), std::move(rows)};
}

/// In the session's thread.
Rows run(sql::Connection& connection, const std::string& sql) {
    const std::unique_ptr<sql::Statement> statement(connection.createStatement());
    if (!statement->execute(sql)) {
        return {};
    }
    const std::unique_ptr<sql::ResultSet> results(statement->getResultSet());
    return rows_of(*results);
}

struct Answer {
    Result<Rows> rows;
    int error_number = 0;
};

Answer answer_to(const std::function<Rows()>& work) {
    try {
        return {work(), 0};
    } catch (const sql::SQLException& error) {
        const int number = error.getErrorCode();
        return {fail(is_lost(number) ? Errc::unreachable : Errc::refused,
                     one_line(error.what()) + " (" + std::to_string(number) + ")"),
                number};
    } catch (const std::exception& error) {
        return {fail(Errc::unreachable, one_line(error.what())), -1};
    }
}

} // namespace

bool Rows::is_null(std::size_t row, std::size_t column) const {
    return !rows_.at(row).at(column).has_value();
}

const std::string& Rows::text(std::size_t row, std::size_t column) const {
    static const std::string nothing;
    const auto& cell = rows_.at(row).at(column);
    return cell ? *cell : nothing;
}

const std::string& Rows::text(std::size_t row, std::string_view name) const {
    static const std::string nothing;
    for (std::size_t column = 0; column < names_.size(); ++column) {
        const auto& own = names_[column];
        if (own.size() == name.size() && ::strncasecmp(own.data(), name.data(), own.size()) == 0) {
            return text(row, column);
        }
    }
    return nothing;
}

std::uint64_t Rows::number(std::size_t row, std::size_t column) const {
    std::uint64_t number = 0;
    const auto& digits = text(row, column);
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

/// What the strand and the thread have in common. What is above the mutex belongs to the strand.
struct Session::Shared : std::enable_shared_from_this<Session::Shared> {
    bool open = true;
    bool busy = false;
    std::optional<Answer> answer; // To the query that is not finished yet.
    std::vector<asio::steady_timer*> waiters;
    std::uint64_t id = 0;
    std::string version;
    int error_number = 0;

    std::mutex mutex;
    std::condition_variable wake;
    asio::any_io_executor executor; // Empty once closed: nothing is posted any more.
    std::deque<std::function<Rows()>> work;

    std::unique_ptr<sql::Connection> connection; // The thread's alone.

    void begin(std::function<Rows()> what);
    void take(Answer given);
    void close();
    [[nodiscard]] Awaitable<bool> answered(Deadline deadline);
    /// The thread: runs until the session is closed and the connector lets go.
    static void serve(const std::shared_ptr<Shared>& self);
    [[nodiscard]] std::optional<std::function<Rows()>> next_work();
    void post(Answer given);
};

void Session::Shared::begin(std::function<Rows()> what) {
    busy = true;
    answer.reset();
    const std::scoped_lock lock(mutex);
    work.push_back(std::move(what));
    wake.notify_one();
}

/// On the strand.
void Session::Shared::take(Answer given) {
    error_number = given.error_number;
    answer = std::move(given);
    for (auto* const waiter : waiters) {
        waiter->cancel();
    }
}

void Session::Shared::close() {
    open = false;
    busy = false;
    {
        const std::scoped_lock lock(mutex);
        executor = {};
        work.clear();
        wake.notify_one();
    }
    for (auto* const waiter : waiters) {
        waiter->cancel();
    }
}

std::optional<std::function<Rows()>> Session::Shared::next_work() {
    std::unique_lock lock(mutex);
    wake.wait(lock, [this] { return !executor || !work.empty(); });
    if (!executor) {
        return std::nullopt;
    }
    auto next = std::move(work.front());
    work.pop_front();
    return next;
}

/// Under the lock, so that the strand's end cannot come in between.
void Session::Shared::post(Answer given) {
    const std::scoped_lock lock(mutex);
    if (!executor) {
        return;
    }
    asio::post(executor, [weak = weak_from_this(), given = std::move(given)]() mutable {
        if (const auto alive = weak.lock(); alive && alive->open) {
            alive->take(std::move(given));
        }
    });
}

void Session::Shared::serve(const std::shared_ptr<Shared>& self) {
    const ConnectorThread in_this_thread;
    while (const auto next = self->next_work()) {
        self->post(answer_to(*next));
    }
    self->connection.reset();
}

Awaitable<bool> Session::Shared::answered(Deadline deadline) {
    const auto self = shared_from_this();
    asio::steady_timer timer(co_await asio::this_coro::executor);
    waiters.push_back(&timer);
    const auto leave = [self, &timer](void*) { std::erase(self->waiters, &timer); };
    const std::unique_ptr<void, decltype(leave)> registered(this, leave);
    while (open && !answer && !deadline.passed()) {
        timer.expires_at(deadline.at());
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    co_return answer.has_value();
}

Session::Session(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

Session::~Session() {
    shared_->close();
}

bool Session::is_open() const {
    return shared_->open;
}

bool Session::is_busy() const {
    return shared_->open && shared_->busy;
}

std::uint64_t Session::id() const {
    return shared_->id;
}

const std::string& Session::server_version() const {
    return shared_->version;
}

int Session::error_number() const {
    return shared_->error_number;
}

void Session::close() {
    shared_->close();
}

Result<void> Session::start(std::string sql) {
    if (!shared_->open) {
        return fail(Errc::unreachable, "query: the session was closed");
    }
    if (shared_->busy) {
        return fail(Errc::conflict, "query: the session still runs another one");
    }
    // The thread holds what it works on; the session may be gone by then.
    shared_->begin(
        [shared = shared_.get(), sql = std::move(sql)] { return run(*shared->connection, sql); });
    return {};
}

Awaitable<Result<Rows>> Session::finish(Deadline deadline) {
    const auto self = shared_from_this();
    if (!shared_->open) {
        co_return fail(Errc::unreachable, "query: the session was closed");
    }
    if (!shared_->busy) {
        co_return fail(Errc::conflict, "query: none was started");
    }
    const bool answered = co_await shared_->answered(deadline);
    if (!shared_->open) {
        co_return fail(Errc::unreachable, "query: the session was closed");
    }
    if (!answered) {
        co_return fail(Errc::timeout, "query: no answer before the deadline");
    }
    shared_->busy = false;
    auto rows = shared_->answer->rows;
    if (!rows && rows.error().code == Errc::unreachable) {
        close();
    }
    co_return rows;
}

Awaitable<Result<Rows>> Session::query(std::string sql, Deadline deadline) {
    const auto self = shared_from_this();
    if (auto started = start(std::move(sql)); !started) {
        co_return tl::unexpected(started.error());
    }
    // However this coroutine ends, a session in the middle of something is of no use.
    const auto abandon = [self](void*) {
        if (self->is_busy()) {
            self->close();
        }
    };
    const std::unique_ptr<void, decltype(abandon)> in_flight(this, abandon);
    co_return co_await finish(deadline);
}

namespace {

/// Nothing of a user's defaults may change what a statement of ours does.
constexpr std::array session_settings{
    "SET SESSION sql_mode = ''",         "SET SESSION autocommit = 1",
    "SET SESSION lock_wait_timeout = 2", "SET SESSION innodb_lock_wait_timeout = 2",
    "SET SESSION wait_timeout = 86400",
};

} // namespace

Awaitable<Result<Session::Ptr>> Session::open(asio::any_io_executor executor, Connection connection,
                                              std::chrono::seconds longest, Deadline deadline) {
    connector(); // Made before any thread that uses it.
    auto shared = std::make_shared<Shared>();
    shared->executor = executor;
    auto session = std::make_shared<Session>(shared);
    shared->begin([raw = shared.get(), connection = std::move(connection), longest] {
        auto options = options_of(connection, longest);
        raw->connection.reset(connector().connect(options));
        for (const auto* const setting : session_settings) {
            run(*raw->connection, setting);
        }
        return run(*raw->connection, "SELECT CONNECTION_ID(), VERSION()");
    });
    std::thread([shared] { Shared::serve(shared); }).detach();
    const auto rows = co_await session->finish(deadline);
    if (!rows) {
        session->close();
        co_return within("connect", rows.error());
    }
    shared->id = rows->number(0, 0);
    shared->version = rows->text(0, 1);
    co_return session;
}

Deadline most_of(Deadline deadline) {
    return deadline.earlier(deadline.left() * 3 / 4);
}

std::string quote(std::string_view value) {
    std::string out = "'";
    for (const char c : value) {
        out += c == '\'' || c == '\\' ? std::string{c, c} : std::string{c};
    }
    return out + "'";
}

std::string quote_name(std::string_view name) {
    std::string out = "`";
    for (const char c : name) {
        out += c == '`' ? "``" : std::string{c};
    }
    return out + "`";
}

} // namespace lockstep::mysql
