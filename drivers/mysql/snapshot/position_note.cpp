#include "drivers/mysql/snapshot/position_note.h"

#include <charconv>
#include <map>

#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/snapshot/packed_data.h"
#include "platform/files.h"

namespace lockstep::mysql {

std::string render_position(const PositionNote& note) {
    return fmt::format("system_id {}\nhistory {}\ngtids {}\nend_unix_ms {}\n", note.system_id,
                       note.history.text, note.gtids, note.end_unix_ms);
}

Result<PositionNote> parse_position(std::string_view text) {
    std::map<std::string, std::string, std::less<>> values;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const auto blank = line.find(' ');
        if (blank != std::string_view::npos) {
            values.emplace(line.substr(0, blank), line.substr(blank + 1));
        }
    }
    PositionNote note;
    note.system_id = values["system_id"];
    note.history.text = values["history"];
    note.gtids = values["gtids"];
    const auto& time = values["end_unix_ms"];
    const auto [stop, error] =
        std::from_chars(time.data(), time.data() + time.size(), note.end_unix_ms);
    if (note.system_id.empty() || !note.history.known() || note.gtids.empty() ||
        error != std::errc{} || stop != time.data() + time.size()) {
        return fail(Errc::corrupt, "it does not say where its data is");
    }
    return note;
}

Result<PositionNote> read_position(const std::filesystem::path& snapshot) {
    const auto path = snapshot / position_file;
    const auto text = read_file(path);
    if (!text) {
        return fail(Errc::refused, text.error().message);
    }
    auto note = parse_position(*text);
    return note ? std::move(note)
                : fail(Errc::refused, path.string() + ": " + note.error().message);
}

} // namespace lockstep::mysql
