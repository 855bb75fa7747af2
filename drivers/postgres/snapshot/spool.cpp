#include "drivers/postgres/snapshot/spool.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/common/entries.h"
#include "drivers/postgres/snapshot/log_scan.h"
#include "platform/descriptor.h"
#include "platform/files.h"

namespace lockstep::postgres {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view partial_suffix = ".partial";
constexpr std::size_t segment_characters = 24;
constexpr std::size_t largest_segment_bytes = 1U << 30U;

std::int64_t to_ms(std::optional<std::int64_t> us) {
    return us.value_or(0) / 1000;
}

bool is_segment_name(std::string_view name) {
    return name.size() == segment_characters &&
           name.find_first_not_of("0123456789ABCDEF") == std::string_view::npos;
}

/// The first bytes of a file; fewer if there are not so many.
std::string read_start(const fs::path& path) {
    std::string bytes(64, '\0');
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const auto got = ::read(file.get(), bytes.data(), bytes.size());
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
}

/// By any segment's file; the names tell their numbers only with it. 0: there is none.
Result<std::uint64_t> segment_bytes_in(const fs::path& spool) {
    const auto entries = entries_if_there(spool);
    if (!entries) {
        return tl::unexpected(entries.error());
    }
    fs::path unreadable;
    for (const auto& entry : *entries) {
        const auto name = entry.filename().string();
        if (!is_segment_name(name.substr(0, segment_characters)) || is_start_mark(entry)) {
            continue;
        }
        if (const auto header = read_segment_header(read_start(entry))) {
            return header->segment_bytes;
        }
        unreadable = is_segment_name(name) ? entry : unreadable;
    }
    if (!unreadable.empty()) {
        return fail(Errc::refused, unreadable.string() + " is damaged: it is no segment of a log");
    }
    return std::uint64_t{0};
}

/// The receiver makes a segment's file in its full size before the first byte of log comes.
bool is_blank(const fs::path& path) {
    const auto begin = read_start(path);
    return begin.empty() || std::ranges::all_of(begin, [](char byte) { return byte == 0; });
}

/// Where a timeline begins and, as far as the folder knows, ends.
class Lines {
public:
    explicit Lines(const fs::path& spool) : spool_(spool) {}

    Result<Descent> of(Timeline timeline) const {
        auto descent = read_descent(spool_, timeline);
        return descent
                   ? std::move(descent)
                   : fail(Errc::refused, fmt::format("the history of timeline {} is missing: {}",
                                                     timeline, descent.error().message));
    }
    /// By the histories of later timelines in the folder.
    std::optional<std::uint64_t> left_at(Timeline timeline) const {
        const auto entries = entries_of(spool_);
        for (const auto& entry : entries ? *entries : std::vector<fs::path>{}) {
            const auto name = entry.filename().string();
            const auto later = parse_timeline_prefix(name);
            if (!later || name != history_file_name(*later)) {
                continue;
            }
            const auto descent = read_descent(spool_, *later);
            const auto stretch = descent ? stretch_of(*descent, timeline) : std::nullopt;
            if (stretch && stretch->end) {
                return stretch->end;
            }
        }
        return std::nullopt;
    }

private:
    fs::path spool_;
};

/// Goes through the folder's files in order, so that what runs from one into the next is read.
class Reading {
public:
    Reading(const fs::path& spool, Oversight oversight)
        : lines_(spool), oversight_(std::move(oversight)) {}

