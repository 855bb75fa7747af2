#include "controller/zone_building.h"

#include <algorithm>

namespace lockstep {
namespace {

std::optional<HostPort> server_of(const Member& member,
                                  const std::map<MemberId, std::string>& told) {
    const auto said = told.find(member.id);
    if (said == told.end()) {
        if (member.probe_port == 0) {
            return std::nullopt;
        }
        return HostPort{member.address, member.probe_port};
    }
    auto at = parse_host_port(said->second);
    if (!at) {
        return std::nullopt; // It has none.
    }
    return *at;
}

} // namespace

std::string name_server_label(const MemberId& member) {
    auto label = std::string(name_server_prefix) + member;
    std::replace(label.begin(), label.end(), '_', '-');
    return label;
}

std::vector<wire::NameServer> name_servers(const std::vector<HostPort>& own,
                                           const std::vector<PairRecord>& records,
                                           const std::map<MemberId, std::string>& told) {
    std::vector<wire::NameServer> servers;
    for (const auto& at : own) {
        const auto label = std::string(name_server_prefix) + "controller" +
                           (servers.empty() ? "" : "-" + std::to_string(servers.size() + 1));
        servers.push_back({label, at.address, at.port});
    }
    for (const auto& record : records) {
        for (const auto& [id, member] : record.members) {
            if (const auto at = server_of(member, told)) {
                servers.push_back({name_server_label(id), at->address, at->port});
            }
        }
    }
    return servers;
}

wire::Zone build_zone(const std::string& name, Revision head,
                      const std::vector<PairRecord>& records,
                      std::vector<wire::NameServer> servers) {
    wire::Zone zone;
    zone.name = name;
    zone.serial = static_cast<std::uint32_t>(number(head)); // RFC 1982: it may wrap.
    zone.servers = std::move(servers);
    for (const auto& record : records) {
        zone.endpoints.push_back(endpoint_of(record));
    }
    return zone;
}

} // namespace lockstep
