#include "drivers/postgres/progress.h"

#include <charconv>

namespace lockstep::postgres {

std::optional<Progress> parse_progress(std::string_view line) {
    const auto first = line.find_first_not_of(' ');
    if (first == std::string_view::npos) {
        return std::nullopt;
    }
    Progress progress;
    const auto* const end = line.data() + line.size();
    const auto done = std::from_chars(line.data() + first, end, progress.done_bytes);
    if (done.ec != std::errc{} || done.ptr == end || *done.ptr != '/') {
        return std::nullopt;
    }
    const auto total = std::from_chars(done.ptr + 1, end, progress.total_bytes);
    if (total.ec != std::errc{} || !std::string_view(total.ptr, end).starts_with(" kB")) {
        return std::nullopt;
    }
    progress.done_bytes *= 1024;
    progress.total_bytes *= 1024;
    return progress;
}

} // namespace lockstep::postgres
