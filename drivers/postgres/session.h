#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drivers/postgres/config.h"
#include "platform/asio.h"
#include "platform/deadline.h"

struct pg_conn;
struct pg_result;

namespace lockstep::postgres {

/// What a query returned, as text.
class Rows {
public:
    Rows() = default;
    explicit Rows(const pg_result* result);
    [[nodiscard]] std::size_t size() const { return rows_.size(); }
    [[nodiscard]] bool empty() const { return rows_.empty(); }
    [[nodiscard]] bool is_null(std::size_t row, std::size_t column) const;
    /// Empty for NULL.
    [[nodiscard]] const std::string& text(std::size_t row, std::size_t column) const;
    [[nodiscard]] bool is_true(std::size_t row, std::size_t column) const;

private:
    std::vector<std::vector<std::optional<std::string>>> rows_;
};

/// One connection, never blocking, one query at a time. A session whose query did not answer in
/// time is closed, not cancelled: a cancel may hit the next query, and a cancelled wait for the
/// standby counts as a commit.
class Session : public std::enable_shared_from_this<Session> {
public:
    using Ptr = std::shared_ptr<Session>;

    /// Errors: `unreachable`, `refused` (the server's words), `timeout`.
    [[nodiscard]] static Awaitable<Result<Ptr>> open(asio::any_io_executor executor,
                                                     Settings connection, Deadline deadline);
    /// Errors: `refused` (the server's words), `unreachable` (connection lost), `timeout`: both
    /// of the latter close the session.
    [[nodiscard]] Awaitable<Result<Rows>> query(std::string sql, std::vector<std::string> values,
                                                Deadline deadline);
    /// Sends a query whose answer may take as long as it likes: see `finish`.
    [[nodiscard]] Result<void> start(const std::string& sql);
    /// Waits for the answer to `start`'s query. `timeout` leaves the query running.
    [[nodiscard]] Awaitable<Result<Rows>> finish(Deadline deadline);

    /// Asks for a stream by `sql` and waits for its first message, then closes the session.
    [[nodiscard]] Awaitable<Result<void>> try_stream(std::string sql, Deadline deadline);

    [[nodiscard]] bool is_open() const { return connection_ != nullptr; }
    /// Started and not finished.
    [[nodiscard]] bool is_busy() const { return busy_; }
    [[nodiscard]] int server_pid() const;
    [[nodiscard]] int server_version() const; // 150020
    /// SQLSTATE of the last error of the server; empty without one.
    [[nodiscard]] const std::string& sqlstate() const { return sqlstate_; }
    /// The last notices and warnings, oldest first, at most 16.
    [[nodiscard]] const std::deque<std::string>& notices() const { return notices_; }
    /// At once; what is in flight ends with `unreachable`.
    void close();

    explicit Session(asio::any_io_executor executor);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

private:
    enum class Woken { ready, late, lost };
    class Watch;

    [[nodiscard]] Awaitable<Result<void>> connect(Settings settings, Deadline deadline);
    [[nodiscard]] Awaitable<Woken> wait_for(asio::posix::descriptor_base::wait_type what);
    [[nodiscard]] Awaitable<Woken> drain();
    enum class Streamed { nothing_yet, message, over };
    [[nodiscard]] Streamed take_streamed();
    [[nodiscard]] Result<void> send(const std::string& sql, const std::vector<std::string>& values);
    void take(pg_result* result);
    [[nodiscard]] Error lost(const std::string& doing);
    void watch_socket();
    void expire(std::uint64_t operation);

    asio::posix::stream_descriptor socket_;
    asio::steady_timer timer_;
    pg_conn* connection_ = nullptr;
    std::uint64_t operation_ = 0; // Tells a timer of an operation that is over from its own.
    bool late_ = false;
    bool busy_ = false;
    Result<Rows> answer_;
    std::string sqlstate_;
    std::deque<std::string> notices_;
};

/// The end of the first three quarters of the time that is left: for waiting, where the rest is
/// for finding out in what state things are.
[[nodiscard]] Deadline most_of(Deadline deadline);

/// The server answered, and said that it is not ready: it starts, stops or recovers.
[[nodiscard]] bool says_not_ready(const Error& error);

} // namespace lockstep::postgres
