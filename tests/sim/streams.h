#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace lockstep {
class FrameServer;
}

namespace lockstep::sim {

constexpr std::uint16_t agent_port = 53;
constexpr std::uint16_t database_port = 5432;

/// What all streams of a history share.
class Streams {
public:
    void become_current();
    [[nodiscard]] static Streams& current();

    FrameServer* listener = nullptr;   // The controller's; null while it is down.
    std::uint64_t one_is_stale_in = 0; // How often an agent is told something old; 0: never.
    std::uint64_t stale_told = 0;
    /// Puts something that was told before in its place.
    void perhaps_stale(std::string& frame, const std::string& host);

private:
    static constexpr std::size_t most_kept = 64;
    std::map<std::string, std::vector<std::string>> told_; // By the host it went to.
};

} // namespace lockstep::sim
