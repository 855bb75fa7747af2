#include "dns/rfc2136/tsig_key.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <vector>

#include "platform/files.h"

namespace lockstep::dns {
namespace {

constexpr std::size_t largest_key_file_bytes = 16U << 10U;
constexpr std::size_t longest_name = 253;
constexpr std::string_view separators = "{};:\"',[]";

using Words = std::vector<std::string>;

[[nodiscard]] bool is_space(char c) {
    return std::isspace(static_cast<unsigned char>(c)) != 0;
}

/// Where a comment that begins at `at` ends; none if none begins there. "//" begins one only at the
/// begin of a line: a secret may have it inside.
[[nodiscard]] std::optional<std::size_t> end_of_comment(std::string_view text, std::size_t at,
                                                        bool line_begins) {
    const auto rest = text.substr(at);
    if (rest.starts_with("#") || (line_begins && rest.starts_with("//"))) {
        return std::min(text.find('\n', at), text.size());
    }
    if (rest.starts_with("/*")) {
        const auto end = text.find("*/", at + 2);
        return end == std::string_view::npos ? text.size() : end + 2;
    }
    return std::nullopt;
}

/// What stands between spaces, separators and comments.
[[nodiscard]] Words words_of(std::string_view text) {
    Words words{""};
    bool line_begins = true;
    for (std::size_t at = 0; at < text.size();) {
        if (const auto end = end_of_comment(text, at, line_begins)) {
            words.emplace_back();
            at = *end;
            continue;
        }
        const char c = text[at++];
        line_begins = c == '\n' || (line_begins && is_space(c));
        if (is_space(c) || separators.find(c) != std::string_view::npos) {
            words.emplace_back();
        } else {
            words.back() += c;
        }
    }
    std::erase_if(words, [](const auto& word) { return word.empty() || word == "-"; });
    return words;
}

[[nodiscard]] std::optional<TsigKey::Algorithm> algorithm_of(std::string word) {
    std::ranges::transform(word, word.begin(), [](char c) {
        return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    if (word == "hmac-sha256") {
        return TsigKey::Algorithm::hmac_sha256;
    }
    if (word == "hmac-sha512") {
        return TsigKey::Algorithm::hmac_sha512;
    }
    return std::nullopt;
}

[[nodiscard]] bool is_name(const std::string& text) {
    return !text.empty() && text.size() <= longest_name && text.front() != '.' &&
           text.find("..") == std::string::npos && std::ranges::all_of(text, [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' ||
                      c == '_';
           });
}

[[nodiscard]] bool is_base64(const std::string& text) {
    const auto padding = text.find('=');
    const auto letters = text.substr(0, padding);
    const auto rest = padding == std::string::npos ? "" : text.substr(padding);
    return !letters.empty() && text.size() % 4 == 0 && (rest.size() <= 2) &&
           rest.find_first_not_of('=') == std::string::npos &&
           std::ranges::all_of(letters, [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/';
           });
}

[[nodiscard]] Result<TsigKey> made_of(std::string name, const std::string& algorithm,
                                      const std::string& secret) {
    const auto known = algorithm_of(algorithm);
    if (!known) {
        return fail(Errc::refused, "its algorithm is not one that is supported; allowed: "
                                   "hmac-sha256, hmac-sha512");
    }
    if (name.ends_with('.')) {
        name.pop_back();
    }
    if (!is_name(name)) {
        return fail(Errc::refused, "the key's name is no domain name");
    }
    if (!is_base64(secret)) {
        return fail(Errc::refused, "the key's secret is not base64");
    }
    return TsigKey(std::move(name), *known, secret);
}

/// The word after `key`, from `from` on.
[[nodiscard]] std::string value_of(const Words& words, std::size_t from, std::string_view key) {
    for (std::size_t at = from; at + 1 < words.size(); at += 2) {
        if (words[at] == key) {
            return words[at + 1];
        }
    }
    return {};
}

} // namespace

std::string TsigKey::algorithm() const {
    return algorithm_ == Algorithm::hmac_sha512 ? "hmac-sha512" : "hmac-sha256";
}

Result<TsigKey> parse_tsig_key(std::string_view text) {
    const auto words = words_of(text);
    constexpr std::size_t line = 3;           // ALGORITHM NAME SECRET
    constexpr std::size_t bind_statement = 6; // key NAME algorithm … secret …
    constexpr std::size_t knot_section = 7;   // key id NAME algorithm … secret …
    if (words.size() == line) {
        return made_of(words[1], words[0], words[2]);
    }
    if (words.size() == bind_statement && words[0] == "key") {
        return made_of(words[1], value_of(words, 2, "algorithm"), value_of(words, 2, "secret"));
    }
    if (words.size() == knot_section && words[0] == "key") {
        return made_of(value_of(words, 1, "id"), value_of(words, 1, "algorithm"),
                       value_of(words, 1, "secret"));
    }
    return fail(Errc::refused, "it must hold one key: as `tsig-keygen` prints it (key \"NAME\" { "
                               "algorithm hmac-sha256; secret \"…\"; };), as `keymgr -t` does, or "
                               "a line ALGORITHM NAME SECRET");
}

Result<TsigKey> read_tsig_key(const std::filesystem::path& path) {
    auto text = read_file(path, largest_key_file_bytes);
    if (!text) {
        return fail(Errc::refused, text.error().message);
    }
    std::error_code error;
    const auto mode = std::filesystem::status(path, error).permissions();
    using std::filesystem::perms;
    if (error || (mode & (perms::others_read | perms::others_write)) != perms::none) {
        return fail(Errc::refused, path.string() +
                                       " is open to everybody: take that away with "
                                       "`chmod o= " +
                                       path.string() + "`, and make a new key if others had it");
    }
    auto key = parse_tsig_key(*text);
    if (!key) {
        return within(path.string(), key.error());
    }
    return key;
}

} // namespace lockstep::dns
