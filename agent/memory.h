#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "agent/disk_worker.h"
#include "core/record.h"
#include "core/wire/messages.h"

namespace lockstep {

/// What the agent did to its data folder.
struct DataMemory {
    std::string data_id;     // The mark that it wrote (R11); empty: it made no data.
    std::string system_id;   // Which database that is.
    bool making = false;     // A copy or a new database was begun and not finished.
    Epoch begun_epoch{0};    // The epoch for which a promotion of this data was finished.
    Epoch followed_epoch{0}; // The epoch in which this data last began to follow.
    std::string replaced_id; // While it is making: the mark that a crash may have left in place.
    /// The epoch in which a primary's data was last started as a standby's, to be promoted: whether
    /// it had promoted in that epoch before can no longer be told from the disk (F23).
    Epoch replayed_epoch{0};
    friend bool operator==(const DataMemory&, const DataMemory&) = default;
};

/// What an agent keeps on disk, in its state folder. Everything here is on stable storage before
/// it is in force (R7). Three files, so that each has one writer: `accepted.json`, `data.json`,
/// `zone.json`.
class Memory {
public:
    /// Errors: `corrupt` naming the file and what to do, `refused` if it cannot be read, or if the
    /// accepted record is another store's than `store_id`.
    [[nodiscard]] static Result<Memory> open(const std::filesystem::path& state_dir,
                                             const std::string& store_id,
                                             asio::any_io_executor executor);

    [[nodiscard]] const std::string& store_id() const { return store_id_; }
    [[nodiscard]] const std::optional<PairRecord>& record() const { return record_; }
    [[nodiscard]] Revision accepted() const { return record_ ? record_->revision : Revision{}; }
    /// The highest epoch in which an accepted record named this member primary; 0: none.
    [[nodiscard]] Epoch named_primary() const { return named_primary_; }
    [[nodiscard]] const DataMemory& data() const { return data_; }
    [[nodiscard]] const wire::Zone& zone() const { return zone_; }

    /// One caller at a time for each of them.
    [[nodiscard]] Awaitable<Result<void>> accept(PairRecord record, MemberId self);
    [[nodiscard]] Awaitable<Result<void>> keep_data(DataMemory data);
    /// In force at once, and saved for the next start of the agent, without haste.
    [[nodiscard]] Awaitable<Result<void>> keep_zone(wire::Zone zone);
    void use_zone(wire::Zone zone) { zone_ = std::move(zone); }

private:
    Memory(std::filesystem::path folder, std::string store_id, asio::any_io_executor executor);
    [[nodiscard]] Result<void> load();
    [[nodiscard]] Awaitable<Result<void>> write(std::string name, std::string text);

    std::filesystem::path folder_;
    std::string store_id_;
    std::unique_ptr<DiskWorker> disk_;
    std::optional<PairRecord> record_;
    Epoch named_primary_{0};
    DataMemory data_;
    wire::Zone zone_;
};

} // namespace lockstep
