#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/testbed/children.h"

struct pg_conn;

namespace lockstep::testbed {

/// One connection to a PostgreSQL server, by address only, with an end to every wait.
class Session {
public:
    struct Where {
        std::string ip;
        std::uint16_t port = 0;
        std::string user;
    };
    enum class End {
        answered,
        refused, // The server said no: the statement has no effect.
        unknown, // No answer: it may have one.
    };
    struct Answer {
        End end = End::unknown;
        std::string trouble;
        std::vector<std::vector<std::string>> rows;
        bool warned = false; // The server warned while it answered.
    };

    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

    [[nodiscard]] bool open() const { return connection_ != nullptr; }
    /// Empty: connected. Else why not.
    [[nodiscard]] std::string connect(const Where& where, Clock::time_point by);
    /// A statement that has no answer at `by` is abandoned by closing the socket, without a cancel
    /// request, as a client that lost its patience does.
    [[nodiscard]] Answer ask(const std::string& statement,
                             const std::vector<std::string>& parameters, Clock::time_point by);
    void close();

private:
    [[nodiscard]] bool wait_readable(Clock::time_point by) const;
    [[nodiscard]] Answer read_answer(Clock::time_point by);

    pg_conn* connection_ = nullptr;
    bool warned_ = false;
};

/// Connects, asks once, and closes. Throws Failure unless it is answered at `by`.
[[nodiscard]] std::vector<std::vector<std::string>>
ask_once(const Session::Where& where, const std::string& statement, Clock::time_point by);

} // namespace lockstep::testbed
