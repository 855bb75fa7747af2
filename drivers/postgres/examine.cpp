#include <spdlog/fmt/fmt.h>

#include "drivers/common/scratch_folder.h"
#include "drivers/common/small_files.h"
#include "drivers/postgres/postgres_driver.h"
#include "drivers/postgres/text.h"
#include "drivers/postgres/version.h"

/// What an operator is told before an agent is trusted with a database: looked at on the program
/// and the running server.
namespace lockstep {

namespace fs = std::filesystem;

namespace {

/// What the server says to the user's settings, without the time and the path of the file.
std::string complaint_in(std::string_view line, const std::string& file) {
    for (const std::string_view mark : {" LOG:  ", " FATAL:  ", " WARNING:  "}) {
        const auto at = line.find(mark);
        if (at == std::string_view::npos) {
            continue;
        }
        std::string words(line.substr(at + mark.size()));
        const auto in_file = " in file \"" + file + "\"";
        if (const auto from = words.find(in_file); from != std::string::npos) {
            words.erase(from); // And its line, which is none of the agent's file.
        }
        const bool about_files = words.starts_with("skipping missing configuration file") ||
                                 words.find(file) != std::string::npos;
        return about_files ? std::string{} : words;
    }
    return {};
}

/// The setting that a complaint is about; "settings" if it does not tell.
std::string key_of(const std::string& words, const postgres::Settings& settings) {
    for (const auto& [name, value] : settings) {
        if (words.find("\"" + name + "\"") != std::string::npos) {
            return "settings." + name;
        }
    }
    return "settings";
}

} // namespace

Awaitable<Findings> PostgresDriver::examine_program(Deadline deadline) {
    Findings found;
    const auto server = config_.bin_dir / "postgres";
    std::error_code gone;
    if (!fs::exists(server, gone)) {
        co_return found; // Whoever asks has seen that.
    }
    auto ask = tool("postgres", {"--version"});
    const auto told = co_await run_tool(std::move(ask), deadline);
    const int version = told ? postgres::version_in(told->output) : 0;
    const auto unfit =
        version == 0 ? "its version cannot be told" : postgres::unfit_version(version);
    if (!unfit.empty()) {
        found.push_back(refused("bin_dir", server.string() + ": " + unfit,
                                "install a later version, or name the folder of one"));
    }
    const auto scratch = ScratchFolder::make();
    const auto file = scratch ? scratch->path() / "postgresql.conf" : fs::path{};
    std::string text;
    for (const auto& [name, value] : config_.settings) {
        text += fmt::format("{} = {}\n", name, postgres::quote_setting(value));
    }
    const auto written =
        scratch ? replace_file(file, text, 0600) : Result<bool>(tl::unexpected(scratch.error()));
    if (!written) {
        found.push_back(refused("", written.error().message, "make room, or set TMPDIR"));
        co_return found;
    }
    // It reads its configuration, prints one setting, and ends.
    auto command = tool("postgres", {"-C", "work_mem", "-D", scratch->path().string()});
    const auto complaints = std::make_shared<std::vector<std::string>>();
    std::function<void(std::string_view)> on_line = [complaints, file](std::string_view line) {
        if (auto words = complaint_in(line, file.string()); !words.empty()) {
            complaints->push_back(std::move(words));
        }
    };
    const auto ran = co_await run_tool(std::move(command), deadline, std::move(on_line));
    if (!ran) {
        found.push_back(refused("bin_dir", server.string() + ": " + ran.error().message,
                                "see that this user can run it"));
    }
    for (const auto& words : *complaints) {
        found.push_back(
            refused(key_of(words, config_.settings), words, "mend it: the server would not start"));
    }
    co_return found;
}

Awaitable<Findings> PostgresDriver::examine_server(Deadline deadline) {
    Findings found;
    const auto process = running_server();
    if (!process) {
        co_return found;
    }
    const auto report = co_await observe(deadline);
    if (!report || report->state == ServerState::starting) {
        found.push_back(
            refused("",
                    fmt::format("process {} runs on {} and does not answer: {}", process->pid,
                                config_.data_dir.string(),
                                report ? "it is starting" : report.error().message),
                    "run this as the agent's user; if no agent started that server, stop it and "
                    "mask its unit"));
        co_return found;
    }
    if (!report->lowered.empty()) {
        found.push_back(
            refused("", "RPO 0 is not in force: " + report->lowered,
                    "undo it; while a standby is in sync the agent narrows the record"));
    }
    if (!report->unfit.empty()) {
        found.push_back(
            refused("", "it cannot be in sync: " + report->unfit, "let its agent start it again"));
    }
    const auto session = sessions_.watch;
    const auto shared = co_await shared_bypasses(session, deadline);
    if (shared) {
        found.insert(found.end(), shared->begin(), shared->end());
    }
    const auto names = co_await databases(session, deadline);
    for (const auto& name : names.value_or(std::vector<std::string>{})) {
        const auto bypasses = co_await bypasses_in(name, deadline);
        if (bypasses) {
            found.insert(found.end(), bypasses->begin(), bypasses->end());
        } else {
            found.push_back({Finding::Weight::reported,
                             {},
                             {},
                             "database " + name + " is not looked at: " + bypasses.error().message,
                             "let its owner look for what sets synchronous_commit there"});
        }
    }
    if (!shared || !names) {
        found.push_back(refused("",
                                "what lowers RPO 0 is not known: " +
                                    (shared ? names.error() : shared.error()).message,
                                "see the server's log"));
    }
    for (auto& finding : found) {
        finding.place = fmt::format("the server at {}:{}", config_.address, config_.port);
    }
    co_return found;
}

Awaitable<Findings> PostgresDriver::examine(Deadline deadline) {
    auto found = co_await examine_program(deadline);
    const auto of_server = co_await examine_server(deadline);
    found.insert(found.end(), of_server.begin(), of_server.end());
    co_return found;
}

} // namespace lockstep
