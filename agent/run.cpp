#include "agent/run.h"

#include <csignal>
#include <iostream>
#include <iterator>

#include <unistd.h>

#include "agent/agent.h"
#include "agent/coroutine.h"
#include "agent/engines.h"
#include "agent/examine.h"
#include "agent/join.h"
#include "agent/repositories.h"
#include "platform/files.h"
#include "platform/log.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr int ended = 0;
constexpr int start_failed = 1;
constexpr int usage = 2;
constexpr std::chrono::seconds longest_join{20};
constexpr std::size_t largest_token_bytes = 16384;

int refuse(std::string_view what, const Error& error, int status) {
    std::cerr << "lockstepd " << what << ": " << error.message << "\n";
    return status;
}

Result<void> make_folder(const fs::path& folder, const std::string& key) {
    std::error_code trouble;
    fs::create_directories(folder, trouble);
    if (trouble) {
        return fail(Errc::refused,
                    key + " " + folder.string() + " cannot be made: " + trouble.message());
    }
    if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0) {
        return fail(Errc::refused, key + " " + folder.string() + " cannot be written by this user");
    }
    return {};
}

/// Two agents never share a state folder or a data folder.
struct Locks {
    FileLock state;
    FileLock data;
};

Result<Locks> take_locks(const AgentConfig& config) {
    auto state = FileLock::take(config.state_dir / "lock");
    if (!state) {
        return within("another agent uses this state_dir", state.error());
    }
    const auto& data_dir = config.database.data_dir;
    // Beside the folder, not in it: a clone wants it empty.
    const auto beside = data_dir.parent_path() / ("." + data_dir.filename().string() + ".lock");
    auto data = FileLock::take(beside);
    if (!data) {
        return within(config.database.engine + ".data_dir cannot be taken by this agent",
                      data.error());
    }
    return Locks{std::move(*state), std::move(*data)};
}

Result<void> prepare_machine(const AgentConfig& config) {
    auto done = check_installation(config);
    if (done) {
        done = make_folder(config.state_dir, "state_dir");
    }
    if (done) {
        done = make_folder(config.run_dir, "run_dir");
    }
    if (done) {
        done = make_folder(config.database.data_dir.parent_path(),
                           "the folder above " + config.database.engine + ".data_dir,");
    }
    return done ? become_subreaper() : done;
}

/// SIGPWR ends the database, too: the host goes down, or the unit is stopped. After the other
/// signals it goes on, and the next agent adopts it.
Awaitable<void> until_signalled(asio::io_context& context, Agent& agent, Result<void>* outcome) {
    asio::signal_set signals(context, SIGTERM, SIGINT, SIGPWR);
    const auto [failed, number] = co_await signals.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!failed && number == SIGPWR) {
        *outcome = co_await agent.end_database();
        if (*outcome) {
            spdlog::info("ends, and no process of the database is left");
        }
    } else {
        spdlog::info("ends; the database, if it runs, goes on");
    }
    context.stop();
}

/// An engine for a folder that is made and deleted for each proof. Its name is one that nobody
/// else gives to a folder.
Proving::Means proving_means(const asio::any_io_executor& executor, const AgentConfig& config,
                             const Identity& identity) {
    Proving::Means means;
    if (config.proof.folder.empty()) {
        return means;
    }
    means.sandbox = config.proof.folder / "lockstep-proof";
    auto beside = config;
    beside.database.data_dir = means.sandbox / "data";
    beside.run_dir = means.sandbox / "run";
    means.engine = make_snapshot_engine(executor, beside, identity);
    means.questions = {config.proof.database, config.proof.script};
    return means;
}

Archivist::Means snapshot_means(const asio::any_io_executor& executor, const AgentConfig& config,
                                const Identity& identity) {
    Archivist::Means means;
    means.engine = make_snapshot_engine(executor, config, identity);
    means.scratch = config.state_dir / "restore";
    means.repository = make_repositories(config);
    means.proving = proving_means(executor, config, identity);
    return means;
}

Result<void> serve(asio::io_context& context, const AgentConfig& config, Identity identity) {
    auto memory = Memory::open(config.state_dir, identity.store_id, context.get_executor());
    if (!memory) {
        return tl::unexpected(memory.error());
    }
    auto driver = make_driver(context.get_executor(), config, identity);
    auto snapshots = snapshot_means(context.get_executor(), config, identity);
    Agent agent(context.get_executor(), {config, std::move(identity), std::move(driver),
                                         std::move(*memory), std::move(snapshots)});
    if (auto listening = agent.listen(); !listening) {
        return listening;
    }
    agent.begin();
    Result<void> outcome;
    start_coroutine(context.get_executor(), until_signalled(context, agent, &outcome));
    context.run();
    return outcome;
}

int start_agent(const AgentConfig& config) {
    auto identity = load_identity(config.state_dir);
    if (!identity) {
        return refuse("agent", identity.error(), start_failed);
    }
    if (auto good = check_database(config, *identity); !good) {
        return refuse("agent", good.error(), usage);
    }
    if (auto prepared = prepare_machine(config); !prepared) {
        return refuse("agent", prepared.error(), start_failed);
    }
    const auto locks = take_locks(config);
    if (!locks) {
        return refuse("agent", locks.error(), start_failed);
    }
    asio::io_context context(1);
    if (auto served = serve(context, config, std::move(*identity)); !served) {
        return refuse("agent", served.error(), start_failed);
    }
    return ended;
}

Result<std::string> read_token(const std::optional<fs::path>& file) {
    if (file) {
        return read_file(*file, largest_token_bytes);
    }
    std::string text(std::istreambuf_iterator<char>(std::cin), {});
    if (text.size() > largest_token_bytes) {
        return fail(Errc::refused, "standard input: this is no join token");
    }
    return text;
}

Awaitable<void> join_once(AgentConfig config, JoinToken token, Result<void>* outcome) {
    const auto deadline = Deadline::in(longest_join);
    *outcome = co_await join(std::move(config), std::move(token), deadline);
}

Awaitable<void> examine_once(fs::path file, Examination* made) {
    *made = co_await examine(std::move(file));
}

} // namespace

int run_check(const fs::path& config_path, bool json) {
    asio::io_context context(1);
    Examination made;
    start_coroutine(context.get_executor(), examine_once(config_path, &made));
    context.run();
    std::cout << (json ? to_json(made) + "\n" : to_text(made)) << std::flush;
    return refuses(made) ? start_failed : ended;
}

int run_agent(const fs::path& config_path) {
    const auto config = load_agent_config(config_path, database_findings);
    if (!config) {
        return refuse("agent", config.error(), usage);
    }
    std::signal(SIGPIPE, SIG_IGN);
    start_log("agent " + config->name);
    return start_agent(*config);
}

int run_join(const fs::path& config_path, const std::optional<fs::path>& token_file) {
    const auto config = load_agent_config(config_path);
    if (!config) {
        return refuse("join", config.error(), usage);
    }
    const auto text = read_token(token_file);
    if (!text) {
        return refuse("join", text.error(), start_failed);
    }
    auto token = parse_token(*text);
    if (!token) {
        return refuse("join", token.error(), start_failed);
    }
    asio::io_context context(1);
    Result<void> outcome;
    start_coroutine(context.get_executor(), join_once(*config, std::move(*token), &outcome));
    context.run();
    if (!outcome) {
        return refuse("join", outcome.error(), start_failed);
    }
    std::cout << "joined as " << config->name << "; the identity is in "
              << identity_folder(config->state_dir).string() << "\n";
    return ended;
}

} // namespace lockstep
