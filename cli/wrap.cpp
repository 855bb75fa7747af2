#include "cli/wrap.h"

#include <algorithm>

namespace lockstep::cli {
namespace {

/// The bytes of a UTF-8 character after the first have 10 as their highest bits.
bool begins_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

/// How many bytes the first `columns` characters take.
std::size_t bytes_of(std::string_view text, std::size_t columns) {
    std::size_t at = 0;
    while (at < text.size()) {
        if (begins_character(text[at]) && columns-- == 0) {
            return at;
        }
        ++at;
    }
    return at;
}

std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        if (end > 0) {
            words.push_back(text.substr(0, end));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

} // namespace

std::size_t shown_width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string harmless(std::string_view text) {
    std::string out(text);
    for (auto& c : out) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20U || byte == 0x7FU) {
            c = ' ';
        }
    }
    // The second byte of U+0080 … U+009F: the same controls in one byte of old terminals.
    for (std::size_t i = 0; i + 1 < out.size(); ++i) {
        if (out[i] == '\xC2' && static_cast<unsigned char>(out[i + 1]) < 0xA0U) {
            out[i] = out[i + 1] = ' ';
        }
    }
    return out;
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
    const auto most = std::max<std::size_t>(width, 1);
    std::vector<std::string> lines(1);
    std::size_t column = 0;
    for (auto word : words_of(text)) {
        if (column > 0 && column + 1 + shown_width(word) > most) {
            lines.emplace_back();
            column = 0;
        }
        while (shown_width(word) > most) {
            const auto cut = bytes_of(word, most);
            lines.back() += word.substr(0, cut);
            lines.emplace_back();
            word.remove_prefix(cut);
        }
        lines.back() += (column > 0 ? " " : "") + std::string(word);
        column = shown_width(lines.back());
    }
    return lines;
}

std::string paragraph(std::string_view first, std::string_view text, std::size_t width) {
    const auto indent = shown_width(first);
    std::string out;
    for (const auto& line : wrap(text, width > indent ? width - indent : 1)) {
        out += (out.empty() ? std::string(first) : std::string(indent, ' ')) + line + "\n";
    }
    return out;
}

std::string padded(std::string_view text, std::size_t width) {
    const auto shown = shown_width(text);
    return std::string(text) + std::string(width > shown ? width - shown : 0, ' ');
}

} // namespace lockstep::cli
