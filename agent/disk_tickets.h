#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "agent/wake.h"
#include "platform/asio.h"
#include "platform/deadline.h"

namespace lockstep {

/// Who waits for which job of a disk worker's. Of the loop's thread only.
class DiskTickets {
public:
    explicit DiskTickets(asio::any_io_executor executor) : executor_(std::move(executor)) {}

    [[nodiscard]] std::uint64_t take();
    /// The job is done; if nobody waits for it any more, nobody is told.
    void done(std::uint64_t ticket);
    /// Whether it is done by then. Gives the ticket back.
    [[nodiscard]] static Awaitable<bool> finished(std::shared_ptr<DiskTickets> tickets,
                                                  std::uint64_t ticket, Deadline deadline);

private:
    struct Waiting {
        std::shared_ptr<Wake> wake;
        bool done = false;
    };

    asio::any_io_executor executor_;
    std::map<std::uint64_t, Waiting> waiting_;
    std::uint64_t last_ = 0;
};

} // namespace lockstep