    struct Read {
        LogSegment segment;
        SegmentScan scan;
        SegmentHeader header;
    };
    Result<Read> read(const SpoolFile& file) {
        const auto content = read_file(file.path, largest_segment_bytes);
        if (!content) {
            return fail(Errc::refused, content.error().message);
        }
        if (auto goes_on = oversight_.add(content->size()); !goes_on) {
            return tl::unexpected(goes_on.error());
        }
        const auto header = read_segment_header(*content);
        if (!header) {
            return fail(Errc::refused, fmt::format("{} is damaged: {}", file.path.string(),
                                                   header.error().message));
        }
        if (header->begin != file.segment.number * header->segment_bytes) {
            return fail(Errc::refused, fmt::format("{} holds the log from {} on, another segment's",
                                                   file.path.string(), format_lsn(header->begin)));
        }
        const auto descent = lines_.of(file.segment.timeline);
        if (!descent) {
            return tl::unexpected(descent.error());
        }
        Read read;
        read.header = *header;
        describe(file, *descent, *header, content->size(), read.segment);
        const bool joins = carried_ && carried_timeline_ == file.segment.timeline;
        read.scan = scan_segment(*header, *content, joins ? std::move(carried_) : std::nullopt,
                                 read.segment.from);
        carried_ = read.scan.carried;
        carried_timeline_ = file.segment.timeline;
        read.segment.to = read.scan.whole ? header->begin + header->segment_bytes : read.scan.end;
        read.segment.first_unix_ms = to_ms(read.scan.first_commit_us);
        read.segment.last_unix_ms = to_ms(read.scan.last_commit_us);
        return read;
    }
    /// Why a file that should be whole is not; empty: it is.
    std::string flaw(const SpoolFile& file, const Read& read) const {
        if (!file.partial) {
            return read.scan.whole ? std::string()
                                   : fmt::format("at {} stands {}", format_lsn(read.scan.end),
                                                 read.scan.stopped);
        }
        const auto left = lines_.left_at(file.segment.timeline);
        return left && read.scan.end >= *left
                   ? std::string()
                   : fmt::format("it ends at {}", format_lsn(read.scan.end));
    }
    const Lines& lines() const { return lines_; }

private:
    static void describe(const SpoolFile& file, const Descent& descent, const SegmentHeader& header,
                         std::size_t bytes, LogSegment& segment) {
        segment.name = file.path.filename().string();
        segment.system_id = header.system_id;
        segment.history = to_history(descent);
        // A timeline's first segment begins with a copy of its parent's.
        const auto began = descent.ancestors.empty() ? 0 : descent.ancestors.back().left_at;
        segment.from = std::max(header.begin, began);
        segment.bytes = bytes;
    }

    Lines lines_;
    Oversight oversight_;
    std::optional<CarriedRecord> carried_;
    Timeline carried_timeline_ = 0;
};

Result<void> remove_file(const fs::path& path) {
    std::error_code error;
    fs::remove(path, error);
    return error ? fail(Errc::refused, fmt::format("remove {}: {}", path.string(), error.message()))
                 : Result<void>{};
}

Result<void> remove_start_marks(const fs::path& spool) {
    const auto entries = entries_of(spool);
    for (const auto& entry : entries ? *entries : std::vector<fs::path>{}) {
        if (is_segment_name(entry.filename().string()) && is_start_mark(entry)) {
            if (auto removed = remove_file(entry); !removed) {
                return removed;
            }
        }
    }
    return {};
}

} // namespace

bool is_start_mark(const fs::path& path) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 && found.st_size > 0 && found.st_blocks == 0;
}

Result<std::vector<SpoolFile>> spool_files(const fs::path& spool, std::uint64_t segment_bytes) {
    const auto entries = entries_if_there(spool);
    if (!entries) {
        return tl::unexpected(entries.error());
    }
    std::vector<SpoolFile> files;
    for (const auto& entry : *entries) {
        const auto name = entry.filename().string();
        const auto base = name.substr(0, segment_characters);
        const auto rest = std::string_view(name).substr(base.size());
        if (!is_segment_name(base) || (!rest.empty() && rest != partial_suffix) ||
            is_start_mark(entry)) {
            continue;
        }
        const auto segment = parse_segment_name(base, segment_bytes);
        if (segment) {
            files.push_back({entry, *segment, !rest.empty()});
        }
    }
    std::ranges::sort(files, [](const auto& left, const auto& right) {
        return std::pair(left.segment.timeline, left.segment.number) <
               std::pair(right.segment.timeline, right.segment.number);
    });
    return files;
}

