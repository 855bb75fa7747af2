#include "controller/start_permit.h"

namespace lockstep {

std::optional<std::uint64_t> grantable_request(const PairRecord& record, const View& view,
                                               const Decision& decision) {
    if (!decision.may_start_primary || decision.next) {
        return std::nullopt;
    }
    const auto primary = view.members.find(record.primary);
    if (primary == view.members.end() || !primary->second.connected ||
        !primary->second.observation || primary->second.observation->start_request == 0) {
        return std::nullopt;
    }
    return primary->second.observation->start_request;
}

std::optional<IssuedPermit> permit_after_read(const PairRecord& decided_upon,
                                              const PairRecord& stored, std::uint64_t request) {
    if (stored != decided_upon) {
        return std::nullopt;
    }
    return IssuedPermit{stored.primary, stored.revision, {request, stored.epoch}};
}

bool still_stands(const IssuedPermit& permit, const PairRecord& record,
                  std::optional<std::uint64_t> grantable) {
    return permit.revision == record.revision && permit.member == record.primary &&
           grantable == permit.permit.request;
}

} // namespace lockstep
