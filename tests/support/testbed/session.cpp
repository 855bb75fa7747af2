#include "tests/support/testbed/session.h"

#include <poll.h>

#include "tests/support/testbed/session_link.h"

namespace lockstep::testbed {

namespace {

// Rounded up: a wait of zero that is called again and again would be a busy loop.
int milliseconds_until(Clock::time_point by) {
    const auto left = std::chrono::ceil<Milliseconds>(by - Clock::now()).count();
    return left > 0 ? static_cast<int>(left) : 0;
}

} // namespace

bool wait_socket(int socket, short events, Clock::time_point by) {
    pollfd wait{socket, events, 0};
    return poll(&wait, 1, milliseconds_until(by)) > 0;
}

std::string first_line(const char* text) {
    const std::string all = text;
    return all.substr(0, all.find('\n'));
}

Session::Session() = default;
Session::~Session() = default;

bool Session::open() const {
    return link_ != nullptr;
}

void Session::close() {
    link_.reset();
}

std::string Session::connect(const Where& where, Clock::time_point by) {
    close();
    auto link = where.engine == Engine::postgresql ? make_postgres_link() : make_mysql_link();
    auto trouble = link->connect(where, by);
    if (trouble.empty()) {
        link_ = std::move(link);
    }
    return trouble;
}

Session::Answer Session::ask(const std::string& statement,
                             const std::vector<std::string>& parameters, Clock::time_point by) {
    if (!link_) {
        return {End::unknown, "not connected", {}, false};
    }
    auto answer = link_->ask(statement, parameters, by);
    if (answer.end != End::answered) {
        close(); // A session that failed once is not trusted again: it may be on a standby.
    }
    return answer;
}

std::vector<std::vector<std::string>> ask_once(const Session::Where& where,
                                               const std::string& statement, Clock::time_point by) {
    Session session;
    std::string trouble = session.connect(where, by);
    if (trouble.empty()) {
        auto answer = session.ask(statement, {}, by);
        if (answer.end == Session::End::answered) {
            return std::move(answer.rows);
        }
        trouble = answer.trouble;
    }
    throw Failure(where.ip + ":" + std::to_string(where.port) + ": " + statement + ": " + trouble);
}

} // namespace lockstep::testbed
