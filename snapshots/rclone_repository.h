#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "snapshots/description.h"
#include "snapshots/rclone.h"
#include "snapshots/remote_keys.h"
#include "snapshots/repository.h"

namespace lockstep::snapshots {

/// In an object store, or whatever else rclone reaches. Objects are named as remote_keys.h says;
/// what they hold is the same as in a folder. `scratch`, a folder of this machine, takes a pair's
/// snapshots while they are made, checked or restored, and log that is received:
///
///     PAIR/staged/ID/     written by finish(), which goes on with what an earlier one left
///     PAIR/opened/ID/     by open_snapshot()
///     PAIR/index/         the descriptions, as they are in the store
///     PAIR/incoming/WRITER/
class RcloneRepository final : public Repository {
public:
    /// `memory`: shared_rules.h, check_seen().
    RcloneRepository(Rclone::Settings settings, std::filesystem::path scratch, PairName pair,
                     std::filesystem::path memory = {});
    ~RcloneRepository() override;

    [[nodiscard]] std::string name() const override { return "rclone:" + root_; }
    [[nodiscard]] Result<Reading> read() override;
    [[nodiscard]] Result<void> claim(const MemberId& writer, Epoch epoch) override;
    [[nodiscard]] Result<std::filesystem::path> stage(const std::string& id) override;
    [[nodiscard]] Result<Snapshot> finish(Snapshot snapshot, const OnBytes& on_bytes) override;
    [[nodiscard]] Result<LogSegment> keep(const std::filesystem::path& file,
                                          LogSegment segment) override;
    [[nodiscard]] Result<void> note_forks(const std::vector<HistoryFork>& forks) override;
    [[nodiscard]] Result<void> note(const Snapshot& snapshot) override;
    [[nodiscard]] Result<void> remove_snapshot(const std::string& id) override;
    [[nodiscard]] Result<void> remove_log(const std::vector<LogSegment>& segments) override;
    [[nodiscard]] std::filesystem::path incoming(const MemberId& writer) override {
        return scratch_ / "incoming" / writer;
    }
    [[nodiscard]] bool counts_incoming() const override { return false; }
    [[nodiscard]] Result<std::filesystem::path> open_snapshot(const std::string& id, Verify verify,
                                                              const OnBytes& on_bytes) override;
    void close_snapshot(const std::string& id) override;
    [[nodiscard]] Result<std::optional<Snapshot>> left_off(const std::string& id) override;
    [[nodiscard]] Result<void> fetch_log(const std::vector<LogSegment>& segments,
                                         const std::filesystem::path& to,
                                         const OnBytes& on_bytes) override;
    [[nodiscard]] std::vector<std::filesystem::path> all_incoming() override;
    void stop() override { rclone_.stop(); }

private:
    struct FoundSnapshot {
        std::string key; // Of its description.
        SnapshotDescription description;
    };
    struct FoundSegment {
        std::string key; // Of the object.
        LogSegment segment;
    };
    using SegmentName = std::pair<std::string, std::string>; // System id, name.
    /// What was found when it was looked last, and what this writer added since.
    struct Index {
        KeySizes keys;
        std::vector<RemoteClaim> claims;
        Counted counted;
        std::map<std::string, FoundSnapshot> snapshots;
        std::map<SegmentName, FoundSegment> log;
        std::vector<HistoryFork> forks;
        std::vector<std::string> damaged;
    };
    using Keys = std::vector<std::pair<std::string, RemoteKey>>;

    // rclone_reading.cpp
    [[nodiscard]] Result<Index> look();
    [[nodiscard]] Result<void> look_once(); // So that there is an index.
    void read_claims(Index& index) const;
    [[nodiscard]] Result<FoundSegment> read_segment(const std::string& key, const RemoteKey& parsed,
                                                    const Index& index) const;
    void read_snapshots(const Keys& keys, Index& index) const;
    void read_log(const Keys& keys, Index& index) const;
    void read_forks(const Keys& keys, Index& index) const;
    [[nodiscard]] Result<FoundSnapshot> described(const std::string& id);
    [[nodiscard]] Result<void> check_sizes(const SnapshotDescription& description);
    [[nodiscard]] std::filesystem::path index_file(const std::string& key) const {
        return scratch_ / "index" / key;
    }

    // rclone_repository.cpp
    [[nodiscard]] Result<void> prepare_scratch() const;
    [[nodiscard]] std::set<std::string> half_brought() const;
    [[nodiscard]] Result<std::vector<std::string>> look_at_root();
    [[nodiscard]] Result<void> make_it_a_repository();
    [[nodiscard]] Result<Claim> claimed() const;
    [[nodiscard]] Result<void> check_claim(const Claim& mine);
    [[nodiscard]] Result<Claim> still_claimed();
    [[nodiscard]] Result<void> take_claim(const Claim& mine);
    [[nodiscard]] Result<void> put_text(Rclone& rclone, const std::string& key,
                                        const std::string& text) const;

    // rclone_snapshots.cpp
    [[nodiscard]] Result<void> send(const SnapshotDescription& description, const Claim& mine,
                                    const OnBytes& on_bytes);
    [[nodiscard]] Result<void> compare_sent(const SnapshotDescription& description,
                                            const Claim& mine, const OnBytes& on_bytes);
    [[nodiscard]] Result<void> describe(SnapshotDescription description, const Claim& mine);
    [[nodiscard]] std::filesystem::path staged(const std::string& id) const {
        return scratch_ / "staged" / id;
    }

    // rclone_log.cpp
    [[nodiscard]] std::optional<FoundSegment> find(const LogSegment& segment) const;
    [[nodiscard]] Result<void> put_segment(const std::filesystem::path& file,
                                           const LogSegment& segment, const Claim& mine);

    [[nodiscard]] std::string where(const std::string& key) const { return rclone_.at(key); }

    Rclone rclone_; // Below the pair's prefix.
    Rclone above_;  // The root.
    std::string root_;
    std::filesystem::path scratch_;
    PairName pair_;
    std::filesystem::path memory_;
    mutable std::mutex mutex_; // Of what follows: calls come from several threads.
    std::optional<Claim> mine_;
    std::optional<Index> index_;
    std::mutex looking_; // One look at a time: they share a folder.
};

[[nodiscard]] std::unique_ptr<Repository>
make_rclone_repository(Rclone::Settings settings, const std::filesystem::path& scratch,
                       const PairName& pair, const std::filesystem::path& memory = {});

} // namespace lockstep::snapshots
