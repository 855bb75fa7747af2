#include <csignal>

#include <spdlog/fmt/fmt.h>

#include "drivers/postgres/snapshot/postgres_snapshots.h"
#include "drivers/postgres/text.h"
#include "drivers/postgres/ticket.h"
#include "platform/files.h"
#include "platform/timer.h"

/// A server on restored data that nobody else reaches, and what it is asked.
namespace lockstep {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::milliseconds look_again{20};
constexpr std::chrono::seconds stops_within{60};

} // namespace

/// What those who run the server and those who ask it have in common.
struct PostgresSnapshots::Proof {
    postgres::RecoveryLog log;
    bool ready = false;
    bool ended = false;
};

Awaitable<Result<Command>> PostgresSnapshots::server_to_ask(Deadline deadline) {
    auto programs = config_.bin_dir;
    auto data = config_.data_dir;
    const auto control =
        co_await postgres::read_control_data(std::move(programs), std::move(data), deadline);
    const auto settings = read_file(config_.data_dir / postgres::restored_settings);
    if (!control || !settings) {
        co_return tl::unexpected(control ? settings.error() : control.error());
    }
    auto made = make_private_folder(config_.run_dir);
    // The folder of the socket is this user's alone.
    const auto lets_in = fmt::format("local all {} trust\n", postgres::superuser);
    if (made) {
        made = write_file_durably(config_.run_dir / postgres::recovery_hba, lets_in);
    }
    if (made) {
        made = write_file_durably(config_.run_dir / postgres::recovery_conf, "");
    }
    if (!made) {
        co_return tl::unexpected(made.error());
    }
    const postgres::RecoveryPlace place{config_.run_dir, config_.run_dir};
    const RestoreTarget none;
    auto command = postgres::tool(config_.bin_dir, "postgres", {"-D", config_.data_dir.string()});
    command.folder = config_.data_dir;
    for (auto& argument : postgres::recovery_arguments(config_, postgres::parse_settings(*settings),
                                                       place, none, control->checkpoint_timeline)) {
        command.argv.push_back(std::move(argument));
    }
    co_return command;
}

Awaitable<Result<void>> PostgresSnapshots::serve_for_proof(std::shared_ptr<Proof> proof,
                                                           Command command, Deadline deadline) {
    std::function<void(std::string_view)> on_line = [proof](std::string_view line) {
        proof->ready = proof->log.take(line) || proof->ready;
    };
    const auto ran = co_await run_tool(std::move(command), deadline, std::move(on_line));
    proof->ended = true;
    if (!ran) {
        co_return tl::unexpected(ran.error());
    }
    if (ran->exit_status != 0) {
        co_return fail(Errc::refused, proof->log.trouble().empty() ? postgres::one_line(ran->output)
                                                                   : proof->log.trouble());
    }
    co_return Result<void>{};
}

Awaitable<Result<void>> PostgresSnapshots::run_script(Questions questions, Deadline deadline) {
    if (questions.database.empty()) {
        questions.database = "postgres";
    }
    auto command = postgres::tool(
        config_.bin_dir, "psql",
        {"--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--single-transaction",
         "--output=/dev/null", "--host=" + config_.run_dir.string(),
         "--port=" + std::to_string(config_.port), "--username=" + std::string(postgres::superuser),
         "--dbname=" + questions.database, "--file=" + questions.script.string()});
    command.folder = config_.run_dir;
    const auto ran = co_await run_tool(std::move(command), deadline);
    if (!ran) {
        co_return within("psql", ran.error());
    }
    if (ran->exit_status != 0) {
        co_return fail(Errc::refused, postgres::one_line(ran->output));
    }
    co_return Result<void>{};
}

Awaitable<Result<void>> PostgresSnapshots::end_server(std::shared_ptr<Proof> proof) {
    if (const auto server = driver_.running_server(); server && !proof->ended) {
        ::kill(server->pid, SIGINT);
    }
    const auto patience = Deadline::in(stops_within);
    while (!proof->ended && !patience.passed()) {
        co_await pause_for(look_again);
    }
    auto folder = config_.data_dir;
    std::optional<ProcessId> nobody;
    const auto soon = Deadline::in(stops_within);
    co_return co_await kill_all_in(std::move(folder), nobody, soon);
}

Awaitable<Result<void>> PostgresSnapshots::ask_for_proof(std::shared_ptr<Proof> proof,
                                                         Questions questions,
                                                         OnProgress on_progress,
                                                         Deadline deadline) {
    while (!proof->ready && !proof->ended && !deadline.passed()) {
        co_await pause_for(look_again);
    }
    Result<void> found = fail(Errc::refused, "its server did not come up");
    if (proof->ready) {
        found = co_await examine_tables(std::move(on_progress), deadline);
    }
    if (found && !questions.script.empty()) {
        const auto script = questions.script.string();
        found = co_await run_script(std::move(questions), deadline);
        if (!found) {
            found = within(script, found.error());
        }
    }
    const auto ended = co_await end_server(proof);
    co_return found ? ended : found;
}

Awaitable<Result<void>> PostgresSnapshots::prove(Questions questions, OnProgress on_progress,
                                                 Deadline deadline) {
    using namespace asio::experimental::awaitable_operators;
    const auto doing = fmt::format("ask the restored {}", config_.data_dir.string());
    auto command = co_await server_to_ask(deadline);
    if (!command) {
        co_return within(doing, command.error());
    }
    const auto proof = std::make_shared<Proof>();
    auto serving = serve_for_proof(proof, std::move(*command), deadline);
    auto asking = ask_for_proof(proof, std::move(questions), std::move(on_progress), deadline);
    const auto [served, found] = co_await (std::move(serving) && std::move(asking));
    if (!proof->ready && !served) {
        co_return within(doing, served.error());
    }
    if (!found) {
        co_return within(doing, found.error());
    }
    co_return Result<void>{};
}

} // namespace lockstep
