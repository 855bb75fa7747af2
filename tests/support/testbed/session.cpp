#include "tests/support/testbed/session.h"

#include <libpq-fe.h>
#include <poll.h>

namespace lockstep::testbed {

namespace {

// Rounded up: a wait of zero that is called again and again would be a busy loop.
int milliseconds_until(Clock::time_point by) {
    const auto left = std::chrono::ceil<Milliseconds>(by - Clock::now()).count();
    return left > 0 ? static_cast<int>(left) : 0;
}

bool wait_socket(int socket, short events, Clock::time_point by) {
    pollfd wait{socket, events, 0};
    return poll(&wait, 1, milliseconds_until(by)) > 0;
}

void on_notice(void* argument, const char* /*message*/) {
    *static_cast<bool*>(argument) = true;
}

std::string first_line(const char* text) {
    const std::string all = text;
    return all.substr(0, all.find('\n'));
}

std::vector<std::vector<std::string>> rows_of(const PGresult* result) {
    std::vector<std::vector<std::string>> rows;
    for (int row = 0; row < PQntuples(result); ++row) {
        rows.emplace_back();
        for (int column = 0; column < PQnfields(result); ++column) {
            rows.back().emplace_back(PQgetvalue(result, row, column));
        }
    }
    return rows;
}

// What ends a session (class 57, shutdown; 08, connection) may come after the commit; any other
// error is the statement's own and undoes it.
bool undid(const PGresult* result) {
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (state == nullptr) {
        return false;
    }
    const std::string_view kind = std::string_view(state).substr(0, 2);
    return kind != "57" && kind != "08";
}

} // namespace

Session::~Session() {
    close();
}

void Session::close() {
    if (connection_ != nullptr) {
        PQfinish(connection_);
    }
    connection_ = nullptr;
}

std::string Session::connect(const Where& where, Clock::time_point by) {
    close();
    // hostaddr: libpq would resolve a name without a deadline.
    const std::string settings = "hostaddr=" + where.ip + " port=" + std::to_string(where.port) +
                                 " user=" + where.user +
                                 " dbname=postgres sslmode=disable gssencmode=disable";
    connection_ = PQconnectStart(settings.c_str());
    PQsetNoticeProcessor(connection_, on_notice, &warned_);
    auto wanted = PGRES_POLLING_WRITING;
    while (wanted != PGRES_POLLING_OK && wanted != PGRES_POLLING_FAILED) {
        const short events = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (PQstatus(connection_) == CONNECTION_BAD) {
            break;
        }
        if (!wait_socket(PQsocket(connection_), events, by)) {
            close();
            return "no answer in time";
        }
        wanted = PQconnectPoll(connection_);
    }
    if (wanted == PGRES_POLLING_OK) {
        return {};
    }
    std::string trouble = first_line(PQerrorMessage(connection_));
    close();
    return trouble.empty() ? "cannot connect" : trouble;
}

bool Session::wait_readable(Clock::time_point by) const {
    return wait_socket(PQsocket(connection_), POLLIN, by);
}

Session::Answer Session::ask(const std::string& statement,
                             const std::vector<std::string>& parameters, Clock::time_point by) {
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const auto& parameter : parameters) {
        values.push_back(parameter.c_str());
    }
    warned_ = false;
    if (PQsendQueryParams(connection_, statement.c_str(), static_cast<int>(values.size()), nullptr,
                          values.data(), nullptr, nullptr, 0) == 0) {
        Answer answer{End::unknown, first_line(PQerrorMessage(connection_)), {}, false};
        close();
        return answer;
    }
    return read_answer(by);
}

Session::Answer Session::read_answer(Clock::time_point by) {
    Answer answer{End::unknown, "no answer in time", {}, false};
    for (;;) {
        while (PQisBusy(connection_) != 0) {
            const bool readable = wait_readable(by);
            if (!readable || PQconsumeInput(connection_) == 0) {
                // PostgreSQL says that a statement is complete before it commits; only its being
                // ready for the next one is the acknowledgement.
                answer.end = End::unknown;
                if (readable) {
                    answer.trouble = first_line(PQerrorMessage(connection_));
                }
                close();
                return answer;
            }
        }
        PGresult* result = PQgetResult(connection_);
        if (result == nullptr) {
            break;
        }
        const auto status = PQresultStatus(result);
        if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
            answer = {End::answered, {}, rows_of(result), warned_};
        } else {
            answer.end = undid(result) ? End::refused : End::unknown;
            answer.trouble = first_line(PQresultErrorMessage(result));
        }
        PQclear(result);
    }
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
