#include "dns/decision/answer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include <arpa/inet.h>

#include "dns/decision/told.h"

namespace lockstep::dns {
namespace {

constexpr std::uint32_t name_server_ttl_seconds = 60;
constexpr std::string_view read_only_suffix = "-ro";

[[nodiscard]] char lower(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

[[nodiscard]] bool same_name(std::string_view left, std::string_view right) {
    return std::ranges::equal(left, right, {}, lower, lower);
}

/// Whether the dot at `place` separates labels: it does unless an odd number of backslashes
/// before it makes it part of one.
[[nodiscard]] bool separates(std::string_view name, std::size_t place) {
    std::size_t backslashes = 0;
    while (backslashes < place && name[place - backslashes - 1] == '\\') {
        ++backslashes;
    }
    return backslashes % 2 == 0;
}

/// The part of `name` before `suffix`: empty if it is `suffix` itself; none if it is not below.
[[nodiscard]] std::optional<std::string_view> part_before(std::string_view suffix,
                                                          std::string_view name) {
    if (same_name(name, suffix)) {
        return std::string_view();
    }
    if (name.size() < suffix.size() + 2) {
        return std::nullopt;
    }
    const std::size_t dot = name.size() - suffix.size() - 1;
    if (name[dot] != '.' || !same_name(name.substr(dot + 1), suffix) || !separates(name, dot)) {
        return std::nullopt;
    }
    return name.substr(0, dot);
}

[[nodiscard]] bool is_address(int family, const std::string& text) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    return inet_pton(family, text.c_str(), bytes.data()) == 1;
}

/// None if `address` is no IP address.
[[nodiscard]] std::optional<Record> address_record(std::string name, const std::string& address,
                                                   std::uint32_t ttl_seconds) {
    if (is_address(AF_INET, address)) {
        return Record{std::move(name), RecordType::a, ttl_seconds, address};
    }
    if (is_address(AF_INET6, address)) {
        return Record{std::move(name), RecordType::aaaa, ttl_seconds, address};
    }
    return std::nullopt;
}

/// How long an answer that something does not exist may be kept: as short as the shortest answer.
[[nodiscard]] std::uint32_t negative_ttl_seconds(const wire::Zone& zone) {
    std::uint32_t ttl_seconds = Endpoint{}.ttl_seconds;
    for (const Endpoint& endpoint : zone.endpoints) {
        ttl_seconds = std::min(ttl_seconds, endpoint.ttl_seconds);
    }
    return ttl_seconds;
}

/// One question that falls into the zone. `apex` is the zone's name as the question spells it.
class Lookup {
public:
    Lookup(const ZoneView& view, const Question& question, std::string_view below)
        : view_(view), zone_(view.zone), question_(question), below_(below),
          apex_(question.name.substr(question.name.size() - zone_.name.size())) {}

    [[nodiscard]] Answer find() const {
        if (below_.empty()) {
            return from(apex_records());
        }
        for (const Endpoint& endpoint : zone_.endpoints) {
            if (same_name(below_, endpoint.pair)) {
                return of_pair(endpoint, endpoint.primary_address);
            }
            if (same_name(below_, endpoint.pair + std::string(read_only_suffix))) {
                return of_pair(endpoint, endpoint.read_only_address);
            }
        }
        return of_name_server();
    }

private:
    [[nodiscard]] Answer of_pair(const Endpoint& endpoint, const std::string& address) const {
        auto leads_to = address_record(question_.name, address, endpoint.ttl_seconds);
        if (!view_.vouched.contains(endpoint.pair) || !leads_to) {
            return Answer{.rcode = Rcode::server_failure};
        }
        const std::string told = to_text(Told{endpoint.epoch, endpoint.revision});
        return from({*std::move(leads_to),
                     Record{question_.name, RecordType::txt, endpoint.ttl_seconds, told}});
    }

    [[nodiscard]] Answer of_name_server() const {
        std::vector<Record> records;
        bool is_parent = false;
        for (const wire::NameServer& server : zone_.servers) {
            is_parent = is_parent || part_before(below_, server.host).has_value();
            if (!same_name(below_, server.host)) {
                continue;
            }
            if (auto record =
                    address_record(question_.name, server.address, name_server_ttl_seconds)) {
                records.push_back(*std::move(record));
            }
        }
        // A name with nothing but names below it exists, and has no records (RFC 8020).
        return is_parent ? from(records) : unknown_name();
    }

