#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/ids.h"

namespace lockstep {

/// One transaction that only the old primary had, as its engine's own tool decoded it.
struct KeptTransaction {
    std::string id;
    std::string end;      // "committed 2026-11-25 16:20:45.123 UTC", "rolled back", "unfinished"
    std::string position; // Where it ended.
    std::uint64_t changes = 0;
    std::vector<std::string> objects; // What it changed, in the engine's words; the first few.
    friend bool operator==(const KeptTransaction&, const KeptTransaction&) = default;
};

/// What only the old primary had: counted, and the first transactions of it.
struct DecodedLog {
    bool done = false;     // Decoding takes its time, and is begun again after a crash.
    std::string trouble;   // Why it could not be decoded; empty: it could.
    std::string end;       // Of the log that was kept: "0/30F6110 on timeline 1".
    std::string read_with; // The command that prints all of it.
    std::uint64_t committed = 0;
    std::uint64_t rolled_back = 0;
    std::uint64_t unfinished = 0;
    std::uint64_t heartbeats = 0;              // Lockstep's own commits; not counted as committed.
    std::vector<KeptTransaction> transactions; // The first that are no heartbeats.
    friend bool operator==(const DecodedLog&, const DecodedLog&) = default;
};

/// What an agent kept of its member's data before it replaced it (R8), for as long as the copy is
/// there.
struct KeptDivergence {
    std::string id; // "a-1795383200-rev12"
    PairName pair;
    MemberId member;
    MemberId upstream; // Whose history the data had left.
    std::string host;
    std::string folder;
    std::int64_t unix_ms = 0;        // When it was kept.
    std::int64_t remove_unix_ms = 0; // When the agent removes it; not before.
    Epoch epoch{};
    std::string data_id;   // The mark of the data it was kept from.
    std::string system_id; // Of which database.
    std::string fork;      // The last common place.
    std::uint64_t fork_offset_bytes = 0;
    std::string why;                     // Why it was judged diverged.
    std::uint64_t bytes = 0;             // Of the log.
    std::uint64_t overwritten_bytes = 0; // Of what a rewind overwrote.
    std::string rejoined;                // "rewind" or "clone"; empty: not yet.
    std::string rejoined_why;            // Why not by rewind, if it was a clone.
    DecodedLog log;
    friend bool operator==(const KeptDivergence&, const KeptDivergence&) = default;
};

} // namespace lockstep
