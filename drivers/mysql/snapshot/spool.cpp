#include "drivers/mysql/snapshot/spool.h"

#include <algorithm>
#include <cerrno>
#include <tuple>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "drivers/common/entries.h"
#include "drivers/mysql/binlog.h"
#include "drivers/mysql/data_note.h"
#include "drivers/mysql/snapshot/log_check.h"
#include "drivers/mysql/snapshot/log_place.h"
#include "platform/descriptor.h"
#include "platform/files.h"
#include "platform/sha256.h"

namespace lockstep::mysql {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view run_begins = "receiving-";
constexpr std::size_t run_characters = run_begins.size() + 16 + 1;
constexpr std::string_view finished_suffix = ".binlog";
constexpr std::size_t sum_characters = 16; // Of 64: names of one server's log, not of the world's.

Result<void> sync_file(const fs::path& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid() || ::fsync(file.get()) != 0) {
        const int reason = errno;
        return fail(reason == ENOENT ? Errc::unreachable : Errc::refused,
                    fmt::format("fsync {}: {}", path.string(), system_reason(reason)));
    }
    return {};
}

std::uint64_t bytes_of(const fs::path& path) {
    std::error_code gone;
    const auto bytes = fs::file_size(path, gone);
    return gone ? 0 : bytes;
}

/// Adds transactions to a segment as they come, in order.
class Describing {
public:
    Describing(Flavour flavour, const Descent& descent, LogSegment& segment)
        : flavour_(flavour), descent_(descent), segment_(segment) {}

    void take(const LoggedTransaction& transaction) {
        if (!transaction.whole || !stranger_.empty()) {
            return;
        }
        const auto place = place_after(descent_, transaction);
        if (!place) {
            stranger_ = gtid_of(flavour_, transaction);
            return;
        }
        if (segment_.to == 0) {
            // MariaDB's numbers may have gaps: there the file's head knows better.
            segment_.from = flavour_ == Flavour::mysql ? *place - 1 : segment_.from;
            segment_.first_unix_ms = commit_time(transaction).earliest_ms;
        }
        segment_.to = *place;
        segment_.last_unix_ms = std::max(segment_.last_unix_ms, complete_to_ms(transaction));
        end_ = transaction.end;
    }
    [[nodiscard]] const std::string& stranger() const { return stranger_; }
    [[nodiscard]] std::uint64_t end() const { return end_; }

private:
    Flavour flavour_;
    const Descent& descent_;
    LogSegment& segment_;
    std::string stranger_;
    std::uint64_t end_ = 0;
};

struct Described {
    LogSegment segment;
    std::string stranger; // The first transaction that is not of the history.
    std::uint64_t end = 0;
};

/// Goes on where `from` ended.
Result<Described> read_on(Flavour flavour, const SpoolNote& note, const fs::path& path,
                          const ReadSoFar& from) {
    Described read;
    read.segment = from.segment;
    Describing describing(flavour, note.descent, read.segment);
    if (from.segment.to == 0) {
        const auto before = read_before(flavour, path);
        if (!before) {
            return tl::unexpected(before.error());
        }
        read.segment.from = place_after(*before);
    }
    const OnTransaction on_transaction = [&](const auto& transaction) {
        describing.take(transaction);
    };
    const auto file = read_log_file(flavour, path, on_transaction, from.at);
    if (!file) {
        return tl::unexpected(file.error());
    }
    read.segment.name = path.filename().string();
    read.segment.system_id = note.system_id;
    read.segment.history = to_history(descent_at(note.descent, read.segment.to));
    read.segment.bytes = bytes_of(path);
    read.stranger = describing.stranger();
    read.end = std::max(describing.end(), from.at);
    return read;
}

/// A second that has only begun says nothing of itself.
LogSegment in_order(LogSegment segment) {
    segment.first_unix_ms = std::min(segment.first_unix_ms, segment.last_unix_ms);
    return segment;
}

Error damaged(const fs::path& path, const Error& error) {
    return {Errc::refused, path.string() + " is damaged: " + error.message};
}

Result<void> rename_durably(const fs::path& from, const fs::path& to) {
    if (auto synced = sync_file(from); !synced) {
        return synced;
    }
    std::error_code error;
    fs::rename(from, to, error);
    return error ? fail(Errc::refused, fmt::format("rename {}: {}", from.string(), error.message()))
                 : sync_folder(to.parent_path());
}

/// Gives a whole file the name that says what it holds.
Result<void> give_name(Flavour flavour, const SpoolNote& note, const ReceivedFile& file,
                       bool newest_run, Oversight& oversight) {
    Sha256 sum;
    const auto whole = check_log_file(file.path, [&](std::string_view piece) {
        sum.add(piece);
        return oversight.add(piece.size());
    });
    if (!whole) {
        return whole;
    }
    const auto described = describe_log(flavour, note, file.path);
    if (!described) {
        return tl::unexpected(described.error());
    }
    if (newest_run && !described->stranger.empty()) {
        return fail(Errc::refused, // Of a promotion that is not noted yet, at best.
                    fmt::format("{} holds {}, which is not of the history {}", file.path.string(),
                                described->stranger, to_history(note.descent).text));
    }
    const auto& segment = described->segment;
    return rename_durably(file.path,
                          file.path.parent_path() /
                              fmt::format("{:020}-{:020}-{}{}", segment.from, segment.to,
                                          sum.hex().substr(0, sum_characters), finished_suffix));
}

Result<std::vector<fs::path>> named_files(const fs::path& spool) {
    auto entries = entries_if_there(spool);
    if (!entries) {
        return tl::unexpected(entries.error());
    }
    std::erase_if(*entries,
                  [](const fs::path& path) { return path.extension() != finished_suffix; });
    std::ranges::sort(*entries); // Their places come first in their names.
    return entries;
}

