#include "tests/tidy/source.h"

#include <algorithm>
#include <regex>

namespace lockstep::tidy {

namespace {

bool is_identifier(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Blanks [from, to) but leaves line ends.
void blank(std::string& code, std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < std::min(to, code.size()); ++i) {
        if (code[i] != '\n') {
            code[i] = ' ';
        }
    }
}

std::size_t end_of_quoted(std::string_view text, std::size_t open) {
    for (std::size_t i = open + 1; i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
        } else if (text[i] == text[open] || text[i] == '\n') {
            return i;
        }
    }
    return text.size();
}

std::size_t end_of_raw(std::string_view text, std::size_t open) {
    const auto bracket = text.find('(', open);
    if (bracket == std::string_view::npos) {
        return text.size();
    }
    const std::string closing = ")" + std::string(text.substr(open + 1, bracket - open - 1)) + "\"";
    const auto end = text.find(closing, bracket);
    return end == std::string_view::npos ? text.size() : end + closing.size() - 1;
}

// One past what starts at `at` if that is a comment or a literal, else `at`.
std::size_t end_of_opaque(std::string_view text, std::size_t at) {
    const std::string_view rest = text.substr(at);
    if (rest.starts_with("//")) {
        return std::min(text.find('\n', at), text.size());
    }
    if (rest.starts_with("/*")) {
        const auto end = text.find("*/", at + 2);
        return end == std::string_view::npos ? text.size() : end + 2;
    }
    if (text[at] == '"') {
        const bool raw = at > 0 && text[at - 1] == 'R';
        return (raw ? end_of_raw(text, at) : end_of_quoted(text, at)) + 1;
    }
    // 1'000 is a number, 'x' a character.
    const bool separates_digits = at > 0 && is_identifier(text[at - 1]);
    return text[at] == '\'' && !separates_digits ? end_of_quoted(text, at) + 1 : at;
}

bool has_word(std::string_view head, std::string_view word) {
    for (auto at = head.find(word); at != std::string_view::npos; at = head.find(word, at + 1)) {
        if (is_word_at(head, at, word)) {
            return true;
        }
    }
    return false;
}

enum class Block { container, function, other };

Block kind_of(std::string_view head, bool in_container) {
    const bool parentheses = head.find('(') != std::string_view::npos;
    const bool type = has_word(head, "class") || has_word(head, "struct") ||
                      has_word(head, "union") || has_word(head, "enum");
    if (has_word(head, "namespace") || head.find("extern") != std::string_view::npos ||
        (type && !parentheses)) {
        return Block::container;
    }
    const auto last = head.find_last_not_of(" \n");
    const bool assigned = last != std::string_view::npos && head[last] == '=';
    return in_container && parentheses && !assigned ? Block::function : Block::other;
}

// A function that only hands out a table, however long: static const …; return …;
bool is_table(std::string_view body) {
    const auto first = body.find_first_not_of(" \n");
    int depth = 0;
    int statements = 0;
    for (const char c : body) {
        depth += c == '{' || c == '(' ? 1 : 0;
        depth -= c == '}' || c == ')' ? 1 : 0;
        statements += c == ';' && depth == 0 ? 1 : 0;
    }
    return first != std::string_view::npos && body.substr(first).starts_with("static const") &&
           statements == 2;
}

} // namespace

std::string code_of(std::string_view text) {
    std::string code(text);
    for (std::size_t at = 0; at < text.size();) {
        const auto line_start =
            text.rfind('\n', at) == std::string_view::npos ? 0 : text.rfind('\n', at) + 1;
        const std::size_t end = end_of_opaque(text, at);
        if (end == at) {
            ++at;
            continue;
        }
        if (!text.substr(line_start).starts_with("#include")) {
            blank(code, at, end);
        }
        at = end;
    }
    return code;
}

std::size_t line_at(std::string_view text, std::size_t offset) {
    return 1 + static_cast<std::size_t>(std::ranges::count(text.substr(0, offset), '\n'));
}

std::vector<Include> includes_of(std::string_view text) {
    static const std::regex pattern(R"(^#include ["<]([^">]+)([">]))",
                                    std::regex::ECMAScript | std::regex::multiline);
    const std::string copy(text);
    std::vector<Include> found;
    for (std::sregex_iterator match(copy.begin(), copy.end(), pattern), end; match != end;
         ++match) {
        found.push_back({(*match)[1], (*match)[2] == "\"",
                         line_at(copy, static_cast<std::size_t>(match->position()))});
    }
    return found;
}

std::vector<Function> functions_of(std::string_view text) {
    const std::string code = code_of(text);
    struct Open {
        Block kind;
        std::size_t at;
    };
    std::vector<Open> open;
    std::vector<Function> found;
    std::size_t head = 0;
    for (std::size_t at = 0; at < code.size(); ++at) {
        if (code[at] == '{') {
            const bool in_container = open.empty() || open.back().kind == Block::container;
            const std::string_view words = std::string_view(code).substr(head, at - head);
            open.push_back({kind_of(words, in_container), at});
        }
        if (code[at] == '}' && !open.empty()) {
            const std::size_t begin = open.back().at;
            const auto body = std::string_view(code).substr(begin + 1, at - begin - 1);
            if (open.back().kind == Block::function && !is_table(body)) {
                const std::size_t first = line_at(code, begin);
                found.push_back({first, line_at(code, at) - first + 1});
            }
            open.pop_back();
        }
        if (code[at] == '{' || code[at] == '}' || code[at] == ';') {
            head = at + 1;
        }
    }
    return found;
}

bool is_word_at(std::string_view code, std::size_t at, std::string_view word) {
    if (code.substr(at, word.size()) != word) {
        return false;
    }
    const bool begins = at == 0 || !is_identifier(code[at - 1]) || !is_identifier(word.front());
    const std::size_t after = at + word.size();
    const bool ends =
        after >= code.size() || !is_identifier(code[after]) || !is_identifier(word.back());
    return begins && ends;
}

} // namespace lockstep::tidy
