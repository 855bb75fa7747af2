#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/wire/messages.h"
#include "dns/decision/answer.h"
#include "platform/config.h"

namespace lockstep {

/// The zone as it is now, and what this controller's own name server may say of it: a controller
/// that has not proved through its store within `fence_after` that it leads vouches for no pair.
class ZoneKeeper {
public:
    /// `proved_at`: boot time of the last proof.
    using ProvedAt = std::function<Milliseconds()>;

    explicit ZoneKeeper(ProvedAt proved_at);

    void replace(wire::Zone zone);
    [[nodiscard]] const wire::Zone& zone() const { return proved_view_->zone; }
    /// For the name server.
    [[nodiscard]] std::shared_ptr<const dns::ZoneView> current() const;

private:
    ProvedAt proved_at_;
    std::shared_ptr<const dns::ZoneView> proved_view_;
    std::shared_ptr<const dns::ZoneView> unproved_view_;
};

} // namespace lockstep
