#include "dns/decision/update.h"

#include <algorithm>
#include <array>
#include <optional>

#include <arpa/inet.h>

#include "dns/decision/told.h"

namespace lockstep::dns {
namespace {

constexpr std::array published_types{RecordType::a, RecordType::aaaa, RecordType::txt};

/// The one spelling of an address; none if it is no IP address.
[[nodiscard]] std::optional<std::string> canonical(int family, const std::string& text) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    std::array<char, INET6_ADDRSTRLEN> spelled{};
    if (inet_pton(family, text.c_str(), bytes.data()) != 1 ||
        inet_ntop(family, bytes.data(), spelled.data(), spelled.size()) == nullptr) {
        return std::nullopt;
    }
    return std::string(spelled.data());
}

/// Adds nothing if `address` is no IP address.
void add_address(std::vector<Record>& records, const std::string& name, const std::string& address,
                 std::uint32_t ttl_seconds) {
    if (const auto v4 = canonical(AF_INET, address)) {
        records.push_back({name, RecordType::a, ttl_seconds, *v4});
    } else if (const auto v6 = canonical(AF_INET6, address)) {
        records.push_back({name, RecordType::aaaa, ttl_seconds, *v6});
    }
}

[[nodiscard]] std::vector<Record> wanted_records(const std::string& zone, const Endpoint& wanted) {
    const std::string told = to_text(Told{wanted.epoch, wanted.revision});
    const auto primary = primary_name(wanted.pair, zone);
    const auto read_only = read_only_name(wanted.pair, zone);
    std::vector<Record> records;
    add_address(records, primary, wanted.primary_address, wanted.ttl_seconds);
    records.push_back({primary, RecordType::txt, wanted.ttl_seconds, told});
    add_address(records, read_only, wanted.read_only_address, wanted.ttl_seconds);
    records.push_back({read_only, RecordType::txt, wanted.ttl_seconds, told});
    return records;
}

[[nodiscard]] bool same_records(const std::vector<Record>& one, const std::vector<Record>& other) {
    return one.size() == other.size() && std::ranges::is_permutation(one, other);
}

/// The TXT records at the primary's name.
[[nodiscard]] std::vector<Record> tellings(const std::string& name,
                                           const std::vector<Record>& served) {
    std::vector<Record> found;
    for (const Record& record : served) {
        if (record.name == name && record.type == RecordType::txt) {
            found.push_back(record);
        }
    }
    return found;
}

[[nodiscard]] Plan name_taken(const std::string& name, const std::string& has) {
    Plan plan;
    plan.kind = Plan::Kind::name_taken;
    plan.reason = name + " " + has +
                  ": it is somebody else's. Remove its records, or hand them over by a TXT record "
                  "\"epoch=0 revision=0\" at " +
                  name + ", its only one";
    return plan;
}

/// Who has the names now.
struct Holder {
    std::vector<Record> telling; // The TXT record of an earlier publication; empty: unused names.
    std::optional<Told> told;
    std::optional<Plan> stranger;
};

[[nodiscard]] Holder holder(const std::string& name, const std::vector<Record>& served) {
    Holder found;
    found.telling = tellings(name, served);
    if (found.telling.size() > 1) {
        found.stranger = name_taken(name, "has several TXT records");
    } else if (found.telling.size() == 1) {
        found.told = parse_told(found.telling.front().data);
        if (!found.told) {
            found.stranger = name_taken(name, "has a TXT record that tells no epoch");
        }
    } else if (!served.empty()) {
        found.stranger = name_taken(served.front().name, "has records, and " + name +
                                                             " no TXT record that tells the epoch");
    }
    return found;
}

[[nodiscard]] Plan newer_there(const std::string& name, const Told& there, const Told& here) {
    Plan plan;
    plan.kind = Plan::Kind::newer_there;
    plan.reason = name + " tells " + in_words(there) + " there, newer than the " + in_words(here) +
                  " known here";
    return plan;
}

/// An update of both names under the condition that nobody changed them meanwhile.
[[nodiscard]] Plan conditional_update(const std::string& zone, const PairName& pair,
                                      const std::vector<Record>& telling) {
    Plan plan;
    plan.kind = Plan::Kind::update;
    plan.update.zone = zone;
    plan.update.exactly = telling;
    for (const auto& name : {primary_name(pair, zone), read_only_name(pair, zone)}) {
        if (telling.empty()) {
            plan.update.unused.push_back(name);
            continue;
        }
        for (const auto type : published_types) {
            plan.update.removed.push_back({name, type});
        }
    }
    return plan;
}

} // namespace

std::string primary_name(const PairName& pair, const std::string& zone) {
    return pair + "." + zone;
}

std::string read_only_name(const PairName& pair, const std::string& zone) {
    return pair + "-ro." + zone;
}

Plan plan_publication(const std::string& zone, const Endpoint& wanted,
                      const std::vector<Record>& served) {
    const auto name = primary_name(wanted.pair, zone);
    const Told here{wanted.epoch, wanted.revision};
    auto there = holder(name, served);
    if (there.stranger) {
        return *std::move(there.stranger);
    }
    if (there.told && *there.told > here) {
        return newer_there(name, *there.told, here);
    }
    auto records = wanted_records(zone, wanted);
    if (same_records(records, served)) {
        return {};
    }
    auto plan = conditional_update(zone, wanted.pair, there.telling);
    plan.update.added = std::move(records);
    return plan;
}

Plan plan_withdrawal(const std::string& zone, const Endpoint& last,
                     const std::vector<Record>& served) {
    const auto name = primary_name(last.pair, zone);
    const Told here{last.epoch, last.revision};
    const auto there = holder(name, served);
    if (!there.told) {
        return {}; // Gone, or never ours.
    }
    if (*there.told > here) {
        return newer_there(name, *there.told, here);
    }
    return conditional_update(zone, last.pair, there.telling);
}

} // namespace lockstep::dns
