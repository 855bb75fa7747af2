#include "platform/file_copy.h"
#include "snapshots/folder_tools.h"
#include "snapshots/rclone_repository.h"
#include "snapshots/shared_rules.h"

/// The log.
namespace lockstep::snapshots {

namespace fs = std::filesystem;

std::optional<RcloneRepository::FoundSegment>
RcloneRepository::find(const LogSegment& segment) const {
    const std::lock_guard guard(mutex_);
    const auto found = index_->log.find({segment.system_id, segment.name});
    return found == index_->log.end() ? std::nullopt : std::optional(found->second);
}

Result<void> RcloneRepository::put_segment(const fs::path& file, const LogSegment& segment,
                                           const Claim& mine) {
    const auto key = segment_key(segment, mine);
    auto done = rclone_.put(file, key);
    const auto there = done ? rclone_.sha256(key) : tl::unexpected(done.error());
    if (!there) {
        return tl::unexpected(there.error());
    }
    if (*there != segment.sha256) {
        return fail(Errc::corrupt, where(key) + ": what was read back is not what was written");
    }
    done = put_text(rclone_, key + ".json", encode(segment));
    if (done) {
        // If a successor announced itself meanwhile, it may or may not have seen this: the sender
        // keeps its file, and what the successor saw counts.
        done = check_claim(mine);
    }
    if (done) {
        const std::lock_guard guard(mutex_);
        index_->keys[key] = segment.bytes;
        index_->keys[key + ".json"] = 0;
        index_->log[{segment.system_id, segment.name}] = {key, segment};
    }
    return done;
}

Result<LogSegment> RcloneRepository::keep(const fs::path& file, LogSegment segment) {
    auto done = check_name(segment.name);
    const auto mine = done ? claimed() : tl::unexpected(done.error());
    auto sha256 = mine ? sha256_of_file(file) : tl::unexpected(mine.error());
    if (!sha256) {
        return tl::unexpected(sha256.error());
    }
    segment.sha256 = std::move(*sha256);
    std::error_code trouble;
    segment.bytes = fs::file_size(file, trouble);
    if (trouble) {
        return tl::unexpected(trouble_at(file, trouble));
    }
    if (done = look_once(); !done) {
        return tl::unexpected(done.error());
    }
    if (const auto known = find(segment)) {
        if (known->segment.sha256 != segment.sha256) {
            return tl::unexpected(second_content(where(known->key)));
        }
        // Its sender lets go of it next: so the object must be what it was, or comes once more.
        segment = known->segment;
        const auto there = rclone_.sha256(known->key);
        if (there && *there == segment.sha256) {
            done = check_claim(*mine);
            return done ? Result<LogSegment>(segment) : tl::unexpected(done.error());
        }
    }
    done = put_segment(file, segment, *mine);
    return done ? Result<LogSegment>(std::move(segment)) : tl::unexpected(done.error());
}

/// Of all hands, descriptions first.
Result<void> RcloneRepository::remove_log(const std::vector<LogSegment>& segments) {
    const auto mine = still_claimed();
    auto done = mine ? look_once() : tl::unexpected(mine.error());
    if (!done) {
        return done;
    }
    std::set<SegmentName> going;
    for (const auto& segment : segments) {
        going.emplace(segment.system_id.empty() ? "none" : segment.system_id, segment.name);
    }
    std::vector<std::string> descriptions;
    std::vector<std::string> objects;
    std::unique_lock lock(mutex_);
    for (const auto& [key, bytes] : index_->keys) {
        const auto parsed = parse_key(key);
        if (parsed && going.contains({parsed->place, parsed->name})) {
            if (parsed->kind == RemoteKey::Kind::segment) {
                descriptions.push_back(key);
            } else if (parsed->kind == RemoteKey::Kind::segment_object) {
                objects.push_back(key);
            }
        }
    }
    lock.unlock();
    done = rclone_.remove("", descriptions);
    if (done) {
        done = rclone_.remove("", objects);
    }
    lock.lock();
    for (const auto& segment : segments) {
        index_->log.erase({segment.system_id, segment.name});
    }
    if (done) {
        for (const auto& keys : {descriptions, objects}) {
            for (const auto& key : keys) {
                index_->keys.erase(key);
            }
        }
    }
    return done;
}

Result<void> RcloneRepository::fetch_log(const std::vector<LogSegment>& segments,
                                         const fs::path& to, const OnBytes& on_bytes) {
    auto done = look_once();
    std::map<std::string, std::vector<std::string>> names; // By the prefix they lie in.
    for (const auto& segment : segments) {
        done = done ? check_name(segment.name) : done;
        const auto found = done ? find(segment) : std::nullopt;
        if (!done) {
            return done;
        }
        if (!found) {
            return fail(Errc::corrupt, where("log") + ": there is no " + segment.name);
        }
        names[found->key.substr(0, found->key.rfind('/'))].push_back(segment.name);
    }
    for (const auto& [prefix, listed] : names) {
        if (done = rclone_.download(prefix, listed, to, on_bytes); !done) {
            return done;
        }
    }
    for (const auto& segment : segments) {
        const auto sha256 = sha256_of_file(to / segment.name);
        const auto found = find(segment);
        if (!sha256 || *sha256 != segment.sha256) {
            return tl::unexpected(other_content(where(found ? found->key : segment.name)));
        }
    }
    return {};
}

std::vector<fs::path> RcloneRepository::all_incoming() {
    return entries_of(scratch_ / "incoming").value_or(std::vector<fs::path>{});
}

} // namespace lockstep::snapshots
