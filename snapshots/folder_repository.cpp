#include "snapshots/folder_repository.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "platform/file_copy.h"
#include "snapshots/folder_tools.h"
#include "snapshots/shared_rules.h"

/// Who writes, and the snapshots.
namespace lockstep::snapshots {

namespace fs = std::filesystem;

Result<std::optional<Claim>> FolderRepository::claimed() const {
    const auto file = folder_ / "claim.json";
    const auto text = read_file(file, largest_description);
    if (!text) {
        return text.error().code == Errc::unreachable ? Result<std::optional<Claim>>(std::nullopt)
                                                      : tl::unexpected(text.error());
    }
    auto claim = decode_claim(*text);
    if (!claim) {
        return within(file.string(), claim.error());
    }
    return std::optional<Claim>(std::move(*claim));
}

/// Who wrote last, as far as the objects tell: for when the claim itself cannot be read.
Result<std::optional<Claim>> FolderRepository::highest_writer() const {
    Reading reading;
    auto done = read_snapshots(reading);
    if (done) {
        done = read_log(reading);
    }
    if (!done) {
        return tl::unexpected(done.error());
    }
    Claim highest{"(unknown)", Epoch{0}};
    for (const Snapshot& snapshot : reading.catalogue.snapshots) {
        highest.epoch = std::max(highest.epoch, snapshot.epoch);
    }
    for (const LogSegment& segment : reading.catalogue.log) {
        highest.epoch = std::max(highest.epoch, segment.epoch);
    }
    return std::optional<Claim>(std::move(highest));
}

Result<void> FolderRepository::make_it_a_repository() const {
    const auto names = names_in_root();
    if (!names) {
        return tl::unexpected(names.error());
    }
    auto done = check_fits(*names, pair_, root_.string());
    if (done && std::ranges::find(*names, marker_name) == names->end()) {
        done = write_file_durably(root_ / marker_name, marker_text);
    }
    return done ? remember(memory_, root_.string()) : done;
}

/// Writers of lower epochs that still live keep theirs. No claim is made meanwhile.
void FolderRepository::remove_locks_below(Epoch epoch) const {
    for (const auto& entry : entries_of(folder_).value_or(std::vector<fs::path>{})) {
        const auto name = entry.filename().string();
        std::uint64_t of = 0;
        if (std::sscanf(name.c_str(), "writer-%" SCNu64 ".lock", &of) != 1 || of >= number(epoch)) {
            continue;
        }
        std::error_code left; // An empty file; the next claim removes it.
        if (const auto lock = FileLock::take(entry)) {
            fs::remove(entry, left);
        }
    }
}

/// The lock is the epoch's, so that a writer of an older one that still lives stands in nobody's
/// way.
Result<void> FolderRepository::take_claim(const MemberId& writer, Epoch epoch) {
    // Between the look and the write nobody else may look: a lower epoch would come out on top.
    const auto alone = FileLock::take(folder_ / "claim.lock");
    if (!alone) {
        return tl::unexpected(alone.error());
    }
    auto before = claimed();
    if (!before && before.error().code == Errc::corrupt) {
        before = highest_writer();
    }
    if (!before) {
        return tl::unexpected(before.error());
    }
    if (*before && number((*before)->epoch) > number(epoch)) {
        return tl::unexpected(outranked(**before, epoch, folder_.string()));
    }
    mine_.reset();
    lock_.reset(); // Our own would stand in our way, too.
    auto lock = FileLock::take(folder_ / ("writer-" + std::to_string(number(epoch)) + ".lock"));
    if (!lock) {
        return tl::unexpected(lock.error());
    }
    const Claim mine{writer, epoch};
    auto written = write_file_durably(folder_ / "claim.json", encode(mine));
    if (written) {
        mine_ = mine;
        lock_ = std::move(*lock);
        remove_locks_below(epoch);
    }
    return written;
}

Result<void> FolderRepository::claim(const MemberId& writer, Epoch epoch) {
    const std::lock_guard guard(mutex_);
    auto done = check_root();
    if (done && mine_ == Claim{writer, epoch}) {
        const auto still = check_claim(mine_);
        if (still || still.error().code == Errc::unreachable ||
            still.error().code == Errc::timeout) {
            return still; // It is ours as far as is known, and what is half made is, too.
        }
    }
    if (done) {
        done = make_it_a_repository();
    }
    for (const auto* folder : {"snapshots", "log", "incoming"}) {
        if (done) {
            done = make_folder(folder_ / folder);
        }
    }
    if (done) {
        done = take_claim(writer, epoch);
    }
    return done ? remove_halves() : done;
}

/// Asked right before anything is written: who was deposed finds out here.
Result<void> FolderRepository::check_claim() const {
    std::optional<Claim> mine;
    {
        const std::lock_guard guard(mutex_);
        mine = mine_;
    }
    return check_claim(mine);
}

Result<void> FolderRepository::check_claim(const std::optional<Claim>& mine) const {
    if (!mine) {
        return tl::unexpected(never_claimed(folder_.string()));
    }
    const auto now = claimed();
    if (!now) {
        return tl::unexpected(now.error());
    }
    if (*now != mine) {
        return tl::unexpected(deposed(*now, *mine, folder_.string()));
    }
    return {};
}

namespace {

/// Log without its description, which is written after it and removed before it.
bool is_bare(const fs::path& entry, const std::vector<fs::path>& beside) {
    std::error_code unreadable;
    return fs::is_regular_file(entry, unreadable) && entry.extension() != ".json" &&
           !std::binary_search(beside.begin(), beside.end(), with(entry, ".json"));
}

} // namespace

Result<void> FolderRepository::remove_halves() const {
    std::vector<fs::path> folders{folder_ / "snapshots"};
    const auto systems = entries_of(folder_ / "log");
    if (!systems) {
        return tl::unexpected(systems.error());
    }
    folders.insert(folders.end(), systems->begin(), systems->end());
    for (const auto& folder : folders) {
        const auto entries = entries_of(folder);
        if (!entries) {
            return tl::unexpected(entries.error());
        }
        for (const auto& entry : *entries) {
            const bool half = is_half(entry) || is_bare(entry, *entries);
            if (auto removed = half ? remove_tree(entry) : Result<void>{}; !removed) {
                return removed;
            }
        }
    }
    return {};
}

Result<fs::path> FolderRepository::stage(const std::string& id) {
    const auto staged = with(snapshot_folder(id), ".staged");
    auto done = check_name(id);
    if (done) {
        done = check_claim();
    }
    if (done) {
        done = remove_tree(staged);
    }
    if (done) {
        done = make_private_folder(staged);
    }
    return done ? Result<fs::path>(staged) : tl::unexpected(done.error());
}

Result<Snapshot> FolderRepository::finish(Snapshot snapshot, const OnBytes& on_bytes) {
    const auto folder = snapshot_folder(snapshot.id);
    const auto staged = with(folder, ".staged");
    auto files = digest(staged, on_bytes);
    if (!files) {
        return tl::unexpected(files.error());
    }
    snapshot.bytes = total_bytes(*files);
    auto done = check_claim();
    if (done) {
        done = write_file_durably(staged / description_name,
                                  encode(SnapshotDescription{snapshot, std::move(*files)}));
    }
    std::error_code trouble;
    if (done) {
        fs::rename(staged, folder, trouble);
    }
    if (trouble) {
        return tl::unexpected(trouble_at(folder, trouble));
    }
    if (done) {
        done = sync_folder(folder.parent_path());
    }
    return done ? Result<Snapshot>(std::move(snapshot)) : tl::unexpected(done.error());
}

Result<void> FolderRepository::note(const Snapshot& snapshot) {
    auto description = describe(snapshot.id);
    if (!description) {
        return tl::unexpected(description.error());
    }
    if (auto claim = check_claim(); !claim) {
        return claim;
    }
    description->snapshot = snapshot;
    return write_file_durably(snapshot_folder(snapshot.id) / description_name,
                              encode(*description));
}

Result<void> FolderRepository::remove_snapshot(const std::string& id) {
    auto done = check_name(id);
    if (done) {
        done = check_claim();
    }
    if (!done) {
        return done;
    }
    const auto folder = snapshot_folder(id);
    const auto going = with(folder, ".removed");
    if (done = remove_tree(with(folder, ".staged")); !done) {
        return done; // One that was given up half made.
    }
    std::error_code trouble;
    fs::rename(folder, going, trouble);
    if (trouble && trouble != std::errc::no_such_file_or_directory) {
        return tl::unexpected(trouble_at(folder, trouble));
    }
    done = sync_folder(folder.parent_path());
    return done ? remove_tree(going) : done;
}

Result<fs::path> FolderRepository::open_snapshot(const std::string& id, Verify verify,
                                                 const OnBytes& on_bytes) {
    auto named = check_name(id);
    auto description = named ? describe(id) : tl::unexpected(named.error());
    if (!description) {
        return tl::unexpected(description.error());
    }
    const auto folder = snapshot_folder(id);
    auto same = compare(folder, *description, verify, on_bytes);
    return same ? Result<fs::path>(folder) : tl::unexpected(same.error());
}

std::unique_ptr<Repository> make_folder_repository(const fs::path& root, const PairName& pair,
                                                   const fs::path& memory) {
    return std::make_unique<FolderRepository>(root, pair, memory);
}

} // namespace lockstep::snapshots
