#pragma once

#include <memory>

#include "tests/support/testbed/session.h"

/// How a session speaks to one kind of server.
namespace lockstep::testbed {

class SessionLink {
public:
    SessionLink() = default;
    SessionLink(const SessionLink&) = delete;
    SessionLink& operator=(const SessionLink&) = delete;
    virtual ~SessionLink() = default;
    /// Once. Empty: connected. Else why not.
    [[nodiscard]] virtual std::string connect(const Session::Where& where,
                                              Clock::time_point by) = 0;
    /// After anything but `answered` it is worth nothing any more.
    [[nodiscard]] virtual Session::Answer ask(const std::string& statement,
                                              const std::vector<std::string>& parameters,
                                              Clock::time_point by) = 0;
};

[[nodiscard]] std::unique_ptr<SessionLink> make_postgres_link();
/// MySQL and MariaDB. Parameters stand for `?`.
[[nodiscard]] std::unique_ptr<SessionLink> make_mysql_link();

/// Whether the socket is ready for `events` (of poll) at `by`.
[[nodiscard]] bool wait_socket(int socket, short events, Clock::time_point by);
[[nodiscard]] std::string first_line(const char* text);

} // namespace lockstep::testbed
