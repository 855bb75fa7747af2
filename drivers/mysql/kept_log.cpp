#include "drivers/mysql/kept_log.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <spdlog/fmt/fmt.h>

namespace lockstep::mysql {
namespace {

constexpr std::string_view file_line = "First file: ";
constexpr std::string_view offset_line = "From byte: ";
constexpr std::size_t most_objects = 8;
constexpr std::size_t most_transactions = 200;
constexpr std::size_t most_of_a_statement = 120;
constexpr std::string_view heartbeat_table = "lockstep.heartbeat";

std::optional<std::uint64_t> number_at(std::string_view text) {
    std::uint64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    return read.ec == std::errc{} ? std::optional(number) : std::nullopt;
}

/// What stands between two marks; empty if they are not there.
std::string_view between(std::string_view text, std::string_view begin, std::string_view end) {
    const auto from = text.find(begin);
    if (from == std::string_view::npos) {
        return {};
    }
    const auto rest = text.substr(from + begin.size());
    return rest.substr(0, std::min(rest.find(end), rest.size()));
}

/// `251125 16:20:45` or `251125  6:20:45` as people read it.
std::string time_in(std::string_view stamp) {
    if (stamp.size() < 15) {
        return {};
    }
    const auto hour =
        stamp[7] == ' ' ? "0" + std::string(stamp.substr(8, 1)) : std::string(stamp.substr(7, 2));
    return fmt::format("20{}-{}-{} {}{} UTC", stamp.substr(0, 2), stamp.substr(2, 2),
                       stamp.substr(4, 2), hour, stamp.substr(9, 6));
}

/// `shop`.`orders` without the quotation marks.
std::string plain_table(std::string_view quoted) {
    std::string table;
    for (const char letter : quoted) {
        if (letter != '`') {
            table += letter;
        }
    }
    while (!table.empty() && (table.back() == ' ' || table.back() == '\r')) {
        table.pop_back();
    }
    return table;
}

/// What the tools themselves say, which is nobody's statement.
bool is_of_the_tool(std::string_view line) {
    for (const std::string_view begin :
         {"/*!", "/*M!", "SET ", "DELIMITER", "use ", "#", "BINLOG ", "ROLLBACK /*",
          "START TRANSACTION", "XA END", "XA PREPARE", "BEGIN"}) {
        if (line.starts_with(begin)) {
            return true;
        }
    }
    return line.empty() || line == "/*!*/;";
}

} // namespace

Result<PlaceInLog> start_in(std::string_view fork, const std::vector<std::filesystem::path>& files,
                            std::uint64_t end_bytes) {
    const auto name = between(fork, "(", ",");
    if (name.empty()) {
        if (fork.starts_with("after ")) {
            return PlaceInLog{files.size() - 1, end_bytes};
        }
        return fail(Errc::refused, "the log since the fork is no longer whole (it began before the "
                                   "oldest file): move the data folder away by hand to keep its "
                                   "changes");
    }
    const auto offset = number_at(between(fork, ", byte ", ")"));
    for (std::size_t at = 0; offset && at < files.size(); ++at) {
        if (files[at].filename() == name) {
            return PlaceInLog{at, *offset};
        }
    }
    return fail(Errc::refused, fmt::format("the log file {} of the fork is gone: move the data "
                                           "folder away by hand to keep its changes",
                                           name));
}

std::string render_readme(const KeptLog& kept, const About& about) {
    return fmt::format(
        "Lockstep kept this before it replaced the data in {}.\n\n"
        "When:            {}\nDatabase:        system id {}\n"
        "Last common:     {}\nWhy it diverged: {}\n{}{}\n{}{}\n\n"
        "These files of the binary log hold every change that this member made and its new "
        "primary\n"
        "does not have. To read them (further files in their order behind the first):\n\n"
        "    {} --base64-output=decode-rows --verbose --start-position={} {}\n\n"
        "Delete this folder when nobody needs it.\n",
        about.data, about.when, about.system_id, about.fork, about.why, file_line, kept.first_file,
        offset_line, kept.offset_bytes, about.decoder, kept.offset_bytes, kept.first_file);
}

Result<KeptLog> parse_readme(std::string_view readme) {
    KeptLog kept;
    kept.first_file = between(readme, fmt::format("\n{}", file_line), "\n");
    const auto offset = number_at(between(readme, fmt::format("\n{}", offset_line), "\n"));
    if (kept.first_file.empty() || !offset || kept.first_file.find('/') != std::string::npos) {
        return fail(Errc::corrupt, "the copy's README.txt does not say where its log begins");
    }
    kept.offset_bytes = *offset;
    return kept;
}

void LoggedText::end(const char* how) {
    if (!open_) {
        return;
    }
    open_ = false;
    if (!now_.objects.empty() && only_heartbeat_) {
        ++result_.heartbeats;
        return;
    }
    now_.end = when_.empty() ? how : fmt::format("{} {}", how, when_);
    now_.position = position_;
    ++(std::string_view(how) == "committed"
           ? result_.committed
           : (std::string_view(how) == "rolled back" ? result_.rolled_back : result_.unfinished));
    if (result_.transactions.size() < most_transactions) {
        result_.transactions.push_back(now_);
    }
    on_end_(now_);
}

void LoggedText::take_gtid(std::string gtid) {
    // What comes without a commit of its own (DDL) has ended where the next begins.
    end(changed_ ? "committed" : "unfinished");
    now_ = KeptTransaction{};
    now_.id = std::move(gtid);
    open_ = true;
    changed_ = false;
    only_heartbeat_ = true;
}

void LoggedText::take_object(std::string object) {
    only_heartbeat_ = only_heartbeat_ && object == heartbeat_table;
    if (std::ranges::find(now_.objects, object) != now_.objects.end()) {
        return;
    }
    if (now_.objects.size() < most_objects) {
        now_.objects.push_back(std::move(object));
    } else if (now_.objects.back() != "…") {
        now_.objects.emplace_back("…");
    }
}

/// `#251125 16:20:45 server id 1  end_log_pos 500 CRC32 0x… 	GTID 0-1-25 trans`
void LoggedText::take_event(std::string_view line) {
    const auto position = between(line, "end_log_pos ", " ");
    // MySQL's line says nothing of the GTID; its SET does, and follows it.
    const auto mariadb = between(line, "\tGTID ", " ");
    if (mariadb.empty() && line.find("\tGTID\t") == std::string_view::npos &&
        line.find("\tAnonymous_GTID") == std::string_view::npos) {
        position_ = "byte " + std::string(position);
        when_ = time_in(line.substr(1));
    } else if (!mariadb.empty()) {
        take_gtid(std::string(mariadb));
        position_ = "byte " + std::string(position);
        when_ = time_in(line.substr(1));
    }
    if (line.find("\tXid = ") != std::string_view::npos) {
        changed_ = true;
        end("committed");
    }
}

/// Of a transaction that is one statement: DDL.
void LoggedText::take_statement(std::string_view line) {
    if (line.starts_with("COMMIT")) {
        end("committed");
    } else if (line.starts_with("ROLLBACK") && !is_of_the_tool(line)) {
        end("rolled back");
    } else if (!is_of_the_tool(line) && !changed_) {
        changed_ = true;
        ++now_.changes;
        take_object(std::string(line.substr(0, most_of_a_statement)));
    }
}

void LoggedText::take(std::string_view line) {
    ++lines_;
    if (line.starts_with("#") && line.find("end_log_pos ") != std::string_view::npos) {
        take_event(line);
        return;
    }
    if (const auto gtid = between(line, "SET @@SESSION.GTID_NEXT= '", "'");
        !gtid.empty() && gtid != "AUTOMATIC") {
        take_gtid(std::string(gtid));
        return;
    }
    if (!open_) {
        return;
    }
    for (const std::string_view change : {"### INSERT INTO ", "### UPDATE ", "### DELETE FROM "}) {
        if (line.starts_with(change)) {
            changed_ = true;
            ++now_.changes;
            take_object(plain_table(line.substr(change.size())));
            return;
        }
    }
    take_statement(line);
}

void LoggedText::finish() {
    end(changed_ && now_.changes == 1 && now_.objects.size() == 1 &&
                now_.objects.front().find(' ') != std::string::npos
            ? "committed"
            : "unfinished");
}

} // namespace lockstep::mysql
