#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "drivers/mysql/gtid_set.h"

/// The events of a binary log that tell transactions apart. Sources: MariaDB knowledge base,
/// "Replication Protocol"; MySQL source documentation, "Binary Log Event".
namespace lockstep::mysql {

enum class EventType : std::uint8_t {
    query = 2,
    stop = 3,
    rotate = 4,
    format = 15,
    commit = 16, // XID_EVENT
    mysql_gtid = 33,
    mysql_anonymous = 34,
    mysql_before = 35, // PREVIOUS_GTIDS_LOG_EVENT
    xa_prepare = 38,
    mysql_compressed = 40, // TRANSACTION_PAYLOAD_EVENT: all of a transaction but its GTID.
    mysql_tagged_gtid = 42,
    binlog_checkpoint = 161,
    mariadb_gtid = 162,
    mariadb_before = 163, // GTID_LIST_EVENT
    encryption = 164,     // START_ENCRYPTION_EVENT
    mariadb_compressed_query = 165,
};

inline constexpr std::size_t event_header_bytes = 19;

struct EventHeader {
    std::uint32_t unix_s = 0;
    EventType type{};
    std::uint32_t server_id = 0;
    std::uint32_t bytes = 0; // Of the whole event.
    std::uint32_t next = 0;  // Offset of the next one, modulo 2^32.
    std::uint16_t flags = 0;
};
/// `text` has event_header_bytes bytes.
[[nodiscard]] EventHeader parse_event_header(std::string_view text);

/// The first event: which server wrote it, and whether each event ends with a checksum.
struct FormatEvent {
    std::string server_version;
    bool checksums = false;
};
[[nodiscard]] Result<FormatEvent> parse_format_event(std::string_view body);

/// A transaction's GTID, from the body of its event (MySQL source, libs/mysql/binlog/event,
/// "Gtid_event"). `alone`: it is one event long and has no
/// commit of its own (MariaDB: DDL).
struct GtidEvent {
    std::string writer;
    std::uint64_t number = 0;
    bool alone = false;
    std::uint64_t unix_us = 0; // MySQL: when it was committed where it was written first; 0: untold
};
[[nodiscard]] Result<GtidEvent> parse_gtid_event(const EventHeader& header, std::string_view body);

/// All that the log had before this file. Errors: `corrupt`, `unsupported` (a form that is not
/// known).
[[nodiscard]] Result<GtidSet> parse_before_event(Flavour flavour, std::string_view body);

/// The statement in the body of a query event; empty if it makes no sense.
[[nodiscard]] std::string_view statement_in(std::string_view body);

} // namespace lockstep::mysql
