#include "controller/join_token.h"

#include <cstdint>

#include <nlohmann/json.hpp>

namespace lockstep {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr unsigned bits_of_digit = 6;
constexpr unsigned bits_of_byte = 8;

char digit(std::uint32_t bits) {
    return alphabet[bits & 0x3FU];
}

} // namespace

std::string base64url(std::string_view bytes) {
    std::string text;
    std::uint32_t waiting = 0;
    unsigned waiting_bits = 0;
    for (const char c : bytes) {
        waiting = (waiting << bits_of_byte) | static_cast<unsigned char>(c);
        waiting_bits += bits_of_byte;
        while (waiting_bits >= bits_of_digit) {
            waiting_bits -= bits_of_digit;
            text += digit(waiting >> waiting_bits);
        }
    }
    if (waiting_bits > 0) {
        text += digit(waiting << (bits_of_digit - waiting_bits));
    }
    return text;
}

std::string join_token(const MemberId& member, const std::string& secret,
                       const std::string& authority_fingerprint, const std::string& controller) {
    const nlohmann::json token = {{"v", 1},
                                  {"member", member},
                                  {"secret", secret},
                                  {"ca", authority_fingerprint},
                                  {"controller", controller}};
    return base64url(token.dump());
}

} // namespace lockstep
