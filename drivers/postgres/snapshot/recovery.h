#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/snapshot.h"
#include "drivers/postgres/config.h"
#include "drivers/postgres/history.h"

/// The recovery of a restored folder, as text: what its server is told, and what it says.
namespace lockstep::postgres {

/// Where the server finds what it needs, and nobody finds it.
struct RecoveryPlace {
    std::filesystem::path folder; // For the socket and the files below, for this user alone.
    std::filesystem::path log;    // The segments and histories to replay.
};
inline constexpr std::string_view recovery_hba = "hba.conf";
inline constexpr std::string_view recovery_conf = "recovery.conf";

/// The arguments of the server: settings given there outrank all that the folder brings along. It
/// listens nowhere but in its private folder, where its rules let nobody in; it archives nothing,
/// replicates nothing and runs nobody's jobs. `source` are the settings of the source, of which it
/// takes those that recovery itself depends on.
[[nodiscard]] std::vector<std::string>
recovery_arguments(const Config& config, const Settings& source, const RecoveryPlace& place,
                   const RestoreTarget& target, Timeline timeline);

/// "0000000A.history"'s content.
[[nodiscard]] std::string render_history_file(const Descent& descent);

/// The descent of the timeline `own`, which a recovery began that followed `followed` and ended at
/// `end`. The engine's own file always names the last timeline of `followed` as the parent, also
/// where the recovery ended before that one began.
[[nodiscard]] Descent begun_at(const Descent& followed, std::uint64_t end, Timeline own);
/// Where a history file says that its timeline began. Errors: `corrupt`.
[[nodiscard]] Result<std::uint64_t> begin_in_history_file(std::string_view content);

/// postgresql.conf of the restored folder: the source's, but for what would lead to the source's
/// own archive, with the settings that the source ran with, then the ticket. No server starts by
/// it without a ticket.
[[nodiscard]] std::string restored_conf(std::string_view postgresql_conf,
                                        const std::filesystem::path& ticket);
inline constexpr std::string_view restored_settings = "lockstep_restored.conf";
/// A configuration file without the settings that no restored folder may bring along.
[[nodiscard]] std::string without_strange_settings(std::string_view text);

/// "the time 2026-11-26T03:45:00.000Z"
[[nodiscard]] std::string in_words(const RestoreTarget& target);
[[nodiscard]] bool has_target(const RestoreTarget& target);

/// What the recovering server says.
class RecoveryLog {
public:
    /// True: it has recovered, and is to be stopped.
    bool take(std::string_view line);

    [[nodiscard]] bool ready() const { return ready_; }
    [[nodiscard]] bool fell_short() const { return fell_short_; }
    /// Its first complaint that ended it.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }
    [[nodiscard]] std::uint64_t segments() const { return segments_; }
    /// Of the last commit that it replayed; 0: none.
    [[nodiscard]] std::int64_t last_commit_us() const { return last_commit_us_; }
    /// Where the last record that it replayed begins; empty: not told.
    [[nodiscard]] const std::string& last_record() const { return last_record_; }

private:
    bool ready_ = false;
    bool fell_short_ = false;
    std::string trouble_;
    std::uint64_t segments_ = 0;
    std::int64_t last_commit_us_ = 0;
    std::string last_record_;
};

/// "2026-11-26 03:56:17.146847+00", in microseconds since 1970. Empty: it is no such time.
[[nodiscard]] std::optional<std::int64_t> parse_utc_us(std::string_view text);

} // namespace lockstep::postgres
