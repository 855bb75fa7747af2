#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "drivers/mysql/config.h"

namespace lockstep::mysql {

/// A set of transactions by their global ids, as both engines print it, for comparing without a
/// server.
///
/// MySQL: `uuid:1-5:7,uuid:tag:1-3` (tags since 8.3): exactly these transactions, by writer
/// (`uuid` or `uuid:tag`, in lower case). MariaDB: `0-1-100,0-2-250`, domain-server-sequence: in
/// each domain everything of that writer (`0-1`) up to that sequence number, kept as one interval
/// from 1, though sequence numbers of one writer may have gaps.
class GtidSet {
public:
    struct Interval {
        std::uint64_t first = 0;
        std::uint64_t last = 0; // Included.
        friend bool operator==(const Interval&, const Interval&) = default;
    };
    using Intervals = std::vector<Interval>; // Rising, apart by at least one, never empty.

    GtidSet() = default;
    explicit GtidSet(Flavour flavour) : flavour_(flavour) {}

    /// Blanks and line ends between members are ignored. Errors: `corrupt`.
    [[nodiscard]] static Result<GtidSet> parse(Flavour flavour, std::string_view text);
    /// Canonical: writers in order, no blanks.
    [[nodiscard]] std::string print() const;
    /// The same for a sentence: a long one is cut, and says so.
    [[nodiscard]] std::string brief() const;

    void add(const std::string& writer, Interval interval);
    void add(const GtidSet& other);
    [[nodiscard]] GtidSet united(const GtidSet& other) const;
    /// What is here and not in `other`.
    [[nodiscard]] GtidSet minus(const GtidSet& other) const;
    [[nodiscard]] GtidSet intersected(const GtidSet& other) const;
    [[nodiscard]] bool contains(const GtidSet& other) const;
    [[nodiscard]] bool empty() const { return writers_.empty(); }
    /// How many transactions (MariaDB: at most).
    [[nodiscard]] std::uint64_t count() const;
    [[nodiscard]] Flavour flavour() const { return flavour_; }

    [[nodiscard]] const std::map<std::string, Intervals>& writers() const { return writers_; }
    /// The part that servers named `server` wrote: MySQL all tags of a UUID, MariaDB all domains
    /// of a server id.
    [[nodiscard]] GtidSet of_server(std::string_view server) const;
    [[nodiscard]] GtidSet without_server(std::string_view server) const;

    friend bool operator==(const GtidSet&, const GtidSet&) = default;

private:
    Flavour flavour_ = Flavour::mysql;
    std::map<std::string, Intervals> writers_;
};

/// The server in a writer's name: `uuid` of `uuid:tag`, `1` of `0-1`.
[[nodiscard]] std::string_view server_of(Flavour flavour, std::string_view writer);

} // namespace lockstep::mysql
