#include "drivers/mysql/data_note.h"

#include <spdlog/fmt/fmt.h>

#include "platform/files.h"

namespace lockstep::mysql {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view first_line = "lockstep 1";

fs::path note_path(const fs::path& data_dir) {
    return data_dir / "lockstep_note";
}

/// The next line, without its prefix. Empty pointer: it does not begin with that.
bool take_line(std::string_view& text, std::string_view prefix, std::string& into) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos || !text.starts_with(prefix)) {
        return false;
    }
    into = text.substr(prefix.size(), end - prefix.size());
    text.remove_prefix(end + 1);
    return true;
}

} // namespace

std::string render_note(const DataNote& note) {
    return fmt::format("{}\nsystem_id {}\nhistory {}\nbefore_log {}\n", first_line, note.system_id,
                       note.history, note.before_log);
}

Result<DataNote> parse_note(std::string_view text) {
    DataNote note;
    std::string nothing;
    const bool good = take_line(text, first_line, nothing) &&
                      take_line(text, "system_id ", note.system_id) &&
                      take_line(text, "history ", note.history) &&
                      take_line(text, "before_log ", note.before_log) && text.empty();
    return good && nothing.empty() && !note.system_id.empty()
               ? Result<DataNote>(note)
               : fail(Errc::corrupt, "the note about the data makes no sense");
}

Result<DataNote> read_note(const fs::path& data_dir) {
    const auto text = read_file(note_path(data_dir));
    if (!text) {
        return tl::unexpected(text.error());
    }
    auto note = parse_note(*text);
    return note ? std::move(note) : within(note_path(data_dir).string(), note.error());
}

Result<void> write_note(const fs::path& data_dir, const DataNote& note) {
    const auto text = render_note(note);
    const auto old = read_file(note_path(data_dir));
    return old && *old == text ? Result<void>{} : write_file_durably(note_path(data_dir), text);
}

} // namespace lockstep::mysql
