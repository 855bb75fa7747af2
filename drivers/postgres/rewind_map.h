#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::postgres {

/// A file of the data folder that a rewind changes or removes, by its path below the folder.
struct OverwrittenFile {
    std::string path;
    std::vector<std::uint32_t> blocks; // Only these are overwritten; empty: the file as a whole.
    friend bool operator==(const OverwrittenFile&, const OverwrittenFile&) = default;
};

/// Reads the map of files that `pg_rewind --dry-run --debug` prints, line by line.
class RewindMap {
public:
    void take(std::string_view line);
    /// All of the map was read: what follows in the output is only the copying.
    [[nodiscard]] bool is_complete() const { return complete_; }
    /// There is nothing to rewind, by pg_rewind's own judgement.
    [[nodiscard]] bool is_needless() const { return needless_; }
    /// Files that lose something by the rewind. Not the log, which R8 keeps apart, and not those
    /// that only get longer.
    [[nodiscard]] std::vector<OverwrittenFile> overwritten() const;

private:
    struct Entry {
        std::string path;
        std::string action;
        std::vector<std::uint32_t> blocks;
    };
    std::vector<Entry> entries_;
    bool complete_ = false;
    bool needless_ = false;
};

} // namespace lockstep::postgres
