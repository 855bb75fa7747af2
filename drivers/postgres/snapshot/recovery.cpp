#include "drivers/postgres/snapshot/recovery.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <set>

#include <spdlog/fmt/fmt.h>

#include "drivers/postgres/text.h"
#include "drivers/postgres/ticket.h"
#include "platform/clock.h"

namespace lockstep::postgres {
namespace {

/// What replay needs room for in memory, and must not be lower than it was on the source: prepared
/// transactions and their locks come back at the end of recovery.
const std::set<std::string>& recovery_depends_on() {
    static const std::set<std::string> names = {
        "max_connections",           "max_worker_processes", "max_prepared_transactions",
        "max_locks_per_transaction", "max_wal_senders",      "track_commit_timestamp"};
    return names;
}

/// These would make the restored server write where the source does.
const std::set<std::string>& strange_names() {
    static const std::set<std::string> names = {"archive_mode", "archive_command",
                                                "archive_library"};
    return names;
}

std::string quote_for_shell(const std::string& path) {
    std::string quoted = "'";
    for (const char letter : path) {
        if (letter == '\'') {
            quoted += "'\\''";
        } else if (letter == '%') { // The engine's own sign, before the shell sees it.
            quoted += "%%";
        } else {
            quoted += letter;
        }
    }
    return quoted + "'";
}

/// A file that is not there is no trouble: so the end of the log is found.
std::string restore_command(const std::filesystem::path& log) {
    const auto from = quote_for_shell(log.string() + "/");
    return fmt::format("test -e {0}%f && cp {0}%f \"%p\"", from);
}

/// "2026-11-22 21:33:20.123+00": the engine reads its settings before it knows what "Z" is.
std::string in_utc(std::int64_t unix_ms) {
    auto text = format_time(unix_ms); // "2026-11-22T21:33:20.123Z"
    text[text.find('T')] = ' ';
    text.pop_back();
    return text + "+00";
}

void add_target(const RestoreTarget& target, Settings& out) {
    if (target.unix_ms) {
        out.emplace_back("recovery_target_time", in_utc(*target.unix_ms));
    } else if (target.position) {
        // A record that begins at the position is the first that it does not include.
        out.emplace_back("recovery_target_lsn", format_lsn(target.position->offset_bytes));
        out.emplace_back("recovery_target_inclusive", "off");
    } else if (!target.transaction.empty()) {
        out.emplace_back("recovery_target_xid", target.transaction);
        out.emplace_back("recovery_target_inclusive", target.exclusive ? "off" : "on");
    } else if (!target.name.empty()) {
        out.emplace_back("recovery_target_name", target.name);
    } else if (target.consistent) {
        out.emplace_back("recovery_target", "immediate");
    }
}

std::string value_or(const Settings& settings, std::string_view name, std::string otherwise) {
    for (const auto& [key, value] : settings) {
        if (key == name) {
            return value;
        }
    }
    return otherwise;
}

/// What stands after `words` in a line; empty: they are not in it.
std::string_view after(std::string_view line, std::string_view words) {
    const auto at = line.find(words);
    return at == std::string_view::npos ? std::string_view{} : line.substr(at + words.size());
}

std::optional<std::int64_t> digits(std::string_view text, std::size_t at, std::size_t count) {
    if (text.size() < at + count) {
        return std::nullopt;
    }
    std::int64_t number = 0;
    const auto* const end = text.data() + at + count;
    const auto parsed = std::from_chars(text.data() + at, end, number);
    return parsed.ec == std::errc{} && parsed.ptr == end ? std::optional(number) : std::nullopt;
}

} // namespace

std::vector<std::string> recovery_arguments(const Config& config, const Settings& source,
                                            const RecoveryPlace& place, const RestoreTarget& target,
                                            Timeline timeline) {
    Settings settings = {
        {"config_file", (place.folder / recovery_conf).string()},
        {"hba_file", (place.folder / recovery_hba).string()},
        {"ident_file", (place.folder / recovery_conf).string()},
        {"external_pid_file", ""},
        {"listen_addresses", ""},
        {"unix_socket_directories", place.folder.string()},
        {"port", std::to_string(config.port)},
        {"ssl", "off"},
        {"archive_mode", "off"},
        {"wal_level", "replica"},
        {"hot_standby", "off"},
        {"primary_conninfo", ""},
        {"autovacuum", "off"},
        {"max_logical_replication_workers", "0"},
        {"shared_preload_libraries", ""},
        {"session_preload_libraries", ""},
        {"local_preload_libraries", ""},
        {"synchronous_standby_names", ""},
        {"fsync", "on"},
        {"full_page_writes", "on"},
        {"restart_after_crash", "off"},
        {"logging_collector", "off"},
        {"log_destination", "stderr"},
        {"log_min_messages", "warning"},
        {"log_line_prefix", ""},
        {"lc_messages", "C"},
        {"timezone", "UTC"},
        {"log_timezone", "UTC"},
        {"datestyle", "ISO"},
        {"checkpoint_timeout", "5min"},
        {"max_wal_size", "1GB"},
        {"shared_buffers", value_or(config.settings, "shared_buffers", "128MB")},
        {"restore_command", restore_command(place.log)},
        {"recovery_end_command", ""},
        {"archive_cleanup_command", ""},
        {"recovery_target_timeline", std::to_string(timeline)},
        {"recovery_target_action", "promote"},
    };
    for (const auto& [name, value] : source) {
        if (recovery_depends_on().contains(name)) {
            settings.emplace_back(name, value);
        }
    }
    add_target(target, settings);
    std::vector<std::string> arguments;
    for (const auto& [name, value] : settings) {
        arguments.emplace_back("-c");
        arguments.push_back(fmt::format("{}={}", name, value));
    }
    return arguments;
}

std::string render_history_file(const Descent& descent) {
    std::string text;
    for (const auto& ancestor : descent.ancestors) {
        text += fmt::format("{}\t{}\tgiven by Lockstep\n", ancestor.timeline,
                            format_lsn(ancestor.left_at));
    }
    return text;
}

Descent begun_at(const Descent& followed, std::uint64_t end, Timeline own) {
    Descent descent{{}, own};
    for (const auto& ancestor : followed.ancestors) {
        if (end < ancestor.left_at) {
            descent.ancestors.push_back({ancestor.timeline, end});
            return descent;
        }
        descent.ancestors.push_back(ancestor);
    }
    descent.ancestors.push_back({followed.timeline, end});
    return descent;
}

Result<std::uint64_t> begin_in_history_file(std::string_view content) {
    Result<std::uint64_t> begin = fail(Errc::corrupt, "a history file without any line");
    for (const auto line : lines_of(content)) {
        const auto tab = line.find('\t');
        if (tab != std::string_view::npos && !line.starts_with('#')) {
            const auto place = line.substr(tab + 1);
            begin = parse_lsn(place.substr(0, place.find('\t')));
        }
    }
    return begin;
}

std::string without_strange_settings(std::string_view text) {
    return without_settings(text, strange_names());
}

std::string restored_conf(std::string_view postgresql_conf, const std::filesystem::path& ticket) {
    const auto include = fmt::format("include_if_exists '{}'", restored_settings);
    const auto own = without_strange_settings(postgresql_conf);
    std::string text;
    for (const auto line : lines_of(own)) {
        if (line != include) {
            text += line;
            text += '\n';
        }
    }
    return with_ticket_included(text + include + "\n", ticket);
}

bool has_target(const RestoreTarget& target) {
    return !(target == RestoreTarget{});
}

std::string in_words(const RestoreTarget& target) {
    if (target.unix_ms) {
        return "the time " + format_time(*target.unix_ms);
    }
    if (target.position) {
        return fmt::format("the position {} on {}", format_lsn(target.position->offset_bytes),
                           target.position->history.text);
    }
    if (!target.transaction.empty()) {
        return "the transaction " + target.transaction;
    }
    if (!target.name.empty()) {
        return "the restore point " + target.name;
    }
    return target.consistent ? "the snapshot's own end" : "the end of the log";
}

bool RecoveryLog::take(std::string_view line) {
    if (line.find("LOG:  restored log file \"") != std::string_view::npos) {
        ++segments_;
    }
    if (const auto time = after(line, "last completed transaction was at log time ");
        !time.empty()) {
        last_commit_us_ = parse_utc_us(time).value_or(0);
    }
    if (const auto place = after(line, "redo done at "); !place.empty()) {
        last_record_ = std::string(place.substr(0, place.find(' ')));
    }
    fell_short_ = fell_short_ || line.find("recovery ended before configured recovery target was "
                                           "reached") != std::string_view::npos;
    for (const std::string_view word : {"FATAL:  ", "PANIC:  "}) {
        if (const auto what = after(line, word); !what.empty() && trouble_.empty()) {
            trouble_ = std::string(what);
        }
    }
    const bool now = line.ends_with("database system is ready to accept connections");
    ready_ = ready_ || now;
    return now;
}

std::optional<std::int64_t> parse_utc_us(std::string_view text) {
    using namespace std::chrono;
    constexpr std::string_view form = "0000-00-00 00:00:00";
    const auto year = digits(text, 0, 4);
    const auto month = digits(text, 5, 2);
    const auto day = digits(text, 8, 2);
    const auto hour = digits(text, 11, 2);
    const auto minute = digits(text, 14, 2);
    const auto second = digits(text, 17, 2);
    if (!year || !month || !day || !hour || !minute || !second) {
        return std::nullopt;
    }
    text.remove_prefix(form.size());
    std::int64_t us = 0;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        std::int64_t unit = 100000;
        for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; unit /= 10) {
            us += (text.front() - '0') * unit;
            text.remove_prefix(1);
        }
    }
    if (!text.starts_with("+00")) {
        return std::nullopt;
    }
    const std::chrono::sys_days date = std::chrono::year(static_cast<int>(*year)) /
                                       std::chrono::month(static_cast<unsigned>(*month)) /
                                       std::chrono::day(static_cast<unsigned>(*day));
    const auto days = date.time_since_epoch().count();
    return ((days * 24 + *hour) * 60 + *minute) * 60'000'000 + *second * 1'000'000 + us;
}

} // namespace lockstep::postgres
