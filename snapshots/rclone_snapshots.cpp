#include <algorithm>

#include "platform/files.h"
#include "snapshots/folder_tools.h"
#include "snapshots/rclone_repository.h"
#include "snapshots/shared_rules.h"

/// The snapshots.
namespace lockstep::snapshots {

namespace fs = std::filesystem;

namespace {

/// One step of several that each pass over all bytes.
Repository::OnBytes step_of(const Repository::OnBytes& on_bytes, std::uint64_t bytes,
                            std::uint64_t step, std::uint64_t steps) {
    if (!on_bytes) {
        return {};
    }
    return [&on_bytes, bytes, step, steps](std::uint64_t done, std::uint64_t) {
        on_bytes(step * bytes + std::min(done, bytes), steps * bytes);
    };
}

constexpr std::uint64_t steps_of_finish = 3; // Digest, send, read back.

/// Of its files in the store, below those of the snapshot: "HAND/files"; they lie in one place.
std::string place_of(const SnapshotDescription& description) {
    if (description.files.empty()) {
        return {};
    }
    const auto& path = description.files.front().path;
    return path.substr(0, path.find("/files/") + std::string_view("/files").size());
}

} // namespace

Result<fs::path> RcloneRepository::stage(const std::string& id) {
    auto done = check_name(id);
    const auto mine = done ? still_claimed() : tl::unexpected(done.error());
    if (!mine) {
        return tl::unexpected(mine.error());
    }
    // One at a time is made: what others left would only take room.
    done = remove_tree(scratch_ / "staged");
    for (const auto& folder : {scratch_ / "staged", staged(id)}) {
        if (done) {
            done = make_private_folder(folder);
        }
    }
    return done ? Result<fs::path>(staged(id)) : tl::unexpected(done.error());
}

Result<std::optional<Snapshot>> RcloneRepository::left_off(const std::string& id) {
    if (auto named = check_name(id); !named) {
        return tl::unexpected(named.error());
    }
    const auto text = read_file(staged(id) / description_name, largest_description);
    const auto description = text ? decode_snapshot(*text) : tl::unexpected(text.error());
    if (!description || description->snapshot.id != id) {
        return std::optional<Snapshot>{}; // Begin anew.
    }
    return std::optional(description->snapshot);
}

Result<Snapshot> RcloneRepository::finish(Snapshot snapshot, const OnBytes& on_bytes) {
    const auto mine = claimed();
    auto done = mine ? look_once() : tl::unexpected(mine.error());
    if (!done) {
        return tl::unexpected(done.error());
    }
    if (described(snapshot.id)) {
        return fail(Errc::refused, where(snapshot_prefix(snapshot.id)) + " is there already");
    }
    const OnBytes on_digest = [&on_bytes](std::uint64_t read, std::uint64_t total) {
        if (on_bytes) {
            on_bytes(read, steps_of_finish * total);
        }
    };
    auto files = digest(staged(snapshot.id), on_digest);
    if (!files) {
        return tl::unexpected(files.error());
    }
    snapshot.bytes = total_bytes(*files);
    const SnapshotDescription description{snapshot, std::move(*files)};
    // From now on it is known to be whole, so that a later try can go on from here.
    done = write_file_durably(staged(snapshot.id) / description_name, encode(description));
    if (done) {
        done = check_claim(*mine); // Else all would be sent for nothing.
    }
    if (done) {
        done = send(description, *mine, on_bytes);
    }
    if (done) {
        auto there = description;
        for (auto& file : there.files) {
            file.path = files_prefix(*mine) + "/" + file.path;
        }
        done = describe(std::move(there), *mine);
    }
    if (!done) {
        return tl::unexpected(done.error());
    }
    std::error_code left; // The next stage() removes it.
    fs::remove_all(staged(snapshot.id), left);
    return snapshot;
}

/// rclone compares each file's MD5 with what the store says it took, which is why it need not send
/// it again; that it can be had back is only known from reading it.
Result<void> RcloneRepository::send(const SnapshotDescription& description, const Claim& mine,
                                    const OnBytes& on_bytes) {
    const auto& snapshot = description.snapshot;
    const auto prefix = snapshot_prefix(snapshot.id) + "/" + files_prefix(mine);
    auto sent = rclone_.upload(staged(snapshot.id), prefix, description_name,
                               step_of(on_bytes, snapshot.bytes, 1, steps_of_finish));
    return sent ? compare_sent(description, mine,
                               step_of(on_bytes, snapshot.bytes, 2, steps_of_finish))
                : sent;
}

Result<void> RcloneRepository::compare_sent(const SnapshotDescription& description,
                                            const Claim& mine, const OnBytes& on_bytes) {
    const auto prefix = snapshot_prefix(description.snapshot.id) + "/" + files_prefix(mine);
    const auto there = rclone_.read_back(prefix, on_bytes);
    if (!there) {
        return tl::unexpected(there.error());
    }
    for (const auto& file : description.files) {
        const auto found = there->find(file.path);
        if (found != there->end() && found->second == file.sha256) {
            continue;
        }
        const auto object = where(prefix + "/" + file.path);
        auto removed = rclone_.remove(prefix, {file.path}); // A second try must send it again.
        return removed
                   ? fail(Errc::corrupt, object + ": what was read back is not what was written")
                   : removed;
    }
    return {};
}

/// Never over another description: a new one, and the one before goes.
Result<void> RcloneRepository::describe(SnapshotDescription description, const Claim& mine) {
    const auto id = description.snapshot.id;
    const auto before = described(id);
    const auto old = before ? parse_key(before->key) : std::nullopt;
    const auto key = description_key(id, mine, old ? old->number + 1 : 1);
    auto done = check_claim(mine);
    if (done) {
        done = put_text(rclone_, key, encode(description));
    }
    if (done) {
        done = check_claim(mine);
    }
    if (!done) {
        return done;
    }
    {
        const std::lock_guard guard(mutex_);
        index_->keys[key] = 0;
        index_->snapshots[id] = {key, std::move(description)};
    }
    return before ? rclone_.remove("", {before->key}) : done;
}

Result<void> RcloneRepository::note(const Snapshot& snapshot) {
    const auto mine = claimed();
    auto done = mine ? look_once() : tl::unexpected(mine.error());
    auto found = done ? described(snapshot.id) : tl::unexpected(done.error());
    if (!found) {
        return tl::unexpected(found.error());
    }
    found->description.snapshot = snapshot;
    return describe(std::move(found->description), *mine);
}

Result<void> RcloneRepository::remove_snapshot(const std::string& id) {
    auto done = check_name(id);
    const auto mine = done ? still_claimed() : tl::unexpected(done.error());
    if (!mine) {
        return tl::unexpected(mine.error());
    }
    if (done = remove_tree(staged(id)); !done) {
        return done; // One that was given up half made.
    }
    const auto names = rclone_.list(snapshot_prefix(id));
    if (!names) {
        return tl::unexpected(names.error());
    }
    std::vector<std::string> descriptions;
    std::vector<std::string> files;
    for (const auto& [name, bytes] : *names) {
        const auto parsed = parse_key(snapshot_prefix(id) + "/" + name);
        const bool describes = parsed && parsed->kind == RemoteKey::Kind::snapshot;
        (describes ? descriptions : files).push_back(name);
    }
    done = rclone_.remove(snapshot_prefix(id), descriptions);
    {
        const std::lock_guard guard(mutex_);
        if (done && index_) {
            index_->snapshots.erase(id);
        }
    }
    return done ? rclone_.remove(snapshot_prefix(id), files) : done;
}

/// Before anything is brought here: what is missing there, or has another length, is no snapshot.
Result<void> RcloneRepository::check_sizes(const SnapshotDescription& description) {
    const auto prefix = snapshot_prefix(description.snapshot.id);
    const auto there = rclone_.list(prefix);
    if (!there) {
        return tl::unexpected(there.error());
    }
    for (const auto& file : description.files) {
        const auto found = there->find(file.path);
        const auto object = where(prefix + "/" + file.path);
        if (found == there->end()) {
            return fail(Errc::corrupt, object + " is missing");
        }
        if (found->second != file.bytes) {
            return fail(Errc::corrupt, object + " has " + std::to_string(found->second) +
                                           " bytes; it had " + std::to_string(file.bytes));
        }
    }
    return {};
}

Result<fs::path> RcloneRepository::open_snapshot(const std::string& id, Verify verify,
                                                 const OnBytes& on_bytes) {
    auto done = check_name(id);
    done = done ? look_once() : done;
    auto found = done ? described(id) : tl::unexpected(done.error());
    if (!found) {
        return tl::unexpected(found.error());
    }
    auto& description = found->description;
    const auto folder = scratch_ / "opened" / id;
    done = check_sizes(description);
    done = done ? remove_tree(scratch_ / "opened") : done; // One at a time.
    done = done ? make_folder(folder) : done;
    const auto room = done ? free_bytes(folder) : tl::unexpected(done.error());
    if (!room) {
        return tl::unexpected(room.error());
    }
    if (*room < description.snapshot.bytes) {
        return fail(Errc::refused, folder.string() + " needs " +
                                       std::to_string(description.snapshot.bytes) +
                                       " bytes for the snapshot's files, and " +
                                       std::to_string(*room) + " are free");
    }
    const auto place = place_of(description);
    if (!place.empty()) {
        done = rclone_.download(snapshot_prefix(id) + "/" + place, {}, folder, on_bytes);
    }
    for (auto& file : description.files) {
        file.path.erase(0, place.size() + 1);
    }
    done = done ? compare(folder, description, verify, on_bytes) : done;
    return done ? Result<fs::path>(folder) : tl::unexpected(done.error());
}

void RcloneRepository::close_snapshot(const std::string& id) {
    std::error_code left; // The next one that is opened removes it.
    if (check_name(id)) {
        fs::remove_all(scratch_ / "opened" / id, left);
    }
}

} // namespace lockstep::snapshots
