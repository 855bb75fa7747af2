#include "dns/rfc2136/served_names.h"

#include "dns/check/channel.h"
#include "dns/check/reply.h"

namespace lockstep::dns {

Awaitable<Result<std::vector<Record>>> read_served(HostPort server, std::vector<std::string> names,
                                                   Deadline deadline) {
    const auto executor = co_await asio::this_coro::executor;
    const auto channel = Channel::open(executor, server, Channel::Way::tcp);
    if (!channel) {
        co_return tl::unexpected(channel.error());
    }
    std::vector<Asked> questions;
    for (const auto& name : names) {
        for (const auto type : {RecordType::a, RecordType::aaaa, RecordType::txt}) {
            questions.push_back({name, type});
        }
    }
    const auto replies = co_await Channel::ask(*channel, questions, deadline);
    std::vector<Record> served;
    for (std::size_t at = 0; at < questions.size(); ++at) {
        const auto& [name, type] = questions[at];
        const auto found = replies[at] ? read_reply_if_any(*replies[at], name, type)
                                       : tl::unexpected(replies[at].error());
        if (!found) {
            co_return tl::unexpected(found.error());
        }
        for (const auto& data : found->data) {
            served.push_back({name, type, found->ttl_seconds, data});
        }
    }
    co_return served;
}

} // namespace lockstep::dns
