#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "drivers/mysql/binlog.h"
#include "drivers/mysql/config.h"
#include "drivers/mysql/descent.h"

/// What a stopped member's own log says, read from its files.
namespace lockstep::mysql {

struct OwnLog {
    GtidSet held;                             // Every transaction of this data.
    std::vector<std::filesystem::path> files; // Oldest first; empty: it never had a log.
    bool closed = true;                       // Its server closed the last one.
    std::uint64_t end_bytes = 0;              // Of what makes sense in the last one.
    std::uint64_t end_unix_s = 0;             // When its last transaction was written.
};

/// `before_log`: what no file tells (DataNote). Blocks. Errors: `corrupt`, `unsupported`,
/// `unreachable` (a file is gone).
[[nodiscard]] Result<OwnLog> read_own_log(const Config& config, const GtidSet& before_log);

/// What the upstream says of itself.
struct Upstream {
    std::string system_id;
    Descent descent;
    GtidSet held;
    GtidSet purged; // What its log no longer has.
};

/// What `held` has and `upstream` lacks.
[[nodiscard]] GtidSet alone_in(const GtidSet& held, const Upstream& upstream);
/// What is needed next and no longer there; empty: nothing.
[[nodiscard]] GtidSet no_longer_kept(const GtidSet& held, const Upstream& upstream);

/// Where in the log the first transaction of `alone` begins.
struct LogStart {
    std::size_t file = 0; // In OwnLog::files.
    std::uint64_t offset_bytes = 0;
    std::string gtid;
    bool whole = false; // Nothing of `alone` is in files that are gone.
};
/// Blocks. Empty: no file has any of it.
[[nodiscard]] Result<std::optional<LogStart>> find_start(Flavour flavour, const OwnLog& log,
                                                         const GtidSet& alone);

} // namespace lockstep::mysql
