#pragma once

#include <cstdint>
#include <string_view>

namespace lockstep::postgres {

/// The checksum of the log's records and of a backup manifest's files (Castagnoli's polynomial).
class Crc32c {
public:
    void add(std::string_view bytes);
    [[nodiscard]] std::uint32_t value() const { return ~state_; }

private:
    std::uint32_t state_ = 0xFFFFFFFFU;
};

} // namespace lockstep::postgres
