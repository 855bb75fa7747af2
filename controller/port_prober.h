#pragma once

#include <functional>
#include <set>
#include <vector>

#include "controller/observer.h"
#include "core/record.h"
#include "platform/asio.h"
#include "platform/deadline.h"

namespace lockstep {

/// The controller's own evidence about a member: connects to its database's and its agent's port
/// (it knows no SQL), only while the agent alone cannot be relied upon.
class PortProber {
public:
    using Members = std::function<std::vector<Member>()>;
    using Probed = std::function<void(const MemberId&)>;

    PortProber(asio::any_io_executor executor, Observer& observer, Members members, Probed probed);
    /// Looks for members to probe, until stopped.
    [[nodiscard]] Awaitable<void> run();
    void stop() { stopped_ = true; }

private:
    [[nodiscard]] Awaitable<void> probe(Member member);

    asio::any_io_executor executor_;
    Observer& observer_;
    Members members_;
    Probed probed_;
    std::map<MemberId, Milliseconds> begun_; // When the last round for a member began.
    bool stopped_ = false;
};

} // namespace lockstep
