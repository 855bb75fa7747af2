#include <tuple>

#include "platform/files.h"
#include "snapshots/folder_tools.h"
#include "snapshots/rclone_repository.h"
#include "snapshots/shared_rules.h"

/// What there is.
namespace lockstep::snapshots {

namespace fs = std::filesystem;

using Kind = RemoteKey::Kind;

void RcloneRepository::read_claims(Index& index) const {
    for (const auto& [key, bytes] : index.keys) {
        const auto parsed = parse_key(key);
        if (!parsed || parsed->kind != Kind::claim) {
            continue;
        }
        const auto text = read_file(index_file(key), largest_description);
        auto claim = text ? decode_remote_claim(*text) : tl::unexpected(text.error());
        if (claim && claim->claim == parsed->hand) {
            index.claims.push_back(std::move(*claim));
        } else {
            index.damaged.push_back(where(key) + ": " +
                                    (claim ? "it is another's" : claim.error().message));
        }
    }
    index.counted = Counted(index.keys, index.claims);
}

/// The list first: what is described in it was there when its claims were.
Result<RcloneRepository::Index> RcloneRepository::look() {
    const std::lock_guard alone(looking_);
    Index index;
    auto keys = rclone_.list("");
    if (!keys) {
        return tl::unexpected(keys.error());
    }
    index.keys = std::move(*keys);
    if (index.keys.empty()) {
        const auto there = look_at_root();
        return there ? Result<Index>(std::move(index)) : tl::unexpected(there.error());
    }
    auto done = remove_tree(scratch_ / "index"); // What was damaged since shall be seen.
    done = done ? prepare_scratch() : done;
    done = done ? rclone_.fetch_descriptions("", scratch_ / "index") : done;
    if (!done) {
        return tl::unexpected(done.error());
    }
    read_claims(index);
    Keys counting;
    for (const auto& [key, bytes] : index.keys) {
        const auto parsed = parse_key(key);
        if (parsed && index.counted.counts(key, *parsed)) {
            counting.emplace_back(key, *parsed);
        }
    }
    read_snapshots(counting, index);
    read_log(counting, index);
    read_forks(counting, index);
    return index;
}

Result<void> RcloneRepository::look_once() {
    {
        const std::lock_guard guard(mutex_);
        if (index_) {
            return {};
        }
    }
    auto index = look();
    if (!index) {
        return tl::unexpected(index.error());
    }
    const std::lock_guard guard(mutex_);
    index_ = std::move(*index);
    return {};
}

Result<Reading> RcloneRepository::read() {
    auto index = look();
    if (!index) {
        return tl::unexpected(index.error());
    }
    Reading reading;
    for (const auto& [id, found] : index->snapshots) {
        reading.catalogue.snapshots.push_back(found.description.snapshot);
    }
    for (const auto& [name, found] : index->log) {
        reading.catalogue.log.push_back(found.segment);
    }
    reading.catalogue.forks = index->forks;
    reading.damaged = index->damaged;
    const std::lock_guard guard(mutex_);
    index_ = std::move(*index);
    return reading;
}

Result<RcloneRepository::FoundSnapshot> RcloneRepository::described(const std::string& id) {
    const std::lock_guard guard(mutex_);
    const auto found = index_->snapshots.find(id);
    if (found == index_->snapshots.end()) {
        return fail(Errc::unreachable, where(snapshot_prefix(id)) + " is not there");
    }
    return found->second;
}

void RcloneRepository::read_snapshots(const Keys& keys, Index& index) const {
    std::map<std::string, std::pair<std::string, RemoteKey>> last; // By id.
    const auto order = [](const RemoteKey& key) {
        return std::tuple(key.hand.epoch, key.number, key.hand.writer);
    };
    for (const auto& entry : keys) {
        if (entry.second.kind != Kind::snapshot) {
            continue;
        }
        const auto [there, added] = last.emplace(entry.second.place, entry);
        if (!added && order(there->second.second) < order(entry.second)) {
            there->second = entry;
        }
    }
    for (const auto& [id, entry] : last) {
        const auto text = read_file(index_file(entry.first), largest_description);
        auto description = text ? decode_snapshot(*text) : tl::unexpected(text.error());
        if (!description) {
            index.damaged.push_back(where(entry.first) + ": " + description.error().message);
        } else if (description->snapshot.id != id) {
            index.damaged.push_back(where(entry.first) + " describes snapshot " +
                                    description->snapshot.id);
        } else {
            index.snapshots[id] = {entry.first, std::move(*description)};
        }
    }
}

Result<RcloneRepository::FoundSegment> RcloneRepository::read_segment(const std::string& key,
                                                                      const RemoteKey& parsed,
                                                                      const Index& index) const {
    const auto text = read_file(index_file(key), largest_description);
    auto segment = text ? decode_segment(*text) : tl::unexpected(text.error());
    if (!segment) {
        return within(where(key), segment.error());
    }
    const auto object = segment_key(*segment, parsed.hand);
    if (object + ".json" != key) {
        return fail(Errc::corrupt, where(key) + " describes another object, " + where(object));
    }
    const auto there = index.keys.find(object);
    if (there == index.keys.end() || there->second != segment->bytes) {
        return fail(Errc::corrupt, where(object) + ": it is missing, or not as long as the " +
                                       std::to_string(segment->bytes) + " bytes it had");
    }
    return FoundSegment{object, std::move(*segment)};
}

/// What was lost and brought once more is there twice, and one of them is whole.
void RcloneRepository::read_log(const Keys& keys, Index& index) const {
    std::map<std::pair<std::string, std::string>, std::string> lost; // Why, by place and name.
    std::set<std::pair<std::string, std::string>> whole;
    for (const auto& [key, parsed] : keys) {
        if (parsed.kind != Kind::segment) {
            continue;
        }
        const std::pair name(parsed.place, parsed.name);
        auto found = read_segment(key, parsed, index);
        if (!found) {
            lost.emplace(name, found.error().message);
            continue;
        }
        whole.insert(name);
        const SegmentName entry(found->segment.system_id, found->segment.name);
        const auto there = index.log.find(entry);
        if (there != index.log.end() && there->second.segment.sha256 != found->segment.sha256) {
            index.damaged.push_back(second_content(where(found->key)).message);
        } else {
            index.log.insert_or_assign(entry, std::move(*found));
        }
    }
    for (const auto& [name, why] : lost) {
        if (!whole.contains(name)) {
            index.damaged.push_back(why);
        }
    }
}

void RcloneRepository::read_forks(const Keys& keys, Index& index) const {
    Reading found;
    for (const auto& [key, parsed] : keys) {
        if (parsed.kind != Kind::forks) {
            continue;
        }
        const auto text = read_file(index_file(key), largest_description);
        auto forks = text ? decode_forks(*text) : tl::unexpected(text.error());
        if (!forks) {
            forks = within(where(key), forks.error());
        }
        note_copy(forks, found);
    }
    index.forks = std::move(found.catalogue.forks);
    index.damaged.insert(index.damaged.end(), found.damaged.begin(), found.damaged.end());
}

} // namespace lockstep::snapshots
