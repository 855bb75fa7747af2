#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <istream>
#include <string>
#include <vector>

#include "core/result.h"
#include "drivers/mysql/gtid_set.h"

/// A binary log file, read without a server: which transactions are in it, and where.
namespace lockstep::mysql {

struct LoggedTransaction {
    std::string writer;        // As in GtidSet: "uuid", "0-1".
    std::uint64_t number = 0;  // Of its GTID.
    std::uint64_t begin = 0;   // Offset of its GTID's event in the file.
    std::uint64_t end = 0;     // One past its last event.
    std::uint32_t unix_s = 0;  // When it was written, by its server's clock.
    bool whole = false;        // All of it is there: an engine's recovery commits it.
    std::uint64_t unix_us = 0; // MySQL: when it was committed where it was written first; 0: untold
    friend bool operator==(const LoggedTransaction&, const LoggedTransaction&) = default;
};

/// "0-1-25", "uuid:25"
[[nodiscard]] std::string gtid_of(Flavour flavour, const LoggedTransaction& transaction);

struct LogFile {
    std::string server_version;
    bool closed = false;         // The server closed it: it rotated or was shut down cleanly.
    GtidSet before;              // All that the log had before this file.
    GtidSet here;                // What this file has, whole transactions only.
    std::uint64_t end_bytes = 0; // Of its last whole event; what follows is torn or empty.
};

using OnTransaction = std::function<void(const LoggedTransaction&)>;

/// Reads one file to the end of what makes sense, in bounded memory; blocks. With `from` all that
/// lies between the file's head and this begin of an event is passed over. A torn end is no error:
/// a crash leaves one. Errors: `corrupt` (no binary log, no list of what was before), `unsupported`
/// (encrypted).
[[nodiscard]] Result<LogFile> read_log(Flavour flavour, std::istream& in,
                                       const OnTransaction& on_transaction = {},
                                       std::uint64_t from = 0);
/// The same; errors name the file. `unreachable` if there is none.
[[nodiscard]] Result<LogFile> read_log_file(Flavour flavour, const std::filesystem::path& path,
                                            const OnTransaction& on_transaction = {},
                                            std::uint64_t from = 0);

/// What a file's head says of all that the log had before it. Errors: as above, and `corrupt` if it
/// is torn before that.
[[nodiscard]] Result<GtidSet> read_before(Flavour flavour, const std::filesystem::path& path);

/// Whether its server closed it, by its first event alone. Errors: `corrupt`, `unreachable`.
[[nodiscard]] Result<bool> is_closed(const std::filesystem::path& path);

/// The files of the log, oldest first, by its index `index`, as paths; a relative one is below the
/// index's folder. Errors: `unreachable` if there is no index, `corrupt`.
[[nodiscard]] Result<std::vector<std::filesystem::path>>
log_files(const std::filesystem::path& index);

} // namespace lockstep::mysql
