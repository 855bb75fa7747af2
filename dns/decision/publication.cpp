#include "dns/decision/publication.h"

#include <array>
#include <utility>

#include <arpa/inet.h>

#include "dns/decision/told.h"

namespace lockstep::dns {
namespace {

[[nodiscard]] std::string describe(Epoch epoch, Revision revision) {
    return in_words(Told{epoch, revision});
}

[[nodiscard]] bool is_newer(const NameAnswer& answer, const Endpoint& wanted) {
    return Told{answer.epoch, answer.revision} > Told{wanted.epoch, wanted.revision};
}

/// IPv6 addresses may be spelled in several ways.
[[nodiscard]] bool same_address(const std::string& left, const std::string& right) {
    std::array<unsigned char, sizeof(in6_addr)> left_bytes{};
    std::array<unsigned char, sizeof(in6_addr)> right_bytes{};
    return left == right || (inet_pton(AF_INET6, left.c_str(), left_bytes.data()) == 1 &&
                             inet_pton(AF_INET6, right.c_str(), right_bytes.data()) == 1 &&
                             left_bytes == right_bytes);
}

/// Empty if clients see what is wanted.
[[nodiscard]] std::string difference(const Endpoint& wanted, const NameAnswer& answer) {
    if (answer.epoch != wanted.epoch) {
        return "answers " + describe(answer.epoch, answer.revision) + " (" +
               answer.primary_address + "), wanted " + describe(wanted.epoch, wanted.revision);
    }
    if (!same_address(answer.primary_address, wanted.primary_address)) {
        return "answers " + answer.primary_address + ", wanted " + wanted.primary_address;
    }
    if (!same_address(answer.read_only_address, wanted.read_only_address)) {
        return "answers " + answer.read_only_address + " for the read-only name, wanted " +
               wanted.read_only_address;
    }
    if (answer.ttl_seconds != wanted.ttl_seconds) {
        return "answers with a TTL of " + std::to_string(answer.ttl_seconds) + " s, wanted " +
               std::to_string(wanted.ttl_seconds) + " s";
    }
    return {};
}

} // namespace

Publication publication(const Endpoint& wanted, const std::vector<Served>& served) {
    Publication result;
    for (const auto& [server, answer] : served) {
        if (!answer) {
            result.laggards.push_back({server, answer.error().message});
            continue;
        }
        if (is_newer(*answer, wanted)) {
            result.ahead.push_back({server, "answers " + describe(answer->epoch, answer->revision) +
                                                ", newer than the " +
                                                describe(wanted.epoch, wanted.revision) +
                                                " known here"});
            continue;
        }
        if (auto reason = difference(wanted, *answer); !reason.empty()) {
            result.laggards.push_back({server, std::move(reason)});
        }
    }
    result.published = !served.empty() && result.laggards.empty() && result.ahead.empty();
    return result;
}

} // namespace lockstep::dns