bool is_there(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

} // namespace

Result<void> write_spool_note(const fs::path& spool, const SpoolNote& note) {
    return write_note(spool, {note.system_id, to_history(note.descent).text, {}});
}

Result<SpoolNote> read_spool_note(Flavour flavour, const fs::path& spool) {
    const auto note = read_note(spool);
    if (!note) {
        return fail(Errc::refused, note.error().message);
    }
    auto descent = parse_history(flavour, {note->history});
    if (!descent) {
        return within(spool.string(), descent.error());
    }
    return SpoolNote{note->system_id, std::move(*descent)};
}

std::string run_prefix(std::int64_t unix_ms) {
    return fmt::format("{}{:016x}-", run_begins, unix_ms);
}

Result<std::vector<ReceivedFile>> received_files(const fs::path& spool) {
    const auto entries = entries_if_there(spool);
    if (!entries) {
        return tl::unexpected(entries.error());
    }
    std::vector<ReceivedFile> files;
    for (const auto& entry : *entries) {
        const auto name = entry.filename().string();
        if (name.starts_with(run_begins) && name.size() > run_characters) {
            files.push_back({entry, name.substr(0, run_characters), name.substr(run_characters)});
        }
    }
    // "binlog.999999" is followed by "binlog.1000000".
    std::ranges::sort(files, {}, [](const ReceivedFile& file) {
        return std::tuple(file.run, file.log_file.size(), file.log_file);
    });
    for (std::size_t i = 1; i < files.size(); ++i) {
        files[i - 1].followed = files[i - 1].run == files[i].run;
    }
    return files;
}

Result<DescribedLog> describe_log(Flavour flavour, const SpoolNote& note, const fs::path& file) {
    auto read = read_on(flavour, note, file, {});
    if (!read) {
        return tl::unexpected(damaged(file, read.error()));
    }
    read->segment.to = std::max(read->segment.to, read->segment.from);
    return DescribedLog{in_order(std::move(read->segment)), std::move(read->stranger)};
}

Result<std::vector<LogSegment>> finished_in(Flavour flavour, const fs::path& spool,
                                            Oversight oversight) {
    std::vector<LogSegment> segments;
    const auto received = received_files(spool);
    auto named = named_files(spool);
    if (!received || !named) {
        return tl::unexpected(received ? named.error() : received.error());
    }
    if (received->empty() && named->empty()) {
        return segments;
    }
    const auto note = read_spool_note(flavour, spool);
    if (!note) {
        return tl::unexpected(note.error());
    }
    for (const auto& file : *received) {
        const bool newest_run = file.run == received->back().run;
        const auto done =
            file.followed ? give_name(flavour, *note, file, newest_run, oversight) : Result<void>{};
        if (!done) {
            return tl::unexpected(done.error());
        }
    }
    named = named_files(spool);
    if (!named) {
        return tl::unexpected(named.error());
    }
    for (const auto& file : *named) {
        const auto whole = check_log_file(
            file, [&](std::string_view piece) { return oversight.add(piece.size()); });
        auto described = whole ? describe_log(flavour, *note, file)
                               : Result<DescribedLog>(tl::unexpected(whole.error()));
        if (!described) {
            return tl::unexpected(described.error());
        }
        if (described->segment.to > described->segment.from) {
            segments.push_back(std::move(described->segment));
        } else if (auto removed = remove_file_durably(file); !removed) {
            return tl::unexpected(removed.error()); // It holds nothing.
        }
    }
    return segments;
}

/// Of what each run has not finished, that which goes furthest.
Result<std::optional<LogSegment>> unfinished_in(Flavour flavour, const fs::path& spool,
                                                ReadFiles& read) {
    using Answer = Result<std::optional<LogSegment>>;
    const auto received = received_files(spool);
    if (!received || received->empty()) {
        return received ? Answer(std::nullopt) : tl::unexpected(received.error());
    }
    const auto note = read_spool_note(flavour, spool);
    if (!note) {
        return tl::unexpected(note.error());
    }
    ReadFiles now;
    std::optional<LogSegment> best;
    for (const auto& file : *received) {
        if (file.followed) {
            continue; // It is finished, or about to be.
        }
        const auto synced = sync_file(file.path); // What is read is on disk.
        const auto known = read.find(file.path);
        const auto bytes = bytes_of(file.path);
        const bool grew = known != read.end() && known->second.file_bytes <= bytes;
        const auto from = grew ? known->second : ReadSoFar{};
        auto described = read_on(flavour, *note, file.path, from);
        if (!synced || !described) {
            // Its head has not come yet, or it was finished meanwhile.
            if (bytes < 1024 || !is_there(file.path)) {
                continue;
            }
            return tl::unexpected(synced ? damaged(file.path, described.error()) : synced.error());
        }
        now[file.path] = {bytes, described->end, described->segment};
        const auto& segment = described->segment;
        if (segment.to > segment.from && (!best || segment.to > best->to)) {
            best = in_order(segment);
        }
    }
    read = std::move(now);
    return best;
}

Result<void> remove_overtaken(const fs::path& spool, const std::string& prefix) {
    const auto received = received_files(spool);
    if (!received) {
        return tl::unexpected(received.error());
    }
    for (const auto& old : *received) {
        const auto newer = std::ranges::find_if(*received, [&](const ReceivedFile& file) {
            return file.run == prefix && file.log_file == old.log_file;
        });
        const bool overtaken = old.run < prefix && newer != received->end() &&
                               bytes_of(newer->path) >= bytes_of(old.path);
        if (overtaken) {
            if (auto removed = remove_file_durably(old.path); !removed) {
                return removed;
            }
        }
    }
    return {};
}

} // namespace lockstep::mysql
