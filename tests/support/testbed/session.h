#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/testbed/children.h"
#include "tests/support/testbed/engine.h"

namespace lockstep::testbed {

class SessionLink;

/// One connection to a server, by address only, with an end to every wait.
class Session {
public:
    struct Where {
        std::string ip;
        std::uint16_t port = 0;
        std::string user;
        Engine engine = Engine::postgresql;
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
        bool warned = false;                // The server warned while it answered.
        std::vector<std::string> columns{}; // Of the rows (MySQL and MariaDB).
    };

    Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

    [[nodiscard]] bool open() const;
    /// Empty: connected. Else why not.
    [[nodiscard]] std::string connect(const Where& where, Clock::time_point by);
    /// A statement that has no answer at `by` is abandoned by closing the socket, without a cancel
    /// request, as a client that lost its patience does.
    [[nodiscard]] Answer ask(const std::string& statement,
                             const std::vector<std::string>& parameters, Clock::time_point by);
    void close();

private:
    std::unique_ptr<SessionLink> link_;
};

/// Connects, asks once, and closes. Throws Failure unless it is answered at `by`.
[[nodiscard]] std::vector<std::vector<std::string>>
ask_once(const Session::Where& where, const std::string& statement, Clock::time_point by);

} // namespace lockstep::testbed
