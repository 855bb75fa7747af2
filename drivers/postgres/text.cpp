#include "drivers/postgres/text.h"

#include <algorithm>

namespace lockstep::postgres {
namespace {

constexpr std::string_view blanks = " \t\r\n";

char lower(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

std::string quoted(std::string_view value, char quote_escape) {
    std::string text = "'";
    for (const char letter : value) {
        if (letter == '\'') {
            text += quote_escape;
        } else if (letter == '\\') {
            text += '\\';
        }
        text += letter;
    }
    return text + "'";
}

} // namespace

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

std::string quote_setting(std::string_view value) {
    return quoted(value, '\'');
}

std::string quote_conninfo(std::string_view value) {
    return quoted(value, '\\');
}

std::string unquote_setting(std::string_view text) {
    std::string value;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '\'' && (i + 1 == text.size() || text[i + 1] != '\'')) {
            return value;
        }
        if ((text[i] == '\'' || text[i] == '\\') && i + 1 < text.size()) {
            ++i;
        }
        value += text[i];
    }
    return value;
}

std::string setting_name_in(std::string_view line) {
    const auto first = line.find_first_not_of(blanks);
    if (first == std::string_view::npos || line[first] == '#') {
        return {};
    }
    const auto last = std::min(line.find_first_of(" \t\r=", first), line.size());
    std::string name(line.substr(first, last - first));
    std::transform(name.begin(), name.end(), name.begin(), lower);
    return name;
}

std::string one_line(std::string_view text) {
    std::string line;
    for (const auto part : lines_of(text)) {
        const auto first = part.find_first_not_of(blanks);
        if (first == std::string_view::npos) {
            continue;
        }
        const auto last = part.find_last_not_of(blanks);
        line += (line.empty() ? "" : "; ") + std::string(part.substr(first, last - first + 1));
    }
    return line;
}

} // namespace lockstep::postgres
