#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "platform/files.h"
#include "snapshots/description.h"
#include "snapshots/repository.h"

namespace lockstep::snapshots {

/// In a folder of this machine or a mount; everything of the pair lies in ROOT/PAIR:
///
///     claim.json                        who writes, under which epoch
///     forks.json, forks.copy.json
///     snapshots/ID/snapshot.json        its description, and its files beside it
///     log/SYSTEM/NAME, NAME.json        a segment and its description
///     incoming/WRITER/                  log that is being received
///
/// What begins with a dot or ends in `.staged`, `.removed` or `.new` is half made or half gone, and
/// so is log without its description. `ROOT/.lockstep-repository` says what the folder is.
class FolderRepository final : public Repository {
public:
    /// `memory`: shared_rules.h, check_seen().
    FolderRepository(std::filesystem::path root, const PairName& pair,
                     std::filesystem::path memory = {})
        : root_(std::move(root)), pair_(pair), folder_(root_ / pair), memory_(std::move(memory)) {}

    [[nodiscard]] std::string name() const override { return root_.string(); }
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
        return folder_ / "incoming" / writer;
    }
    [[nodiscard]] Result<std::filesystem::path> open_snapshot(const std::string& id, Verify verify,
                                                              const OnBytes& on_bytes) override;
    [[nodiscard]] Result<void> fetch_log(const std::vector<LogSegment>& segments,
                                         const std::filesystem::path& to,
                                         const OnBytes& on_bytes) override;
    [[nodiscard]] std::vector<std::filesystem::path> all_incoming() override;

private:
    [[nodiscard]] Result<void> check_root() const;
    [[nodiscard]] Result<std::optional<Claim>> claimed() const;
    [[nodiscard]] Result<std::optional<Claim>> highest_writer() const;
    [[nodiscard]] Result<void> make_it_a_repository() const;
    [[nodiscard]] Result<void> check_claim() const;
    [[nodiscard]] Result<void> check_claim(const std::optional<Claim>& mine) const;
    [[nodiscard]] Result<void> take_claim(const MemberId& writer, Epoch epoch);
    void remove_locks_below(Epoch epoch) const;
    [[nodiscard]] Result<std::vector<std::string>> names_in_root() const;
    [[nodiscard]] Result<void> remove_halves() const;
    [[nodiscard]] Result<void> read_snapshots(Reading& reading) const;
    [[nodiscard]] Result<void> read_log(Reading& reading) const;
    [[nodiscard]] Result<void> read_segments(const std::filesystem::path& system,
                                             Reading& reading) const;
    [[nodiscard]] Result<void> read_forks(Reading& reading) const;
    [[nodiscard]] Result<std::vector<HistoryFork>> forks_in(const char* name) const;
    [[nodiscard]] std::filesystem::path snapshot_folder(const std::string& id) const {
        return folder_ / "snapshots" / id;
    }
    [[nodiscard]] std::filesystem::path segment_file(const LogSegment& segment) const {
        const auto system = segment.system_id.empty() ? "none" : segment.system_id;
        return folder_ / "log" / system / segment.name;
    }
    [[nodiscard]] Result<SnapshotDescription> describe(const std::string& id) const;
    [[nodiscard]] Result<LogSegment> known_again(const std::filesystem::path& file,
                                                 const LogSegment& known) const;
    [[nodiscard]] Result<void> put(const std::filesystem::path& file,
                                   const LogSegment& segment) const;

    std::filesystem::path root_;
    PairName pair_;
    std::filesystem::path folder_;
    std::filesystem::path memory_;
    mutable std::mutex mutex_; // Of the claim: it is checked by several threads.
    std::optional<Claim> mine_;
    std::optional<FileLock> lock_;
};

[[nodiscard]] std::unique_ptr<Repository>
make_folder_repository(const std::filesystem::path& root, const PairName& pair,
                       const std::filesystem::path& memory = {});

} // namespace lockstep::snapshots
