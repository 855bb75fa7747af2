#include "snapshots/folder_repository.h"

#include <algorithm>

#include "snapshots/folder_tools.h"
#include "snapshots/shared_rules.h"

/// What there is.
namespace lockstep::snapshots {

namespace fs = std::filesystem;

/// A mount that is not there is an empty folder, in which nothing must be made.
Result<void> FolderRepository::check_root() const {
    std::error_code trouble;
    if (!fs::is_directory(root_, trouble)) {
        return fail(Errc::unreachable,
                    "there is no folder " + root_.string() + ": is the repository mounted?");
    }
    const auto names = names_in_root();
    return names ? check_seen(memory_, *names, root_.string()) : tl::unexpected(names.error());
}

Result<std::vector<std::string>> FolderRepository::names_in_root() const {
    const auto entries = entries_of(root_);
    if (!entries) {
        return tl::unexpected(entries.error());
    }
    std::vector<std::string> names;
    for (const auto& entry : *entries) {
        names.push_back(entry.filename().string());
    }
    return names;
}

Result<Reading> FolderRepository::read() {
    Reading reading;
    auto done = check_root();
    if (done) {
        done = read_snapshots(reading);
    }
    if (done) {
        done = read_log(reading);
    }
    if (done) {
        done = read_forks(reading);
    }
    return done ? Result<Reading>(std::move(reading)) : tl::unexpected(done.error());
}

Result<SnapshotDescription> FolderRepository::describe(const std::string& id) const {
    const auto file = snapshot_folder(id) / description_name;
    const auto text = read_file(file, largest_description);
    if (!text) {
        return tl::unexpected(text.error());
    }
    auto description = decode_snapshot(*text);
    if (!description) {
        return within(file.string(), description.error());
    }
    if (description->snapshot.id != id) {
        return fail(Errc::corrupt,
                    file.string() + " describes snapshot " + description->snapshot.id);
    }
    return description;
}

Result<void> FolderRepository::read_snapshots(Reading& reading) const {
    const auto folders = entries_of(folder_ / "snapshots");
    if (!folders) {
        return tl::unexpected(folders.error());
    }
    for (const auto& folder : *folders) {
        if (is_half(folder)) {
            continue;
        }
        auto description = describe(folder.filename().string());
        if (description) {
            reading.catalogue.snapshots.push_back(std::move(description->snapshot));
        } else {
            reading.damaged.push_back(description.error().message);
        }
    }
    return {};
}

Result<void> FolderRepository::read_log(Reading& reading) const {
    const auto systems = entries_of(folder_ / "log");
    if (!systems) {
        return tl::unexpected(systems.error());
    }
    for (const auto& system : *systems) {
        if (auto done = read_segments(system, reading); !done) {
            return done;
        }
    }
    return {};
}

Result<void> FolderRepository::read_segments(const fs::path& system, Reading& reading) const {
    const auto files = entries_of(system);
    if (!files) {
        return tl::unexpected(files.error());
    }
    for (const auto& file : *files) {
        if (file.extension() != ".json" || is_half(file)) {
            continue;
        }
        const auto text = read_file(file, largest_description);
        if (!text) {
            reading.damaged.push_back(text.error().message);
            continue;
        }
        auto segment = decode_segment(*text);
        std::error_code trouble;
        const auto object = fs::path(file).replace_extension();
        if (!segment) {
            reading.damaged.push_back(file.string() + ": " + segment.error().message);
        } else if (segment_file(*segment) != object) {
            reading.damaged.push_back(file.string() + " describes another object, " +
                                      segment_file(*segment).string());
        } else if (fs::file_size(object, trouble) != segment->bytes || trouble) {
            reading.damaged.push_back(object.string() + ": it is missing, or not as long as the " +
                                      std::to_string(segment->bytes) + " bytes it had");
        } else {
            reading.catalogue.log.push_back(std::move(*segment));
        }
    }
    return {};
}

/// Without such a file: none.
Result<std::vector<HistoryFork>> FolderRepository::forks_in(const char* name) const {
    const auto file = folder_ / name;
    const auto text = read_file(file, largest_description);
    if (!text) {
        return text.error().code == Errc::unreachable ? Result<std::vector<HistoryFork>>{}
                                                      : tl::unexpected(text.error());
    }
    auto forks = decode_forks(*text);
    if (!forks) {
        return within(file.string(), forks.error());
    }
    return forks;
}

/// From both copies what can be read.
Result<void> FolderRepository::read_forks(Reading& reading) const {
    for (const auto* name : fork_files) {
        note_copy(forks_in(name), reading);
    }
    return {};
}

} // namespace lockstep::snapshots
