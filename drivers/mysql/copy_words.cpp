#include "drivers/mysql/copy_words.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <spdlog/fmt/fmt.h>

#include "core/mebibytes.h"
#include "drivers/mysql/option_file.h"

namespace lockstep::mysql {
namespace {

constexpr std::string_view known_words = "onadlex";

} // namespace

std::string copy_frame(CopyWord word, std::string_view bytes) {
    std::string frame;
    frame.reserve(bytes.size() + 1);
    frame += static_cast<char>(word);
    frame += bytes;
    return frame;
}

Result<CopyFrame> parse_copy_frame(std::string_view frame) {
    if (frame.empty() || known_words.find(frame.front()) == std::string_view::npos) {
        return fail(Errc::corrupt, "the other agent's word makes no sense");
    }
    return CopyFrame{static_cast<CopyWord>(frame.front()), frame.substr(1)};
}

std::string print(const CopyOffer& offer) {
    return fmt::format("{} {}", offer.bytes, offer.version);
}

Result<std::uint64_t> parse_copy_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    return error == std::errc{} && stop == end
               ? Result<std::uint64_t>(number)
               : fail(Errc::corrupt, "the other agent's number makes no sense");
}

Result<CopyOffer> parse_copy_offer(std::string_view text) {
    const auto space = text.find(' ');
    const auto bytes = parse_copy_number(text.substr(0, space));
    if (!bytes || space == std::string_view::npos || space + 1 == text.size()) {
        return fail(Errc::corrupt, "the donor's offer makes no sense");
    }
    return CopyOffer{*bytes, std::string(text.substr(space + 1))};
}

std::string copy_lock(const MemberId& member) {
    return "lockstep copy to " + member;
}

std::optional<CommitBlock> commit_block_in(std::string_view line) {
    if (line.find("Starting BACKUP STAGE BLOCK_COMMIT") != std::string_view::npos) {
        return CommitBlock::begins;
    }
    return line.find("All tables unlocked") != std::string_view::npos
               ? std::optional(CommitBlock::ends)
               : std::nullopt;
}

std::string_view series_of(std::string_view version) {
    return version.substr(0, version.find('.', version.find('.') + 1));
}

std::string_view backup_version_in(std::string_view said) {
    constexpr std::string_view before = "MariaDB server ";
    const auto at = said.find(before);
    if (at == std::string_view::npos) {
        return {};
    }
    said.remove_prefix(at + before.size());
    return said.substr(0, said.find_first_not_of("0123456789."));
}

Result<void> check_room(std::uint64_t copied_bytes, std::uint64_t free_bytes) {
    const auto needed = copied_bytes + copied_bytes / 20 + (std::uint64_t{64} << 20U);
    return needed <= free_bytes
               ? Result<void>{}
               : fail(Errc::refused, fmt::format("a copy needs {}, and {} are free: make room",
                                                 mebibytes(needed), mebibytes(free_bytes)));
}

CopyChoice choose_copy(const CopyFacts& facts) {
    if (!facts.missing_here.empty()) {
        return {CopyBy::dump, facts.missing_here + " is not installed here"};
    }
    if (!facts.elsewhere.empty()) {
        return {CopyBy::dump, facts.elsewhere + " puts files outside the data folder"};
    }
    return facts.asked && !facts.hindrance.empty() ? CopyChoice{CopyBy::dump, facts.hindrance}
                                                   : CopyChoice{};
}

std::string setting_elsewhere(const Settings& settings) {
    constexpr std::array<std::string_view, 4> folders = {
        "innodb_data_home_dir", "innodb_undo_directory", "innodb_log_group_home_dir",
        "aria_log_dir_path"};
    for (const auto& [name, value] : settings) {
        const auto plain = plain_name(name);
        const bool path = plain == "innodb_data_file_path" && value.find('/') != std::string::npos;
        if (path || std::ranges::find(folders, plain) != folders.end()) {
            return name;
        }
    }
    return {};
}

} // namespace lockstep::mysql
