#include "snapshots/rclone_repository.h"

#include <algorithm>

#include "platform/clock.h"
#include "platform/files.h"
#include "snapshots/folder_tools.h"
#include "snapshots/shared_rules.h"

/// Who writes.
namespace lockstep::snapshots {

namespace fs = std::filesystem;

namespace {

Rclone::Settings below(Rclone::Settings settings, const PairName& pair) {
    settings.remote += "/" + pair;
    return settings;
}

/// Of the names below claims/.
KeySizes with_prefix(const KeySizes& names, const std::string& prefix) {
    KeySizes keys;
    for (const auto& [name, bytes] : names) {
        keys.emplace(prefix + name, bytes);
    }
    return keys;
}

} // namespace

RcloneRepository::RcloneRepository(Rclone::Settings settings, fs::path scratch, PairName pair,
                                   fs::path memory)
    : rclone_(below(settings, pair)), above_(settings), root_(settings.remote),
      scratch_(std::move(scratch) / pair), pair_(std::move(pair)), memory_(std::move(memory)) {}

RcloneRepository::~RcloneRepository() {
    std::error_code left; // The next claim removes it.
    fs::remove_all(scratch_ / "opened", left);
}

Result<void> RcloneRepository::prepare_scratch() const {
    auto done = make_folder(scratch_.parent_path());
    for (const auto* folder : {"", "staged", "opened", "incoming", "index"}) {
        if (done) {
            done = make_private_folder(scratch_ / folder);
        }
    }
    return done;
}

/// What an earlier finish() was about to bring to the store; all else that is staged goes.
std::set<std::string> RcloneRepository::half_brought() const {
    std::set<std::string> ids;
    for (const auto& folder : entries_of(scratch_ / "staged").value_or(std::vector<fs::path>{})) {
        std::error_code trouble;
        if (fs::exists(folder / description_name, trouble)) {
            ids.insert(folder.filename().string());
        } else {
            fs::remove_all(folder, trouble); // What stays is in nobody's way but the disk's.
        }
    }
    return ids;
}

Result<void> RcloneRepository::put_text(Rclone& rclone, const std::string& key,
                                        const std::string& text) const {
    const auto file = scratch_ / ("text-" + random_hex(8));
    auto done = write_file_durably(file, text);
    if (done) {
        done = rclone.put(file, key);
    }
    std::error_code left; // A few hundred bytes.
    fs::remove(file, left);
    return done;
}

Result<std::vector<std::string>> RcloneRepository::look_at_root() {
    auto entries = above_.root_entries();
    const auto seen = entries ? check_seen(memory_, *entries, name()) : Result<void>{};
    return seen ? std::move(entries) : tl::unexpected(seen.error());
}

Result<void> RcloneRepository::make_it_a_repository() {
    const auto entries = look_at_root();
    if (!entries) {
        return tl::unexpected(entries.error());
    }
    auto done = check_fits(*entries, pair_, root_);
    if (done && std::ranges::find(*entries, marker_name) == entries->end()) {
        done = put_text(above_, marker_name, marker_text);
    }
    return done ? remember(memory_, name()) : done;
}

/// Announced first: whoever finished something before that is seen by the look that follows, and
/// whoever finishes something after it sees the announcement, and lets go of nothing.
Result<void> RcloneRepository::take_claim(const Claim& mine) {
    auto done = put_text(rclone_, announcement_key(mine), encode(RemoteClaim{mine, {}}));
    auto index = done ? look() : tl::unexpected(done.error());
    if (!index) {
        return tl::unexpected(index.error());
    }
    if (const auto higher = higher_claim(index->keys, mine.epoch)) {
        static_cast<void>(rclone_.remove("", {announcement_key(mine)})); // It means nothing.
        return tl::unexpected(outranked(*higher, mine.epoch, where("")));
    }
    RemoteClaim claim{mine, taken_over(index->keys, index->counted, mine)};
    if (done = put_text(rclone_, claim_key(mine), encode(claim)); !done) {
        return done;
    }
    index->keys[claim_key(mine)] = 0;
    index->claims.push_back(std::move(claim));
    index->counted = Counted(index->keys, index->claims);
    const auto left = leftovers(index->keys, index->counted, mine, half_brought());
    for (const auto& key : left) {
        index->keys.erase(key);
    }
    const std::lock_guard guard(mutex_);
    mine_ = mine;
    index_ = std::move(*index);
    return rclone_.remove("", left);
}

Result<void> RcloneRepository::claim(const MemberId& writer, Epoch epoch) {
    const Claim mine{writer, epoch};
    const auto before = claimed();
    if (before && *before == mine) {
        const auto still = check_claim(mine);
        if (still || still.error().code != Errc::refused) {
            return still; // It is ours as far as is known, and what is half made is, too.
        }
    }
    auto done = prepare_scratch();
    if (done) {
        done = make_it_a_repository();
    }
    return done ? take_claim(mine) : done;
}

Result<Claim> RcloneRepository::claimed() const {
    const std::lock_guard guard(mutex_);
    return mine_ ? Result<Claim>(*mine_) : tl::unexpected(never_claimed(where("")));
}

/// Asked after something was written, and before it counts for its sender: who was deposed finds
/// out here.
Result<void> RcloneRepository::check_claim(const Claim& mine) {
    const auto names = rclone_.list("claims");
    if (!names) {
        return tl::unexpected(names.error());
    }
    const auto keys = with_prefix(*names, "claims/");
    if (const auto higher = higher_claim(keys, mine.epoch)) {
        return tl::unexpected(deposed(higher, mine, where("")));
    }
    if (!keys.contains(claim_key(mine))) {
        return tl::unexpected(deposed(std::nullopt, mine, where("")));
    }
    return {};
}

Result<Claim> RcloneRepository::still_claimed() {
    auto mine = claimed();
    if (!mine) {
        return mine;
    }
    auto still = check_claim(*mine);
    return still ? mine : tl::unexpected(still.error());
}

Result<void> RcloneRepository::note_forks(const std::vector<HistoryFork>& forks) {
    const auto mine = still_claimed();
    auto done = mine ? look_once() : tl::unexpected(mine.error());
    if (!done) {
        return done;
    }
    std::unique_lock lock(mutex_);
    const auto all = joined_forks(index_->forks, forks, where(""));
    lock.unlock();
    if (!all) {
        return tl::unexpected(all.error());
    }
    const auto text = encode(*all);
    for (const auto* name : fork_files) {
        if (done) {
            done = put_text(rclone_, forks_key(*mine, name), text);
        }
    }
    if (done) {
        done = check_claim(*mine);
    }
    if (done) {
        lock.lock();
        index_->forks = *all;
    }
    return done;
}

std::unique_ptr<Repository> make_rclone_repository(Rclone::Settings settings,
                                                   const fs::path& scratch, const PairName& pair,
                                                   const fs::path& memory) {
    return std::make_unique<RcloneRepository>(std::move(settings), scratch, pair, memory);
}

} // namespace lockstep::snapshots
