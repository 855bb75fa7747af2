#include "platform/url.h"

#include <charconv>
#include <cstdint>

namespace lockstep {

namespace {

Result<std::string> decode(std::string_view text, bool plus_is_space) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_space) {
            decoded += ' ';
            continue;
        }
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        const std::string_view digits = text.substr(i + 1, 2);
        std::uint8_t byte = 0;
        const auto [end, failure] =
            std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        if (digits.size() != 2 || failure != std::errc{} || end != digits.data() + 2) {
            return fail(Errc::corrupt, "a '%' in the request's target is not followed by two "
                                       "hexadecimal digits");
        }
        decoded += static_cast<char>(byte);
        i += 2;
    }
    return decoded;
}

bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

std::string encode(std::string_view text, std::string_view kept) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        if (is_unreserved(c) || kept.find(c) != std::string_view::npos) {
            encoded += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        encoded += '%';
        encoded += digits[byte >> 4U];
        encoded += digits[byte & 15U];
    }
    return encoded;
}

Result<void> add_parameter(Target& target, std::string_view text) {
    if (text.empty()) {
        return {};
    }
    const auto equals = text.find('=');
    auto key = decode(text.substr(0, equals), true);
    auto value = equals == std::string_view::npos ? Result<std::string>("")
                                                  : decode(text.substr(equals + 1), true);
    if (!key || !value) {
        return tl::unexpected(key ? value.error() : key.error());
    }
    target.query.insert_or_assign(std::move(*key), std::move(*value));
    return {};
}

} // namespace

Result<Target> parse_target(std::string_view text) {
    if (!text.starts_with('/')) {
        return fail(Errc::corrupt, "the request's target does not begin with '/'");
    }
    const auto mark = text.find('?');
    auto path = decode(text.substr(0, mark), false);
    if (!path) {
        return tl::unexpected(path.error());
    }
    Target target;
    target.path = std::move(*path);
    std::string_view rest = mark == std::string_view::npos ? "" : text.substr(mark + 1);
    while (!rest.empty()) {
        const auto end = rest.find('&');
        if (auto added = add_parameter(target, rest.substr(0, end)); !added) {
            return tl::unexpected(added.error());
        }
        rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
    }
    return target;
}

std::string format_target(const Target& target) {
    std::string text = encode(target.path, "/");
    char separator = '?';
    for (const auto& [key, value] : target.query) {
        text += separator + encode(key, "") + "=" + encode(value, "");
        separator = '&';
    }
    return text;
}

} // namespace lockstep
