#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace lockstep {

using Milliseconds = std::chrono::milliseconds;

/// What the primary does when its in-sync standby is lost: go on alone (solo), or hold every
/// commit until a standby is back.
enum class WhenStandbyLost { go_on, wait };

/// How patient detection is. `lan`: hosts in one network; `wan`: hosts that migrate or whose
/// links lose packets.
enum class Profile { lan, wan };

/// How long each kind of silence lasts before it counts as evidence (DESIGN.md 5). None of them
/// carries safety: each may be tuned freely.
struct Timings {
    Milliseconds dead_after{1500};           // An agent, a port, a stream: silent means lost.
    Milliseconds stall_after{3000};          // A database that hangs.
    Milliseconds solo_after{4000};           // No acknowledgements though both agents talk.
    Milliseconds frozen_after{7000};         // Agent and stream silent on a host that answers: a
                                             // stream asks for a sign of life after 5 s.
    Milliseconds fence_after{5000};          // How long word of the controller counts as fresh.
    Milliseconds agent_lost_after{30000};    // A dead or frozen agent: its guardian fences.
    Milliseconds clean_stream_after{30000};  // A standby lost twice must first stream this long.
    Milliseconds grant_overdue_after{60000}; // A grant whose standby does not get past the barrier.
    Milliseconds flap_window{600000};        // Losses within this window count as flapping.
    friend bool operator==(const Timings&, const Timings&) = default;
};

[[nodiscard]] constexpr Timings timings_of(Profile profile) {
    Timings timings;
    if (profile == Profile::wan) {
        timings.dead_after = Milliseconds{3000};
        timings.stall_after = Milliseconds{5000};
        timings.solo_after = Milliseconds{6000};
        timings.frozen_after = Milliseconds{9000};
    }
    return timings;
}

/// When automated snapshots of a pair are taken, and how long they stay.
struct SnapshotPolicy {
    std::uint32_t retention_days = 7; // Every time within them can be restored. 0: none are taken.
    std::uint32_t minimum = 1;        // So many sound ones stay, however old.
    std::string window = "02:00-03:00";
    std::string time_zone = "UTC"; // An IANA name: "Europe/Berlin".
    bool verify =
        false; // Each automated one is restored beside the database, and asked, afterwards.
    friend bool operator==(const SnapshotPolicy&, const SnapshotPolicy&) = default;
};

/// What an operator chose for one pair.
struct Policy {
    WhenStandbyLost when_standby_lost = WhenStandbyLost::go_on;
    Profile profile = Profile::lan;
    std::uint32_t dns_ttl_seconds = 2;
    std::uint32_t replace_after_seconds = 600; // How long a member may stay away before a spare
                                               // takes its place; 0: for ever.
    SnapshotPolicy snapshots;
    friend bool operator==(const Policy&, const Policy&) = default;
};

} // namespace lockstep
