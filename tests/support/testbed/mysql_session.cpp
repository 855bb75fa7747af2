#include <algorithm>
#include <array>

#include <mysql.h>
#include <poll.h>
#include <sys/socket.h>

#include "tests/support/testbed/session_link.h"

namespace lockstep::testbed {

namespace {

using End = Session::End;

/// Errors that a server reports before it commits: such a statement has no effect. Everything else,
/// also a server that goes offline or a session that is killed, may come after the commit.
constexpr std::array<unsigned, 12> undoing = {
    1044, 1045, 1049, 1062, 1064, 1142, 1146, // No right, no such table, a duplicate.
    1205, 1213,                               // A lock that is not to be had.
    1290, 1792, 1836,                         // Read only.
};

bool undid(unsigned error) {
    return std::ranges::find(undoing, error) != undoing.end();
}

short poll_events(int wanted) {
    int events = (wanted & MYSQL_WAIT_READ) != 0 ? POLLIN : 0;
    events |= (wanted & MYSQL_WAIT_WRITE) != 0 ? POLLOUT : 0;
    events |= (wanted & MYSQL_WAIT_EXCEPT) != 0 ? POLLPRI : 0;
    return static_cast<short>(events);
}

/// The library never blocks: its calls say what they wait for, and the wait is ours.
class MysqlLink final : public SessionLink {
public:
    MysqlLink() : connection_(mysql_init(nullptr)) {
        mysql_options(connection_, MYSQL_OPT_NONBLOCK, nullptr);
        const my_bool no = 0; // As the clients of the other engine: without TLS.
        mysql_options(connection_, MYSQL_OPT_SSL_ENFORCE, &no);
        mysql_options(connection_, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &no);
    }
    ~MysqlLink() override {
        cut();
        mysql_close(connection_);
    }
    std::string connect(const Session::Where& where, Clock::time_point by) override;
    Session::Answer ask(const std::string& statement, const std::vector<std::string>& parameters,
                        Clock::time_point by) override;

private:
    /// Runs one of the library's calls to its end; false: there was none at `by`, and the
    /// connection is cut.
    template <class Start, class Continue>
    bool finish(Start start, Continue go_on, Clock::time_point by) {
        int wanted = start();
        while (wanted != 0) {
            if (!wait_socket(mysql_get_socket(connection_), poll_events(wanted), by)) {
                cut();
                for (int turn = 0; wanted != 0 && turn < most_turns_after_cut; ++turn) {
                    wanted = go_on(wanted); // A call that was begun must end before it is closed.
                }
                return false;
            }
            wanted = go_on(wanted);
        }
        return true;
    }
    /// As a client that lost its patience: no farewell.
    void cut() const {
        if (const auto socket = mysql_get_socket(connection_); socket != MARIADB_INVALID_SOCKET) {
            ::shutdown(socket, SHUT_RDWR);
        }
    }
    [[nodiscard]] std::string fill_in(const std::string& statement,
                                      const std::vector<std::string>& parameters) const;
    [[nodiscard]] Session::Answer failed() const;
    [[nodiscard]] Session::Answer read_rows(Clock::time_point by);

    static constexpr int most_turns_after_cut = 100;
    MYSQL* connection_;
};

std::string MysqlLink::connect(const Session::Where& where, Clock::time_point by) {
    MYSQL* connected = nullptr;
    const bool finished = finish(
        [&] {
            return mysql_real_connect_start(&connected, connection_, where.ip.c_str(),
                                            where.user.c_str(), "", nullptr, where.port, nullptr,
                                            0);
        },
        [&](int ready) { return mysql_real_connect_cont(&connected, connection_, ready); }, by);
    if (!finished) {
        return "no answer in time";
    }
    if (connected != nullptr) {
        return {};
    }
    const auto trouble = first_line(mysql_error(connection_));
    return trouble.empty() ? "cannot connect" : trouble;
}

std::string MysqlLink::fill_in(const std::string& statement,
                               const std::vector<std::string>& parameters) const {
    std::string filled;
    auto next = parameters.begin();
    for (const char c : statement) {
        if (c != '?' || next == parameters.end()) {
            filled += c;
            continue;
        }
        std::string escaped(2 * next->size() + 1, '\0');
        escaped.resize(
            mysql_real_escape_string(connection_, escaped.data(), next->data(), next->size()));
        filled += "'" + escaped + "'";
        ++next;
    }
    return filled;
}

Session::Answer MysqlLink::failed() const {
    const auto error = mysql_errno(connection_);
    return {undid(error) ? End::refused : End::unknown,
            std::to_string(error) + " " + first_line(mysql_error(connection_)),
            {},
            false};
}

Session::Answer MysqlLink::ask(const std::string& statement,
                               const std::vector<std::string>& parameters, Clock::time_point by) {
    const auto text = fill_in(statement, parameters);
    int refused = 0;
    const bool finished = finish(
        [&] { return mysql_real_query_start(&refused, connection_, text.data(), text.size()); },
        [&](int ready) { return mysql_real_query_cont(&refused, connection_, ready); }, by);
    if (!finished) {
        return {End::unknown, "no answer in time", {}, false};
    }
    return refused == 0 ? read_rows(by) : failed();
}

Session::Answer MysqlLink::read_rows(Clock::time_point by) {
    Session::Answer answer{End::answered, {}, {}, mysql_warning_count(connection_) > 0};
    if (mysql_field_count(connection_) == 0) {
        return answer; // No rows: the server's OK is the acknowledgement.
    }
    MYSQL_RES* result = nullptr;
    const bool finished =
        finish([&] { return mysql_store_result_start(&result, connection_); },
               [&](int ready) { return mysql_store_result_cont(&result, connection_, ready); }, by);
    if (!finished) {
        return {End::unknown, "no answer in time", {}, false};
    }
    if (result == nullptr) {
        return failed();
    }
    const auto columns = mysql_num_fields(result);
    for (unsigned column = 0; column < columns; ++column) {
        answer.columns.emplace_back(mysql_fetch_field_direct(result, column)->name);
    }
    while (MYSQL_ROW row = mysql_fetch_row(result)) {
        answer.rows.emplace_back();
        for (unsigned column = 0; column < columns; ++column) {
            answer.rows.back().emplace_back(row[column] == nullptr ? "" : row[column]);
        }
    }
    mysql_free_result(result);
    return answer;
}

} // namespace

std::unique_ptr<SessionLink> make_mysql_link() {
    return std::make_unique<MysqlLink>();
}

} // namespace lockstep::testbed
