#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/schema.h"
#include "drivers/mysql/snapshot/mysql_snapshots.h"
#include "drivers/mysql/snapshot/replay.h"

/// What a server on restored data that nobody reaches is asked.
namespace lockstep {

namespace fs = std::filesystem;

namespace {

std::string in_one_line(std::string text) {
    for (auto& letter : text) {
        letter = letter == '\n' || letter == '\r' ? ' ' : letter;
    }
    return text;
}

} // namespace

Awaitable<Result<void>> MysqlSnapshots::run_script(fs::path socket, Questions questions,
                                                   Deadline deadline) {
    auto command = driver_.tool(word().client,
                                {"--no-defaults", "--batch", "--silent",
                                 "--socket=" + socket.string(), "--user=" + mysql::own_account()});
    command.input = questions.script;
    if (!questions.database.empty()) {
        command.argv.push_back("--database=" + questions.database);
    }
    const auto ran = co_await run_tool(std::move(command), deadline);
    if (!ran) {
        co_return within(questions.script.string(), ran.error());
    }
    if (ran->exit_status != 0) {
        co_return fail(Errc::refused, questions.script.string() + ": " + in_one_line(ran->output));
    }
    co_return Result<void>{};
}

Awaitable<Result<void>> MysqlSnapshots::prove(Questions questions, OnProgress on_progress,
                                              Deadline deadline) {
    const auto doing = fmt::format("ask the restored {}", config_.data_dir.string());
    auto alone = driver_.alone_in(config_.data_dir);
    alone.logs = true;
    alone.more = mysql::replaying_settings(config_.flavour); // As it was restored.
    const auto socket = mysql::alone_socket(alone);
    MysqlDriver::AloneWork work = [this, socket, questions, on_progress,
                                   deadline](Session::Ptr session) -> Awaitable<Result<void>> {
        auto told = on_progress;
        auto found = co_await examine(session, std::move(told), deadline);
        if (found && !questions.script.empty()) {
            auto at = socket;
            auto asked = questions;
            found = co_await run_script(std::move(at), std::move(asked), deadline);
        }
        co_return found;
    };
    auto user = mysql::own_account();
    const auto ran =
        co_await driver_.run_alone(std::move(alone), std::move(user), std::move(work), deadline);
    if (!ran) {
        co_return within(doing, ran.error());
    }
    if (*ran != 0) {
        co_return fail(Errc::refused, fmt::format("{}: its server ended with {}", doing, *ran));
    }
    co_return Result<void>{};
}

} // namespace lockstep
