#pragma once

#include <string>
#include <string_view>
#include <vector>

/// A source file as the house's rules see it: read as text, not parsed.
namespace lockstep::tidy {

struct Source {
    std::string path; // From the root: "core/result.h".
    std::string text;
};

/// `text` with the content of comments, strings and characters blanked out; lines stay where they
/// are, and so do #include's names.
[[nodiscard]] std::string code_of(std::string_view text);
[[nodiscard]] std::size_t line_at(std::string_view text, std::size_t offset);

struct Include {
    std::string name;  // "core/result.h" or "boost/asio.hpp"
    bool ours = false; // In quotes.
    std::size_t line = 0;
};
[[nodiscard]] std::vector<Include> includes_of(std::string_view text);

struct Function {
    std::size_t line = 0;
    std::size_t lines = 0;
};
/// Bodies in braces at the level of a namespace or class whose head has parentheses, but for those
/// that only hand out a table.
[[nodiscard]] std::vector<Function> functions_of(std::string_view text);

/// Whether `word` stands at `at` and is no part of a longer identifier. A word that ends in a sign
/// such as '(' is only held to its begin.
[[nodiscard]] bool is_word_at(std::string_view code, std::size_t at, std::string_view word);

} // namespace lockstep::tidy
