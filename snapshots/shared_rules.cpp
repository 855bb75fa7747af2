#include "snapshots/shared_rules.h"

#include <algorithm>

#include "platform/file_copy.h"
#include "platform/files.h"
#include "snapshots/folder_tools.h"

namespace lockstep::snapshots {

namespace fs = std::filesystem;

namespace {

/// Each between two ends of line.
std::string roots_in(const fs::path& memory) {
    return "\n" + read_file(memory, largest_description).value_or(std::string());
}

std::string epoch_text(Epoch epoch) {
    return std::to_string(number(epoch));
}

Result<std::vector<ObjectFile>> files_in(const fs::path& folder) {
    std::vector<ObjectFile> files;
    std::error_code trouble;
    for (fs::recursive_directory_iterator at(folder, trouble), end; !trouble && at != end;
         at.increment(trouble)) {
        if (at->is_regular_file() && at->path().filename() != description_name) {
            files.push_back({at->path().lexically_relative(folder).string(), at->file_size(), {}});
        }
    }
    if (trouble) {
        return tl::unexpected(trouble_at(folder, trouble));
    }
    std::sort(files.begin(), files.end(),
              [](const auto& left, const auto& right) { return left.path < right.path; });
    return files;
}

} // namespace

Result<std::vector<ObjectFile>> digest(const fs::path& folder,
                                       const Repository::OnBytes& on_bytes) {
    auto files = files_in(folder);
    if (!files) {
        return files;
    }
    Meter meter(on_bytes, total_bytes(*files));
    for (auto& file : *files) {
        auto sha256 = sha256_of_file(folder / file.path, meter.chunk());
        if (!sha256) {
            return tl::unexpected(sha256.error());
        }
        file.sha256 = std::move(*sha256);
    }
    return files;
}

std::uint64_t total_bytes(const std::vector<ObjectFile>& files) {
    std::uint64_t total = 0;
    for (const auto& file : files) {
        total += file.bytes;
    }
    return total;
}

std::uint64_t total_bytes(const std::vector<LogSegment>& segments) {
    std::uint64_t total = 0;
    for (const auto& segment : segments) {
        total += segment.bytes;
    }
    return total;
}

Result<void> compare(const fs::path& folder, const SnapshotDescription& description,
                     Repository::Verify verify, const Repository::OnBytes& on_bytes) {
    Meter meter(on_bytes, description.snapshot.bytes);
    for (const auto& file : description.files) {
        const auto path = folder / file.path;
        std::error_code trouble;
        const auto bytes = fs::file_size(path, trouble);
        if (trouble) {
            return fail(Errc::corrupt, path.string() + ": " + trouble.message());
        }
        if (bytes != file.bytes) {
            return fail(Errc::corrupt, path.string() + " has " + std::to_string(bytes) +
                                           " bytes; it had " + std::to_string(file.bytes));
        }
        if (verify == Repository::Verify::sizes) {
            continue;
        }
        const auto sha256 = sha256_of_file(path, meter.chunk());
        if (!sha256) {
            return tl::unexpected(sha256.error());
        }
        if (*sha256 != file.sha256) {
            return tl::unexpected(other_content(path.string()));
        }
    }
    return {};
}

Result<std::vector<HistoryFork>> joined_forks(std::vector<HistoryFork> known,
                                              const std::vector<HistoryFork>& more,
                                              const std::string& where) {
    for (const HistoryFork& fork : more) {
        const auto there = std::find_if(known.begin(), known.end(), [&](const HistoryFork& one) {
            return one.history == fork.history;
        });
        if (there == known.end()) {
            known.push_back(fork);
        } else if (*there != fork) {
            return fail(Errc::refused, where + ": history \"" + fork.history.text +
                                           "\" is known to have left its parent elsewhere");
        }
    }
    return known;
}

void note_copy(const Result<std::vector<HistoryFork>>& copy, Reading& reading) {
    if (!copy) {
        reading.damaged.push_back(copy.error().message);
        return;
    }
    auto& known = reading.catalogue.forks;
    for (const HistoryFork& fork : *copy) {
        if (std::find(known.begin(), known.end(), fork) == known.end()) {
            known.push_back(fork);
        }
    }
}

Result<void> check_fits(const std::vector<std::string>& entries, const PairName& pair,
                        const std::string& root) {
    const auto is_there = [&](const std::string& name) {
        return std::ranges::find(entries, name) != entries.end();
    };
    const bool empty = std::ranges::all_of(entries, [](const std::string& entry) {
        return entry == "lost+found"; // A file system of its own has that.
    });
    if (empty || is_there(marker_name) || is_there(pair)) {
        return {};
    }
    return fail(Errc::refused,
                root + " holds other things and is no repository: name an empty folder");
}

Result<void> check_seen(const fs::path& memory, const std::vector<std::string>& entries,
                        const std::string& root) {
    const bool marked = std::ranges::find(entries, marker_name) != entries.end();
    const auto seen = marked || memory.empty() ? std::string() : roots_in(memory);
    if (seen.find("\n" + root + "\n") == std::string::npos) {
        return {};
    }
    return fail(Errc::unreachable,
                root +
                    " was a repository and is empty now: is it mounted? (If it shall begin "
                    "anew, remove its line from " +
                    memory.string() + ")");
}

Result<void> remember(const fs::path& memory, const std::string& root) {
    const auto seen = memory.empty() ? "\n" + root + "\n" : roots_in(memory);
    if (seen.find("\n" + root + "\n") != std::string::npos) {
        return {};
    }
    return write_file_durably(memory, seen.substr(1) + root + "\n");
}

Error outranked(const Claim& higher, Epoch wanted, const std::string& where) {
    return {Errc::refused, "member " + higher.writer + " writes to " + where + " under epoch " +
                               epoch_text(higher.epoch) + ": nothing is taken under epoch " +
                               epoch_text(wanted) + " any more"};
}

Error deposed(const std::optional<Claim>& now, const Claim& mine, const std::string& where) {
    const auto who = now ? "member " + now->writer + " under epoch " + epoch_text(now->epoch)
                         : std::string("nobody");
    return {Errc::refused, where + " is written to by " + who + " now, no more by " + mine.writer +
                               " under epoch " + epoch_text(mine.epoch)};
}

Error never_claimed(const std::string& where) {
    return {Errc::refused, where + " was not claimed for writing"};
}

Error second_content(const std::string& object) {
    return {Errc::refused, object + " is there with another content: two servers wrote log under "
                                    "one name; the first is kept"};
}

Error other_content(const std::string& object) {
    return {Errc::corrupt, object + ": its content is not what was written"};
}

} // namespace lockstep::snapshots
