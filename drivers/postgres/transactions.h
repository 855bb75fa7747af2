#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/kept_divergence.h"

namespace lockstep::postgres {

/// One record of the log, as pg_waldump prints it.
struct LogRecord {
    std::string manager;                // "Heap", "Transaction", …
    std::uint64_t xid = 0;              // 0: of no transaction.
    std::string position;               // "0/01536E58"
    std::string what;                   // The description: "INSERT off 3 flags 0x00, blkref …"
    std::vector<std::string> relations; // "1663/5/16385", each once.
};
/// Empty for every other line.
[[nodiscard]] std::optional<LogRecord> parse_log_record(std::string_view line);

/// Puts the records of a log together to transactions. Bounded: of a transaction only the first
/// few relations are kept, and of those that are open at the same time only so many.
class Transactions {
public:
    /// Called for each transaction when it ends; not for heartbeats.
    using OnEnd = std::function<void(const KeptTransaction&)>;
    explicit Transactions(OnEnd on_end) : on_end_(std::move(on_end)) {}

    void take(const LogRecord& record);
    /// The log is over: what is still open never ended.
    void finish();

    [[nodiscard]] std::uint64_t records() const { return records_; }
    /// The counts, and the first transactions.
    [[nodiscard]] const DecodedLog& result() const { return result_; }

private:
    struct Open {
        std::uint64_t changes = 0;
        std::map<std::string, std::uint64_t> relations;
        bool more_relations = false;
        bool prepared = false;
        bool heartbeat = false; // A message of Lockstep's, and nothing else so far.
    };
    void add_change(const LogRecord& record);
    void take_end(const LogRecord& record);
    [[nodiscard]] Open gather(std::uint64_t xid, std::string_view what);
    void end(std::uint64_t xid, const Open& open, std::string how, const std::string& position);

    OnEnd on_end_;
    std::map<std::uint64_t, Open> open_;
    std::uint64_t records_ = 0;
    DecodedLog result_;
};

} // namespace lockstep::postgres
