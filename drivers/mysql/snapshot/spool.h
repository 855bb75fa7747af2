#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/snapshot.h"
#include "drivers/mysql/config.h"
#include "drivers/mysql/descent.h"
#include "drivers/overseer.h"

/// The folder that the engine's mysqlbinlog writes a running server's log to, file by file under
/// the server's names for them, each run with a prefix of its own. What is finished gets the name
/// under which the repository keeps it, made of its places and its content, because two members
/// name the same transactions' files differently. All of it blocks.
namespace lockstep::mysql {

/// Whose log it is, noted in the folder: what the files themselves do not tell.
struct SpoolNote {
    std::string system_id;
    Descent descent;
    friend bool operator==(const SpoolNote&, const SpoolNote&) = default;
};
[[nodiscard]] Result<void> write_spool_note(const std::filesystem::path& spool,
                                            const SpoolNote& note);
[[nodiscard]] Result<SpoolNote> read_spool_note(Flavour flavour,
                                                const std::filesystem::path& spool);

/// "receiving-0000019aa1b2c3d4-": what a run's files begin with; later runs sort later.
[[nodiscard]] std::string run_prefix(std::int64_t unix_ms);
/// A file that a run wrote.
struct ReceivedFile {
    std::filesystem::path path;
    std::string run;       // Its prefix.
    std::string log_file;  // The server's name for it.
    bool followed = false; // The same run went on to the next one: it is whole.
};
/// In the order in which they were written.
[[nodiscard]] Result<std::vector<ReceivedFile>> received_files(const std::filesystem::path& spool);

/// What was read of a file that grows, so that it is not read from its beginning again.
struct ReadSoFar {
    std::uint64_t file_bytes = 0; // Its size then.
    std::uint64_t at = 0;         // Where the next transaction begins.
    LogSegment segment;
};
using ReadFiles = std::map<std::filesystem::path, ReadSoFar>;

/// What a file of the log holds of the history that the note tells, up to the first transaction
/// that is not of it: a former primary's, which its successor did not have. Errors: `refused` if it
/// is damaged.
struct DescribedLog {
    LogSegment segment;   // From `from` to `from`: it holds nothing of the history.
    std::string stranger; // The GTID of that transaction; empty: there is none.
};
[[nodiscard]] Result<DescribedLog> describe_log(Flavour flavour, const SpoolNote& note,
                                                const std::filesystem::path& file);

/// SnapshotEngine::finished and unfinished. The first gives what is whole its name.
[[nodiscard]] Result<std::vector<LogSegment>>
finished_in(Flavour flavour, const std::filesystem::path& spool, Oversight oversight);
[[nodiscard]] Result<std::optional<LogSegment>>
unfinished_in(Flavour flavour, const std::filesystem::path& spool, ReadFiles& read);
/// Removes what earlier runs left unfinished and the run `prefix` has received as well.
[[nodiscard]] Result<void> remove_overtaken(const std::filesystem::path& spool,
                                            const std::string& prefix);

} // namespace lockstep::mysql
