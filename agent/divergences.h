#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/disk_worker.h"
#include "agent/journal.h"
#include "agent/wake.h"
#include "core/kept_divergence.h"
#include "drivers/driver.h"

namespace lockstep {

/// The copies of R8's on this host, a folder each: described in a file beside the copy, decoded
/// for people when there is time, told to the controller, and removed when their day has come.
class Divergences {
public:
    struct Place {
        std::filesystem::path folder; // Of all of them.
        MemberId member;
        std::string host;
        std::uint32_t keep_days = 30;
    };

    Divergences(asio::any_io_executor executor, Driver& driver, Journal& journal, Place place);

    /// Decodes and removes, again and again.
    [[nodiscard]] Awaitable<void> run();

    /// Makes the folder of them all. Errors: `refused`.
    [[nodiscard]] Result<void> prepare();
    /// A new one's id and folder.
    [[nodiscard]] KeptDivergence make(Revision revision) const;
    /// The copy is there: describes it durably.
    [[nodiscard]] Awaitable<Result<void>> add(KeptDivergence divergence);
    /// A copy of this data's own changes since this fork that no rejoin followed yet. In one epoch
    /// no server runs on diverged data, so it is as good as a new one.
    [[nodiscard]] std::optional<KeptDivergence> find_open(const std::string& data_id, Epoch epoch,
                                                          const std::string& fork) const;
    /// The files that a rewind will overwrite are in the copy, too.
    [[nodiscard]] Awaitable<Result<void>> set_overwritten(std::string id, std::uint64_t bytes);
    /// The member is back on its upstream's history: all that was open is settled.
    [[nodiscard]] Awaitable<void> settle(std::string how, std::string why);

    /// Newest first. `version` changes whenever the list does.
    [[nodiscard]] const std::vector<KeptDivergence>& list() const { return list_; }
    [[nodiscard]] std::uint64_t version() const { return version_; }
    void on_change(std::function<void()> changed) { changed_ = std::move(changed); }

private:
    [[nodiscard]] Awaitable<void> load();
    [[nodiscard]] Awaitable<void> decode_next();
    [[nodiscard]] Awaitable<void> remove_due();
    [[nodiscard]] Awaitable<Result<void>> save(KeptDivergence divergence);
    [[nodiscard]] Awaitable<Result<void>> put_and_save(KeptDivergence divergence);
    [[nodiscard]] std::optional<KeptDivergence> find(const std::string& id) const;
    void put(KeptDivergence divergence);
    void changed();

    Driver& driver_;
    Journal& journal_;
    Place place_;
    DiskWorker disk_;
    Wake wake_;
    std::vector<KeptDivergence> list_;
    std::uint64_t version_ = 1;
    std::function<void()> changed_;
};

} // namespace lockstep
