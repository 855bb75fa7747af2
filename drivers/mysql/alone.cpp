#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "drivers/common/small_files.h"
#include "drivers/mysql/flavour.h"
#include "drivers/mysql/mysql_driver.h"
#include "platform/files.h"

/// A server that works on its own data while nobody but this driver reaches it.
namespace lockstep {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::milliseconds look_again{50};
constexpr std::chrono::seconds ends_within{120};
constexpr std::chrono::seconds longest_answer{12 * 3600};

/// The end of what a program said: the reason stands there.
std::string last_words(const std::string& output) {
    constexpr std::size_t most_characters = 600;
    std::string words;
    for (const char letter : output) {
        words += letter == '\n' || letter == '\r' ? ' ' : letter;
    }
    return words.size() <= most_characters ? words
                                           : "… " + words.substr(words.size() - most_characters);
}

} // namespace

/// What those who run the server and those who use it have in common.
struct MysqlDriver::AloneState {
    explicit AloneState(const asio::any_io_executor& executor)
        : given_up(executor, asio::steady_timer::time_point::max()) {}
    asio::steady_timer given_up;
    bool give_up = false;
    bool ended = false;
};

namespace {

template <class State> Awaitable<void> until_given_up(std::shared_ptr<State> state) {
    while (!state->give_up) {
        co_await state->given_up.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

} // namespace

Awaitable<Result<ToolResult>> MysqlDriver::serve_alone(std::shared_ptr<AloneState> state,
                                                       Command command, Deadline deadline) {
    using namespace asio::experimental::awaitable_operators;
    std::function<void(std::string_view)> nobody;
    auto running = run_tool(std::move(command), deadline, std::move(nobody));
    auto ending = until_given_up(state);
    auto ended = co_await (std::move(running) || std::move(ending));
    state->ended = true;
    if (ended.index() == 1) {
        co_return fail(Errc::timeout, "it did not end by itself");
    }
    co_return std::move(std::get<0>(ended));
}

Awaitable<Result<MysqlDriver::Session::Ptr>>
MysqlDriver::reach_alone(std::shared_ptr<AloneState> state, mysql::Connection connection,
                         Deadline deadline) {
    while (true) {
        const auto first = Deadline::in(std::chrono::seconds{5});
        auto opened = co_await Session::open(executor_, connection, longest_answer, first);
        if (opened) {
            co_return std::move(opened);
        }
        if (state->ended || deadline.passed()) {
            co_return fail(state->ended ? Errc::refused : Errc::timeout,
                           "it does not answer: " + opened.error().message);
        }
        co_await pause_for(look_again);
    }
}

Awaitable<Result<void>> MysqlDriver::use_alone(std::shared_ptr<AloneState> state,
                                               mysql::Connection connection, AloneWork work,
                                               Deadline deadline) {
    auto session = co_await reach_alone(state, std::move(connection), deadline);
    Result<void> done;
    if (session) {
        done = co_await work(*session);
        std::string sql = "SHUTDOWN";
        const auto soon = Deadline::in(std::chrono::seconds{10});
        static_cast<void>(co_await (*session)->query(std::move(sql), soon));
        (*session)->close();
    } else {
        done = tl::unexpected(session.error());
    }
    const auto patience = Deadline::in(ends_within);
    while (session && !state->ended && !patience.passed()) {
        co_await pause_for(look_again);
    }
    state->give_up = true;
    state->given_up.cancel();
    co_return done;
}

/// Starts the server, does the work with it, and stops it. Returns its exit status.
Awaitable<Result<int>> MysqlDriver::run_alone(mysql::Alone alone, std::string user, AloneWork work,
                                              Deadline deadline) {
    using namespace asio::experimental::awaitable_operators;
    if (auto made = make_private_folder(alone.folder); !made) {
        co_return tl::unexpected(made.error());
    }
    const auto text = mysql::render_alone(config_, alone);
    if (auto written = replace_file(mysql::alone_file(alone), text, 0600); !written) {
        co_return tl::unexpected(written.error());
    }
    const auto server = mysql::words(config_.flavour).server;
    auto command = tool(server, {"--defaults-file=" + mysql::alone_file(alone).string()});
    command.folder = alone.data_dir;
    // So that MySQL's clone, which restarts the server, knows that somebody does it.
    command.env.push_back(fmt::format("MYSQLD_PARENT_PID={}", ::getpid()));
    auto state = std::make_shared<AloneState>(executor_);
    mysql::Connection connection;
    connection.socket = mysql::alone_socket(alone);
    connection.user = std::move(user);
    auto serving = serve_alone(state, std::move(command), deadline);
    auto using_it = use_alone(state, std::move(connection), std::move(work), deadline);
    auto [ended, done] = co_await (std::move(serving) && std::move(using_it));
    if (!done) {
        const auto said = ended ? "; its server said: " + last_words(ended->output) : "";
        co_return fail(done.error().code, done.error().message + said);
    }
    if (!ended) {
        co_return within(server, ended.error());
    }
    co_return ended->exit_status;
}

mysql::Alone MysqlDriver::alone_in(fs::path data_dir) const {
    return {std::move(data_dir), config_.run_dir / (config_.member + ".alone"), false, {}};
}

Awaitable<Result<void>>
MysqlDriver::say_all(Session::Ptr session, std::vector<std::string> statements, Deadline deadline) {
    for (auto& statement : statements) {
        const auto said = co_await session->query(statement, deadline);
        if (!said) {
            co_return within(statement.substr(0, statement.find(' ', 12)), said.error());
        }
    }
    co_return Result<void>{};
}

} // namespace lockstep
