#include "drivers/postgres/snapshot/crc32c.h"

#include <array>
#include <cstring>

namespace lockstep::postgres {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) {
            value = (value & 1U) != 0 ? value >> 1U ^ 0x82F63B78U : value >> 1U;
        }
        table.at(i) = value;
    }
    return table;
}

std::uint32_t by_table(std::uint32_t state, std::string_view bytes) {
    static constexpr auto table = make_table();
    for (const char byte : bytes) {
        state = state >> 8U ^ table[(state ^ static_cast<unsigned char>(byte)) & 0xFFU];
    }
    return state;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::uint32_t state,
                                                               std::string_view bytes) {
    std::uint64_t wide = state;
    while (bytes.size() >= sizeof wide) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), sizeof word);
        wide = __builtin_ia32_crc32di(wide, word);
        bytes.remove_prefix(sizeof word);
    }
    state = static_cast<std::uint32_t>(wide);
    for (const char byte : bytes) {
        state = __builtin_ia32_crc32qi(state, static_cast<unsigned char>(byte));
    }
    return state;
}
#endif

} // namespace

void Crc32c::add(std::string_view bytes) {
#if defined(__x86_64__)
    static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
    if (has_instruction) {
        state_ = by_instruction(state_, bytes);
        return;
    }
#endif
    state_ = by_table(state_, bytes);
}

} // namespace lockstep::postgres
