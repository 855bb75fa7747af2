#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/mysql/config.h"
#include "platform/asio.h"
#include "platform/deadline.h"

namespace lockstep::mysql {

/// What a query returned, as text.
class Rows {
public:
    using Row = std::vector<std::optional<std::string>>;
    Rows() = default;
    Rows(std::vector<std::string> names, std::vector<Row> rows)
        : names_(std::move(names)), rows_(std::move(rows)) {}
    [[nodiscard]] std::size_t size() const { return rows_.size(); }
    [[nodiscard]] bool empty() const { return rows_.empty(); }
    [[nodiscard]] bool is_null(std::size_t row, std::size_t column) const;
    /// Empty for NULL.
    [[nodiscard]] const std::string& text(std::size_t row, std::size_t column) const;
    /// By the column's name, in any case; empty if there is none, or for NULL.
    [[nodiscard]] const std::string& text(std::size_t row, std::string_view name) const;
    [[nodiscard]] std::uint64_t number(std::size_t row, std::size_t column) const;

private:
    std::vector<std::string> names_;
    std::vector<Row> rows_;
};

/// How to reach a server: through its Unix socket, or by IP address over TLS with the member's
/// certificate, refusing a server whose certificate is not of our authority. Never a password.
struct Connection {
    std::filesystem::path socket; // Not empty: this, and no TLS.
    std::string address;
    std::uint16_t port = 0;
    std::string user;
    Certificates tls;
};

/// One connection, in a thread of its own, because the connector blocks. One query at a time. A
/// session whose query did not answer in time is abandoned, not cancelled: its thread ends when
/// the connector lets go of it, and a killed wait for the standby counts as a commit (MariaDB).
class Session : public std::enable_shared_from_this<Session> {
public:
    using Ptr = std::shared_ptr<Session>;

    /// `longest` is how long the connector waits for one answer before it gives up the session,
    /// in whole seconds; deadlines of single queries may be much shorter. The session writes
    /// nothing to the binary log that it is not asked to, waits at most 2 s for a lock, and does
    /// not reconnect. Errors: `unreachable`, `refused` (the server's words), `timeout`.
    [[nodiscard]] static Awaitable<Result<Ptr>> open(asio::any_io_executor executor,
                                                     Connection connection,
                                                     std::chrono::seconds longest,
                                                     Deadline deadline);
    /// One statement. Errors: `refused` (the server's words; the session stays), `unreachable`
    /// (connection lost), `timeout`: both of the latter close the session.
    [[nodiscard]] Awaitable<Result<Rows>> query(std::string sql, Deadline deadline);
    /// Sends a query whose answer may take as long as it likes: see `finish`.
    [[nodiscard]] Result<void> start(std::string sql);
    /// Waits for the answer to `start`'s query. `timeout` leaves the query running.
    [[nodiscard]] Awaitable<Result<Rows>> finish(Deadline deadline);

    [[nodiscard]] bool is_open() const;
    /// Started and not finished.
    [[nodiscard]] bool is_busy() const;
    /// The server's number for this connection, as in its processlist.
    [[nodiscard]] std::uint64_t id() const;
    [[nodiscard]] const std::string& server_version() const; // "10.11.19-MariaDB-0+deb12u1-log"
    /// The server's number of the last error; 0 without one.
    [[nodiscard]] int error_number() const;
    /// At once; what is in flight ends with `unreachable`.
    void close();

    struct Shared; // What the thread and the strand have in common.
    explicit Session(std::shared_ptr<Shared> shared);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

private:
    std::shared_ptr<Shared> shared_;
};

/// The end of the first three quarters of the time that is left.
[[nodiscard]] Deadline most_of(Deadline deadline);

/// 'It''s': in single quotes, these and backslashes doubled.
[[nodiscard]] std::string quote(std::string_view value);
/// `name`: in back quotes, these doubled.
[[nodiscard]] std::string quote_name(std::string_view name);

} // namespace lockstep::mysql
