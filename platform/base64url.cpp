#include "platform/base64url.h"

#include <cstdint>

namespace lockstep {

namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

} // namespace

std::string to_base64url(std::string_view bytes) {
    std::string text;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char byte : bytes) {
        bits = (bits << 8U) | static_cast<unsigned char>(byte);
        for (count += 8; count >= 6; count -= 6) {
            text += alphabet[(bits >> (count - 6)) & 63U];
        }
    }
    if (count > 0) {
        text += alphabet[(bits << (6 - count)) & 63U];
    }
    return text;
}

Result<std::string> from_base64url(std::string_view text) {
    std::string bytes;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char digit : text) {
        const auto value = alphabet.find(digit);
        if (value == std::string_view::npos) {
            return fail(Errc::corrupt, "not base64url: a character outside its alphabet");
        }
        bits = (bits << 6U) | static_cast<std::uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes += static_cast<char>((bits >> count) & 255U);
        }
    }
    // One digit too many, or bits after the last byte: not what an encoder writes.
    if (count >= 6 || (bits & ((1U << count) - 1U)) != 0) {
        return fail(Errc::corrupt, "not base64url: it is cut off, or has something behind its end");
    }
    return bytes;
}

} // namespace lockstep
