#include "snapshots/folder_repository.h"

#include <algorithm>

#include "platform/file_copy.h"
#include "snapshots/folder_tools.h"
#include "snapshots/shared_rules.h"

/// The log.
namespace lockstep::snapshots {

namespace fs = std::filesystem;

Result<void> FolderRepository::put(const fs::path& file, const LogSegment& segment) const {
    const auto object = segment_file(segment);
    auto done = make_folder(object.parent_path());
    if (!done) {
        return done;
    }
    const auto copied = copy_file_durably(file, object);
    if (!copied) {
        return tl::unexpected(copied.error());
    }
    const auto there = sha256_of_file(object);
    if (!there) {
        return tl::unexpected(there.error());
    }
    if (*copied != segment.sha256 || *there != segment.sha256) {
        return fail(Errc::corrupt,
                    object.string() + ": what was read back is not what was written");
    }
    done = write_file_durably(with(object, ".json"), encode(segment));
    const auto still_ours = done ? check_claim() : done;
    if (done && !still_ours) {
        // A successor claimed it meanwhile: under this name its log shall come, not ours.
        done = remove_file_durably(with(object, ".json"));
    }
    return done ? still_ours : done;
}

/// Its sender lets go of it next: so the object must be what it was, or becomes it again.
Result<LogSegment> FolderRepository::known_again(const fs::path& file,
                                                 const LogSegment& known) const {
    const auto there = sha256_of_file(segment_file(known));
    if (there && *there == known.sha256) {
        return known;
    }
    if (auto kept = put(file, known); !kept) {
        return tl::unexpected(kept.error());
    }
    return known;
}

Result<LogSegment> FolderRepository::keep(const fs::path& file, LogSegment segment) {
    if (auto named = check_name(segment.name); !named) {
        return tl::unexpected(named.error());
    }
    auto sha256 = sha256_of_file(file);
    if (!sha256) {
        return tl::unexpected(sha256.error());
    }
    if (auto claim = check_claim(); !claim) {
        return tl::unexpected(claim.error());
    }
    segment.sha256 = std::move(*sha256);
    std::error_code trouble;
    segment.bytes = fs::file_size(file, trouble);
    if (trouble) {
        return tl::unexpected(trouble_at(file, trouble));
    }
    const auto description = with(segment_file(segment), ".json");
    const auto text = read_file(description, largest_description);
    const auto known = text ? decode_segment(*text) : tl::unexpected(text.error());
    if (known && known->sha256 == segment.sha256) {
        return known_again(file, *known);
    }
    if (known) {
        return tl::unexpected(second_content(segment_file(segment).string()));
    }
    if (auto kept = put(file, segment); !kept) {
        return tl::unexpected(kept.error());
    }
    return segment;
}

Result<void> FolderRepository::note_forks(const std::vector<HistoryFork>& forks) {
    Reading known;
    auto done = check_claim();
    if (done) {
        done = read_forks(known);
    }
    if (!done) {
        return done;
    }
    const auto all = joined_forks(std::move(known.catalogue.forks), forks, folder_.string());
    if (!all) {
        return tl::unexpected(all.error());
    }
    const auto text = encode(*all);
    for (const auto* name : fork_files) {
        if (done) {
            done = write_file_durably(folder_ / name, text);
        }
    }
    return done;
}

Result<void> FolderRepository::remove_log(const std::vector<LogSegment>& segments) {
    if (auto claim = check_claim(); !claim) {
        return claim;
    }
    for (const auto& segment : segments) {
        const auto object = segment_file(segment);
        auto removed = remove_file_durably(with(object, ".json"));
        if (removed) {
            removed = remove_file_durably(object);
        }
        if (!removed) {
            return removed;
        }
    }
    return {};
}

Result<void> FolderRepository::fetch_log(const std::vector<LogSegment>& segments,
                                         const fs::path& to, const OnBytes& on_bytes) {
    Meter meter(on_bytes, total_bytes(segments));
    for (const auto& segment : segments) {
        if (auto named = check_name(segment.name); !named) {
            return named;
        }
        const auto object = segment_file(segment);
        const auto copied = copy_file_durably(object, to / segment.name, meter.chunk());
        if (!copied) {
            return tl::unexpected(copied.error());
        }
        if (*copied != segment.sha256) {
            return tl::unexpected(other_content(object.string()));
        }
    }
    return {};
}

std::vector<fs::path> FolderRepository::all_incoming() {
    return entries_of(folder_ / "incoming").value_or(std::vector<fs::path>{});
}

} // namespace lockstep::snapshots
