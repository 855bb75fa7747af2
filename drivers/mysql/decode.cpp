#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "drivers/common/entries.h"
#include "drivers/common/run_until.h"
#include "drivers/common/transactions_page.h"
#include "drivers/mysql/flavour.h"
#include "drivers/mysql/kept_log.h"
#include "drivers/mysql/mysql_driver.h"
#include "platform/files.h"

/// What the log that R8 kept says, for people.
namespace lockstep {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t most_lines = 50'000'000;
constexpr auto heading =
    "Transactions that only the old primary had, in their order: GTID, how it ended, where it\n"
    "ended, how many rows it changed, and in what tables (or its statement).";

struct Collecting {
    explicit Collecting(const fs::path& kept)
        : page(kept / "transactions.txt", heading),
          text([this](const KeptTransaction& transaction) { page.add(transaction); }) {}
    TransactionsPage page;
    mysql::LoggedText text;
};

/// The files of the log in their order, from the first on.
Result<std::vector<std::string>> kept_files(const fs::path& kept, const std::string& first) {
    const auto entries = entries_of(kept);
    if (!entries) {
        return tl::unexpected(entries.error());
    }
    const auto stem = first.substr(0, first.rfind('.') + 1);
    std::vector<std::string> files;
    for (const auto& entry : *entries) {
        const auto name = entry.filename().string();
        if (name.starts_with(stem) && name.size() >= first.size() && name >= first) {
            files.push_back(entry.string());
        }
    }
    std::ranges::sort(files);
    return files;
}

std::string command_line(const Command& command) {
    std::string text;
    for (const auto& word : command.argv) {
        text += (text.empty() ? "" : " ") + word;
    }
    return text;
}

} // namespace

Awaitable<Result<DecodedLog>> MysqlDriver::decode(fs::path kept, std::uint64_t, Deadline deadline) {
    const auto doing = "decode the log kept in " + kept.string();
    const auto readme = read_file(kept / "README.txt");
    if (!readme) {
        co_return within(doing, readme.error());
    }
    const auto log = mysql::parse_readme(*readme);
    if (!log) {
        co_return within(doing, log.error());
    }
    const auto files = kept_files(kept, log->first_file);
    if (!files) {
        co_return within(doing, files.error());
    }
    std::vector<std::string> arguments = {"--no-defaults", "--base64-output=decode-rows",
                                          "--verbose",
                                          fmt::format("--start-position={}", log->offset_bytes)};
    arguments.insert(arguments.end(), files->begin(), files->end());
    auto command = tool(mysql::words(config_.flavour).log_decoder, std::move(arguments));
    const auto read_with = command_line(command);
    const auto collecting = std::make_shared<Collecting>(kept);
    std::function<bool(std::string_view)> enough = [collecting](std::string_view line) {
        collecting->text.take(line);
        return collecting->text.lines() >= most_lines;
    };
    const auto ran = co_await run_until(std::move(command), std::move(enough), deadline);
    if (!ran) {
        co_return within(doing, ran.error());
    }
    collecting->text.finish();
    if (auto written = collecting->page.finish(); !written) {
        co_return within(doing, written.error());
    }
    auto decoded = collecting->text.result();
    decoded.done = true;
    decoded.read_with = read_with;
    decoded.end = fs::path(files->back()).filename().string();
    if (!*ran) {
        decoded.trouble = fmt::format("only the first {} lines were decoded", most_lines);
    } else if ((*ran)->exit_status != 0) {
        // What a crash tore off at the end is no trouble; the rest was decoded.
        decoded.trouble = "its end is torn off: " + read_with + " exits with " +
                          std::to_string((*ran)->exit_status);
    }
    co_return decoded;
}

} // namespace lockstep
