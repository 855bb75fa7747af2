#include "drivers/mysql/copier.h"

#include "drivers/mysql/option_file.h"
#include "platform/files.h"

namespace lockstep::mysql {

namespace {
/// 10.11 writes the first, 11.1 and later the second.
constexpr std::string_view position_files[] = {"xtrabackup_binlog_info",
                                               "mariadb_backup_binlog_info"};
} // namespace

std::string render_copier_options(const std::filesystem::path& socket, const std::string& user) {
    return "[mariadb-backup]\n" + option_line("socket", socket.string()) +
           option_line("user", user);
}

Result<GtidSet> copied_position(const std::filesystem::path& folder) {
    for (const auto name : position_files) {
        const auto text = read_file(folder / name);
        if (text) {
            auto position = parse_copied_position(*text);
            return position ? std::move(position)
                            : within((folder / name).string(), position.error());
        }
        if (text.error().code != Errc::unreachable) {
            return tl::unexpected(text.error());
        }
    }
    return fail(Errc::refused,
                "mariadb-backup did not say at which GTID its copy " + folder.string() + " ends");
}

Result<GtidSet> parse_copied_position(std::string_view text) {
    const auto end = text.find_last_not_of(" \n\t");
    text = text.substr(0, end == std::string_view::npos ? 0 : end + 1);
    const auto tab = text.rfind('\t');
    if (tab == std::string_view::npos || text.find('\t') == tab) {
        return fail(Errc::corrupt,
                    "there is no GTID in \"" + std::string(text.substr(0, 80)) + "\"");
    }
    return GtidSet::parse(Flavour::mariadb, text.substr(tab + 1));
}

bool is_copiers_note(std::string_view name) {
    return name.starts_with("xtrabackup_") || name.starts_with("mariadb_backup_") ||
           name == "backup-my.cnf";
}

std::string_view copied_file_in(std::string_view line) {
    constexpr std::string_view begin = " Copying ";
    const auto at = line.find(begin);
    const auto to = line.find(" to ", at == std::string_view::npos ? 0 : at);
    if (at == std::string_view::npos || to == std::string_view::npos) {
        return {};
    }
    return line.substr(at + begin.size(), to - at - begin.size());
}

std::string last_words_of(const std::string& output) {
    constexpr std::size_t most_characters = 500;
    std::string words;
    for (const char letter : output) {
        words += letter == '\n' || letter == '\r' ? ' ' : letter;
    }
    return words.size() <= most_characters ? words
                                           : "… " + words.substr(words.size() - most_characters);
}

} // namespace lockstep::mysql
