#pragma once

#include "agent/disk_worker.h"
#include "agent/local_state.h"
#include "agent/supervisor.h"

namespace lockstep {

/// Writes and fsyncs a small file in the data folder, every 500 ms while a server runs there, on
/// a thread of its own: a storage stall must be seen, and must block nothing else.
class FsyncProbe {
public:
    FsyncProbe(asio::any_io_executor executor, LocalState& state, Supervisor& supervisor,
               std::filesystem::path folder);
    [[nodiscard]] Awaitable<void> run();

private:
    [[nodiscard]] Awaitable<void> once();

    LocalState& state_;
    Supervisor& supervisor_;
    std::filesystem::path folder_;
    DiskWorker disk_;
};

} // namespace lockstep
