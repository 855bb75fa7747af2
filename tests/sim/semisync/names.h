#pragma once

#include <optional>
#include <string>
#include <vector>

#include "drivers/mysql/descent.h"
#include "tests/sim/disk.h"

namespace lockstep::sim {

/// A transaction's name: its GTID, and the history's row if it is that.
struct Named {
    std::string writer; // As in a GtidSet: a UUID, or domain and server.
    std::uint64_t number = 0;
    std::optional<mysql::Reign> begins;
};

[[nodiscard]] bool has(const mysql::GtidSet& set, const LogEntry& entry);
void add(mysql::GtidSet& set, const LogEntry& entry);
/// How the engine says where a reign began.
[[nodiscard]] mysql::GtidSet last_of(mysql::Flavour flavour, const std::vector<LogEntry>& log);

/// The names in a log's beginning, counted on as the log grows.
class Counted {
public:
    explicit Counted(mysql::Flavour flavour) : names_(flavour) {}

    void count(const std::vector<LogEntry>& log, std::size_t first);
    void forget();
    [[nodiscard]] const mysql::GtidSet& names() const { return names_; }
    [[nodiscard]] const mysql::Descent& descent() const { return descent_; }

private:
    mysql::GtidSet names_;
    mysql::Descent descent_;
    std::size_t counted_ = 0;
};

} // namespace lockstep::sim
