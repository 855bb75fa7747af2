#include <spdlog/fmt/fmt.h>

#include "drivers/common/run_until.h"
#include "drivers/common/transactions_page.h"
#include "drivers/postgres/history.h"
#include "drivers/postgres/postgres_driver.h"
#include "drivers/postgres/text.h"
#include "drivers/postgres/transactions.h"
#include "platform/files.h"

/// What the log that R8 kept says, for people.
namespace lockstep {

namespace fs = std::filesystem;
using postgres::format_lsn;

namespace {

constexpr std::uint64_t most_records = 20'000'000;

constexpr auto heading =
    "Transactions that only the old primary had, in the order of their ends: number,\n"
    "how it ended, where, how many changes, and in what relations (tablespace/database/\n"
    "file: `select pg_filenode_relation(0, FILE)` in that database names one that still exists).";

/// A stretch of the kept log on one timeline.
struct Part {
    postgres::Timeline timeline = 0;
    std::uint64_t begin = 0;
    std::optional<std::uint64_t> end;
};

/// Every timeline that the log from the fork on may be of, oldest first, as judge_log() goes.
std::vector<Part> parts_of(const fs::path& wal, postgres::Timeline first,
                           postgres::Timeline current, std::uint64_t fork) {
    std::vector<Part> parts;
    const auto newest = postgres::newest_timeline(wal, current);
    const auto whole = postgres::read_descent(wal, newest);
    for (auto timeline = first; whole && timeline <= newest; ++timeline) {
        const auto stretch = postgres::stretch_of(*whole, timeline);
        if (stretch && (!stretch->end || *stretch->end > fork)) {
            parts.push_back({timeline, std::max(fork, stretch->begin), stretch->end});
        }
    }
    return parts;
}

std::vector<std::string> dump_arguments(const fs::path& wal, const Part& part) {
    std::vector<std::string> arguments = {"--path",     wal.string(),
                                          "--timeline", std::to_string(part.timeline),
                                          "--start",    format_lsn(part.begin)};
    if (part.end) {
        arguments.insert(arguments.end(), {"--end", format_lsn(*part.end)});
    }
    return arguments;
}

std::string command_line(const Command& command) {
    std::string text;
    for (const auto& word : command.argv) {
        text += (text.empty() ? "" : " ") + word;
    }
    return text;
}

/// What the collecting of one copy's records has come to.
struct Collecting {
    explicit Collecting(const fs::path& kept)
        : page(kept / "transactions.txt", heading),
          transactions([this](const KeptTransaction& transaction) { page.add(transaction); }) {}
    TransactionsPage page;
    postgres::Transactions transactions;
    std::string last; // Where the last record is.
};

} // namespace

Awaitable<Result<DecodedLog>> PostgresDriver::decode(fs::path kept, std::uint64_t fork,
                                                     Deadline deadline) {
    const auto doing = "decode the log kept in " + kept.string();
    const auto wal = kept / "pg_wal";
    const auto control = co_await control_data_of(kept, deadline);
    if (!control) {
        co_return within(doing, control.error());
    }
    const auto first = postgres::timeline_at(wal, control->checkpoint_timeline, fork);
    if (!first) {
        co_return within(doing, first.error());
    }
    const auto collecting = std::make_shared<Collecting>(kept);
    std::string end;
    std::string read_with;
    for (const auto& part : parts_of(wal, *first, control->checkpoint_timeline, fork)) {
        collecting->last.clear();
        std::function<bool(std::string_view)> enough = [collecting](std::string_view line) {
            if (const auto record = postgres::parse_log_record(line)) {
                collecting->last = record->position;
                collecting->transactions.take(*record);
            }
            return collecting->transactions.records() >= most_records;
        };
        auto dump = tool("pg_waldump", dump_arguments(wal, part));
        dump.env.emplace_back("TZ=UTC");
        read_with += (read_with.empty() ? "" : "; ") + command_line(dump);
        const auto ran = co_await run_until(std::move(dump), std::move(enough), deadline);
        if (!ran) {
            co_return within(doing, ran.error());
        }
        if (!collecting->last.empty()) {
            end = fmt::format("{} on timeline {}", collecting->last, part.timeline);
        }
    }
    collecting->transactions.finish();
    if (auto written = collecting->page.finish(); !written) {
        co_return within(doing, written.error());
    }
    auto decoded = collecting->transactions.result();
    decoded.done = true;
    decoded.end = end;
    decoded.read_with = read_with;
    if (collecting->transactions.records() >= most_records) {
        decoded.trouble = fmt::format("only the first {} records were decoded", most_records);
    }
    co_return decoded;
}

} // namespace lockstep
