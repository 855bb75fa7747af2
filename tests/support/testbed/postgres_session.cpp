#include "tests/support/testbed/session_link.h"

#include <libpq-fe.h>
#include <poll.h>

namespace lockstep::testbed {

namespace {

using End = Session::End;

void on_notice(void* argument, const char* /*message*/) {
    *static_cast<bool*>(argument) = true;
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

class PostgresLink final : public SessionLink {
public:
    ~PostgresLink() override {
        if (connection_ != nullptr) {
            PQfinish(connection_);
        }
    }
    std::string connect(const Session::Where& where, Clock::time_point by) override;
    Session::Answer ask(const std::string& statement, const std::vector<std::string>& parameters,
                        Clock::time_point by) override;

private:
    [[nodiscard]] bool wait_readable(Clock::time_point by) const {
        return wait_socket(PQsocket(connection_), POLLIN, by);
    }
    [[nodiscard]] Session::Answer read_answer(Clock::time_point by);

    PGconn* connection_ = nullptr;
    bool warned_ = false;
};

std::string PostgresLink::connect(const Session::Where& where, Clock::time_point by) {
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
            return "no answer in time";
        }
        wanted = PQconnectPoll(connection_);
    }
    if (wanted == PGRES_POLLING_OK) {
        return {};
    }
    std::string trouble = first_line(PQerrorMessage(connection_));
    return trouble.empty() ? "cannot connect" : trouble;
}

Session::Answer PostgresLink::ask(const std::string& statement,
                                  const std::vector<std::string>& parameters,
                                  Clock::time_point by) {
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const auto& parameter : parameters) {
        values.push_back(parameter.c_str());
    }
    warned_ = false;
    if (PQsendQueryParams(connection_, statement.c_str(), static_cast<int>(values.size()), nullptr,
                          values.data(), nullptr, nullptr, 0) == 0) {
        return {End::unknown, first_line(PQerrorMessage(connection_)), {}, false};
    }
    return read_answer(by);
}

Session::Answer PostgresLink::read_answer(Clock::time_point by) {
    Session::Answer answer{End::unknown, "no answer in time", {}, false};
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
    return answer;
}

} // namespace

std::unique_ptr<SessionLink> make_postgres_link() {
    return std::make_unique<PostgresLink>();
}

} // namespace lockstep::testbed
