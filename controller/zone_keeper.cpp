#include "controller/zone_keeper.h"

#include "core/policy.h"
#include "platform/clock.h"

namespace lockstep {

ZoneKeeper::ZoneKeeper(ProvedAt proved_at) : proved_at_(std::move(proved_at)) {
    replace({});
}

void ZoneKeeper::replace(wire::Zone zone) {
    auto proved = std::make_shared<dns::ZoneView>();
    for (const auto& endpoint : zone.endpoints) {
        proved->vouched.insert(endpoint.pair);
    }
    proved->zone = std::move(zone);
    auto unproved = std::make_shared<dns::ZoneView>();
    unproved->zone = proved->zone;
    unproved->may_deny = false;
    proved_view_ = std::move(proved);
    unproved_view_ = std::move(unproved);
}

std::shared_ptr<const dns::ZoneView> ZoneKeeper::current() const {
    const bool proved = boot_time() - proved_at_() <= Timings{}.fence_after;
    return proved ? proved_view_ : unproved_view_;
}

} // namespace lockstep
