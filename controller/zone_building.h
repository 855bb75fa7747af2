#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/record.h"
#include "core/wire/messages.h"
#include "platform/config.h"

namespace lockstep {

/// Labels that pairs may not take, because name servers have them.
inline constexpr std::string_view name_server_prefix = "ns-";

/// "ns-shop-db1" for the agent of member `shop_db1`.
[[nodiscard]] std::string name_server_label(const MemberId& member);

/// The name servers of a zone: this controller's own, and those of the agents of all members.
/// `told` holds what agents said of theirs ("ADDRESS:PORT"; empty: they have none). An agent that
/// was not heard since this controller started is taken to be where the record has it, so that a
/// restart of the controller does not shrink the zone.
[[nodiscard]] std::vector<wire::NameServer>
name_servers(const std::vector<HostPort>& own, const std::vector<PairRecord>& records,
             const std::map<MemberId, std::string>& told);

/// The zone as every server should answer it. `head` is the store's counter: the serial.
[[nodiscard]] wire::Zone build_zone(const std::string& name, Revision head,
                                    const std::vector<PairRecord>& records,
                                    std::vector<wire::NameServer> servers);

} // namespace lockstep
