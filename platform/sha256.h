#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace lockstep {

/// The SHA-256 of what it is given piece by piece.
class Sha256 {
public:
    Sha256();
    void add(std::string_view bytes);
    /// In hexadecimal; nothing may be added afterwards.
    [[nodiscard]] std::string hex();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;
    ~Sha256();

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace lockstep
