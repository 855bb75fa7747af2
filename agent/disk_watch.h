#pragma once

#include "agent/decision/ballast.h"
#include "agent/disk_worker.h"
#include "agent/journal.h"
#include "agent/local_state.h"

namespace lockstep {

/// Looks at the room for the database five times a second and keeps the ballast, on a thread of
/// its own: a disk that hangs blocks nothing else.
class DiskWatch {
public:
    /// `ballast_bytes`: 0 for none.
    DiskWatch(asio::any_io_executor executor, const Driver& driver, LocalState& state,
              Journal& journal, std::uint64_t ballast_bytes);
    [[nodiscard]] Awaitable<void> run();

    /// Beside the data folder, not in it: copies and rewinds don't touch it.
    [[nodiscard]] static std::filesystem::path ballast_of(const std::filesystem::path& data_folder);

private:
    struct Look;
    [[nodiscard]] static Result<Look> look_at(const std::vector<std::filesystem::path>& places);
    [[nodiscard]] Awaitable<void> once();
    [[nodiscard]] Awaitable<Result<void>> act(BallastStep step, std::uint64_t bytes);
    [[nodiscard]] Room room_of(const Look& look) const;
    void take(const Look& look, const Room& room);
    void tell(const Look& look, const Room& room);

    const Driver& driver_;
    LocalState& state_;
    Journal& journal_;
    std::uint64_t wanted_bytes_;
    Milliseconds acted_at_{0};
    Milliseconds make_again_at_{0};
    bool place_told_ = false;
    DiskWorker disk_;
};

} // namespace lockstep
