#include "core/endpoint.h"

namespace lockstep {

Endpoint endpoint_of(const PairRecord& record) {
    Endpoint endpoint;
    endpoint.pair = record.pair;
    endpoint.primary_address = record.members.at(record.primary).address;
    const auto standby = standby_of(record);
    endpoint.read_only_address =
        standby ? record.members.at(*standby).address : endpoint.primary_address;
    endpoint.epoch = record.epoch;
    endpoint.revision = record.revision;
    endpoint.ttl_seconds = record.policy.dns_ttl_seconds;
    return endpoint;
}

} // namespace lockstep