    [[nodiscard]] Answer unknown_name() const {
        if (!view_.may_deny) {
            return Answer{.rcode = Rcode::server_failure};
        }
        return Answer{.rcode = Rcode::no_such_name,
                      .authoritative = true,
                      .authority = {start_of_authority()}};
    }

    /// Of the records at the name that was asked for, those of the type that was asked for.
    [[nodiscard]] Answer from(const std::vector<Record>& records) const {
        Answer answer{.authoritative = true};
        for (const Record& record : records) {
            if (question_.type == static_cast<std::uint16_t>(record.type)) {
                answer.answers.push_back(record);
            }
        }
        if (question_.type == static_cast<std::uint16_t>(RecordType::any) && !records.empty()) {
            answer.answers.push_back(records.front()); // RFC 8482, 4.1: one record set suffices.
        }
        if (answer.answers.empty()) {
            answer.authority.push_back(start_of_authority());
        } else if (answer.answers.front().type == RecordType::ns) {
            answer.additional = glue();
        }
        return answer;
    }

    [[nodiscard]] std::vector<Record> apex_records() const {
        std::vector<Record> records{start_of_authority()};
        for (const wire::NameServer& server : zone_.servers) {
            records.push_back(Record{apex_, RecordType::ns, name_server_ttl_seconds,
                                     server.host + "." + apex_ + "."});
        }
        return records;
    }

    [[nodiscard]] std::vector<Record> glue() const {
        std::vector<Record> records;
        for (const wire::NameServer& server : zone_.servers) {
            if (auto record = address_record(server.host + "." + apex_, server.address,
                                             name_server_ttl_seconds)) {
                records.push_back(*std::move(record));
            }
        }
        return records;
    }

    /// Refresh, retry and expire are for secondaries, of which there are none.
    [[nodiscard]] Record start_of_authority() const {
        const std::string server =
            zone_.servers.empty() ? apex_ : zone_.servers.front().host + "." + apex_;
        const std::uint32_t ttl_seconds = negative_ttl_seconds(zone_);
        return Record{apex_, RecordType::soa, ttl_seconds,
                      server + ". hostmaster." + apex_ + ". " + std::to_string(zone_.serial) +
                          " 60 10 86400 " + std::to_string(ttl_seconds)};
    }

    const ZoneView& view_;
    const wire::Zone& zone_;
    const Question& question_;
    std::string_view below_;
    std::string apex_;
};

[[nodiscard]] bool is_transfer(const Question& question) {
    return question.type == static_cast<std::uint16_t>(RecordType::axfr) ||
           question.type == static_cast<std::uint16_t>(RecordType::ixfr);
}

} // namespace

std::string_view to_string(Rcode rcode) {
    switch (rcode) {
    case Rcode::no_error: return "NOERROR";
    case Rcode::format_error: return "FORMERR";
    case Rcode::server_failure: return "SERVFAIL";
    case Rcode::no_such_name: return "NXDOMAIN";
    case Rcode::not_implemented: return "NOTIMP";
    case Rcode::refused: return "REFUSED";
    }
    return "an unknown response code";
}

std::string_view to_string(RecordType type) {
    switch (type) {
    case RecordType::a: return "A";
    case RecordType::ns: return "NS";
    case RecordType::soa: return "SOA";
    case RecordType::txt: return "TXT";
    case RecordType::aaaa: return "AAAA";
    case RecordType::ixfr: return "IXFR";
    case RecordType::axfr: return "AXFR";
    case RecordType::any: return "ANY";
    }
    return "an unknown type";
}

Answer answer(const ZoneView& view, const Question& question) {
    if (question.opcode != 0) {
        return Answer{.rcode = Rcode::not_implemented};
    }
    if (question.record_class != internet_class || is_transfer(question)) {
        return Answer{.rcode = Rcode::refused};
    }
    if (view.zone.name.empty()) {
        return Answer{.rcode = Rcode::server_failure};
    }
    const auto below = part_before(view.zone.name, question.name);
    if (!below) {
        return Answer{.rcode = Rcode::refused};
    }
    return Lookup(view, question, *below).find();
}

} // namespace lockstep::dns