Result<std::vector<LogSegment>> finished_in(const fs::path& spool, Oversight oversight) {
    const auto bytes = segment_bytes_in(spool);
    const auto files =
        bytes && *bytes != 0 ? spool_files(spool, *bytes) : Result<std::vector<SpoolFile>>();
    if (!bytes || !files) {
        return tl::unexpected(bytes ? files.error() : bytes.error());
    }
    Reading reading(spool, std::move(oversight));
    std::vector<LogSegment> segments;
    for (const auto& file : *files) {
        const auto left = reading.lines().left_at(file.segment.timeline);
        const bool over = left && *left / *bytes == file.segment.number;
        if (file.partial && (!over || is_blank(file.path))) {
            continue; // Still being written, or cut off by a fork that it does not reach.
        }
        auto read = reading.read(file);
        if (!read) {
            return tl::unexpected(read.error());
        }
        const auto flaw = reading.flaw(file, *read);
        if (!flaw.empty() && file.partial) {
            continue; // The receiver fetches the rest of it before it goes on.
        }
        if (!flaw.empty()) {
            return fail(Errc::refused, file.path.string() + " is damaged: " + flaw);
        }
        read->segment.to = file.partial ? *left : read->header.begin + read->header.segment_bytes;
        segments.push_back(std::move(read->segment));
    }
    return segments;
}

Result<std::optional<LogSegment>> unfinished_in(const fs::path& spool, Oversight oversight) {
    using Answer = Result<std::optional<LogSegment>>;
    const auto bytes = segment_bytes_in(spool);
    const auto files =
        bytes && *bytes != 0 ? spool_files(spool, *bytes) : Result<std::vector<SpoolFile>>();
    if (!bytes || !files) {
        return tl::unexpected(bytes ? files.error() : bytes.error());
    }
    if (files->empty() || !files->back().partial || is_blank(files->back().path)) {
        return Answer(std::nullopt);
    }
    const auto& file = files->back();
    Reading reading(spool, std::move(oversight));
    const auto has_neighbour = files->size() > 1;
    if (has_neighbour) { // For the record that begins there.
        const auto before = reading.read((*files)[files->size() - 2]);
        if (!before) {
            return tl::unexpected(before.error());
        }
    }
    auto read = reading.read(file);
    std::error_code ignored;
    if (!read && !fs::exists(file.path, ignored)) {
        return Answer(std::nullopt); // It was finished meanwhile.
    }
    if (!read) {
        return tl::unexpected(read.error());
    }
    // What was read is on disk only now.
    const Descriptor written(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!written.valid() || ::fsync(written.get()) != 0) {
        if (errno == ENOENT) {
            return Answer(std::nullopt); // It was finished meanwhile.
        }
        return fail(Errc::refused,
                    fmt::format("fsync {}: {}", file.path.string(), system_reason(errno)));
    }
    if (read->segment.to <= read->segment.from) {
        return Answer(std::nullopt);
    }
    return Answer(std::move(read->segment));
}

Result<void> mark_start(const fs::path& spool, SegmentName start, const Descent& descent,
                        std::uint64_t segment_bytes) {
    if (auto removed = remove_start_marks(spool); !removed) {
        return removed;
    }
    const auto files = spool_files(spool, segment_bytes);
    if (!files) {
        return tl::unexpected(files.error());
    }
    auto next = start;
    bool broken = false;
    std::size_t kept = 0;
    for (const auto& file : *files) {
        const bool later_line = file.segment.timeline > next.timeline &&
                                cut_at(descent, file.segment.timeline).has_value() &&
                                file.segment.number <= next.number;
        const bool joins =
            (file.segment.timeline == next.timeline && file.segment.number == next.number) ||
            (kept > 0 && later_line);
        const bool before =
            file.segment.timeline <= start.timeline && file.segment.number < start.number;
        if (before) {
            continue; // Its owner has it, and removes it.
        }
        broken = broken || !joins;
        if (broken) {
            if (auto removed = remove_file(file.path); !removed) {
                return removed;
            }
            continue;
        }
        ++kept;
        next = {file.segment.timeline, file.segment.number + (file.partial ? 0U : 1U)};
    }
    if (kept > 0) {
        return {};
    }
    const auto name = format_segment_name({start.timeline, start.number - 1}, segment_bytes);
    std::error_code ignored;
    if (fs::exists(spool / name, ignored)) {
        return {};
    }
    const Descriptor mark(::open((spool / name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (!mark.valid() || ::ftruncate(mark.get(), static_cast<off_t>(segment_bytes)) != 0) {
        return fail(Errc::refused,
                    fmt::format("create {}: {}", (spool / name).string(), system_reason(errno)));
    }
    return {};
}

} // namespace lockstep::postgres
