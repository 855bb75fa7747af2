#include "dns/rfc2136/server_lookup.h"

#include <memory>

#include "dns/check/channel.h"
#include "dns/check/reply.h"

namespace lockstep::dns {
namespace {

using Names = std::vector<std::string>;

[[nodiscard]] std::string without_last_dot(std::string name) {
    if (name.ends_with('.')) {
        name.pop_back();
    }
    return name;
}

Awaitable<Result<Names>> name_servers_of(std::shared_ptr<Channel> primary, std::string zone,
                                         Deadline deadline) {
    const std::vector<Asked> questions{{zone, RecordType::ns}};
    const auto replies = co_await Channel::ask(primary, questions, deadline);
    const auto found = replies[0] ? read_reply(*replies[0], zone, RecordType::ns)
                                  : tl::unexpected(replies[0].error());
    if (!found) {
        co_return tl::unexpected(found.error());
    }
    Names names;
    for (const auto& host : found->data) {
        names.push_back(without_last_dot(host));
    }
    if (names.empty()) {
        co_return fail(Errc::refused, "has no NS records for zone " + zone);
    }
    co_return names;
}

/// The addresses of each name that has some. `Read` says which answers count.
template <class Read>
Awaitable<std::vector<Names>> addresses_of(std::shared_ptr<Channel> channel, Names names, Read read,
                                           Deadline deadline) {
    std::vector<Asked> questions;
    for (const auto& name : names) {
        questions.push_back({name, RecordType::a});
        questions.push_back({name, RecordType::aaaa});
    }
    const auto replies = co_await Channel::ask(channel, questions, deadline);
    std::vector<Names> addresses(names.size());
    for (std::size_t at = 0; at < questions.size(); ++at) {
        auto& of_name = addresses[at / 2];
        if (replies[at] && of_name.empty()) { // IPv4 comes first, and suffices.
            const auto found = read(*replies[at], questions[at].name, questions[at].type);
            of_name = found ? found->data : Names();
        }
    }
    co_return addresses;
}

Awaitable<Result<void>> resolve_rest(Names hosts, std::shared_ptr<std::vector<Names>> addresses,
                                     std::optional<HostPort> resolver, Deadline deadline) {
    Names unknown;
    std::vector<std::size_t> places;
    for (std::size_t at = 0; at < hosts.size(); ++at) {
        if ((*addresses)[at].empty()) {
            unknown.push_back(hosts[at]);
            places.push_back(at);
        }
    }
    if (unknown.empty()) {
        co_return Result<void>();
    }
    const auto executor = co_await asio::this_coro::executor;
    const auto channel = resolver ? Channel::open(executor, *resolver, Channel::Way::resolver)
                                  : Channel::open_system(executor);
    if (!channel) {
        co_return tl::unexpected(channel.error());
    }
    const auto found = co_await addresses_of(*channel, unknown, read_resolved, deadline);
    for (std::size_t at = 0; at < unknown.size(); ++at) {
        if (found[at].empty()) {
            co_return fail(Errc::refused, "names the server " + unknown[at] +
                                              ", whose address nobody knows: correct the zone's "
                                              "NS records, or name its servers in dns.rfc2136");
        }
        (*addresses)[places[at]] = found[at];
    }
    co_return Result<void>();
}

} // namespace

Awaitable<Result<std::vector<AuthoritativeServer>>>
look_up_servers(std::string zone, HostPort primary, std::optional<HostPort> resolver,
                std::uint16_t port, Deadline deadline) {
    const auto executor = co_await asio::this_coro::executor;
    const auto channel = Channel::open(executor, primary, Channel::Way::tcp);
    if (!channel) {
        co_return tl::unexpected(channel.error());
    }
    const auto hosts = co_await name_servers_of(*channel, zone, deadline);
    if (!hosts) {
        co_return tl::unexpected(hosts.error());
    }
    const auto addresses = std::make_shared<std::vector<Names>>();
    *addresses = co_await addresses_of(*channel, *hosts, read_reply, deadline);
    const auto complete = co_await resolve_rest(*hosts, addresses, resolver, deadline);
    if (!complete) {
        co_return tl::unexpected(complete.error());
    }
    std::vector<AuthoritativeServer> servers;
    for (std::size_t at = 0; at < hosts->size(); ++at) {
        for (const auto& address : (*addresses)[at]) {
            servers.push_back({(*hosts)[at], {address, port}});
        }
    }
    co_return servers;
}

} // namespace lockstep::dns
