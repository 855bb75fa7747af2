#include "drivers/mysql/marker.h"

#include <algorithm>

#include "platform/files.h"

namespace lockstep::mysql {

namespace fs = std::filesystem;

Result<void> mark_promotion_begun(const fs::path& data_dir) {
    auto written = write_file_durably(data_dir / promotion_marker,
                                      "A promotion of this data has begun (Lockstep).\n");
    if (!written) {
        return within("mark that a promotion begins", written.error());
    }
    return written;
}

Result<void> mark_primary(const fs::path& data_dir) {
    return write_file_durably(data_dir / primary_marker, "This data is a primary's (Lockstep).\n");
}

Result<void> unmark_promotion(const fs::path& data_dir) {
    auto removed = remove_file_durably(data_dir / primary_marker);
    return removed ? remove_file_durably(data_dir / promotion_marker) : removed;
}

bool is_primarys(const fs::path& data_dir) {
    std::error_code error;
    return fs::exists(data_dir / primary_marker, error); // What cannot be told may not write.
}

bool promotion_has_begun(const fs::path& data_dir) {
    std::error_code error;
    // What cannot be told counts as begun.
    return fs::exists(data_dir / promotion_marker, error) || error;
}

Result<void> mark_forgotten(const fs::path& data_dir, const std::string& account) {
    auto written = write_file_durably(data_dir / forgotten_marker, account);
    return written ? written : within("mark that relay logs may be thrown away", written.error());
}

Result<std::string> forgotten_as(const fs::path& data_dir) {
    auto account = read_file(data_dir / forgotten_marker);
    if (account || account.error().code == Errc::unreachable) {
        return account.value_or("");
    }
    return within("look whether relay logs were thrown away", account.error());
}

bool is_among(std::string_view forgotten, std::string_view account) {
    while (!account.empty() && !forgotten.empty()) {
        const auto next = forgotten.substr(0, forgotten.find(' '));
        if (next == account) {
            return true;
        }
        forgotten.remove_prefix(std::min(forgotten.size(), next.size() + 1));
    }
    return false;
}

} // namespace lockstep::mysql
