#include "agent/log_tail.h"

#include <deque>
#include <fstream>

namespace lockstep {
namespace {

constexpr std::streamoff most_bytes = 8192;
constexpr std::size_t longest_line_bytes = 200;

} // namespace

std::string last_lines(const std::filesystem::path& log, std::size_t lines) {
    std::ifstream file(log, std::ios::binary | std::ios::ate);
    if (!file) {
        return {};
    }
    const std::streamoff size = file.tellg();
    file.seekg(size > most_bytes ? size - most_bytes : 0);
    std::deque<std::string> kept;
    for (std::string line; std::getline(file, line);) {
        kept.push_back(line);
        if (kept.size() > lines) {
            kept.pop_front();
        }
    }
    std::string text;
    for (const auto& line : kept) {
        text += (text.empty() ? "" : " | ") + line.substr(0, longest_line_bytes);
    }
    return text;
}

} // namespace lockstep
