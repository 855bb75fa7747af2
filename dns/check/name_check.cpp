#include "dns/check/name_check.h"

#include <array>
#include <limits>

#include "dns/check/channel.h"
#include "dns/check/reply.h"

namespace lockstep::dns {
namespace {

[[nodiscard]] Result<RecordSet> read(const Result<std::string>& reply, const Asked& asked) {
    if (!reply) {
        return tl::unexpected(reply.error());
    }
    return read_reply(*reply, asked.name, asked.type);
}

/// More than one address is no answer that this system gives: shown whole, so that it can't be
/// taken for the one that is wanted.
[[nodiscard]] std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) {
        text += (text.empty() ? "" : ",") + part;
    }
    return text;
}

[[nodiscard]] Result<void> read_txt(const RecordSet& found, const std::string& name,
                                    NameAnswer& answer) {
    if (found.data.size() != 1) {
        return fail(Errc::corrupt, "answers no TXT record for " + name + " that tells the epoch");
    }
    const auto epoch = read_number(found.data.front(), "epoch");
    const auto revision = read_number(found.data.front(), "revision");
    if (!epoch || !revision) {
        return tl::unexpected(epoch ? revision.error() : epoch.error());
    }
    answer.epoch = Epoch{*epoch};
    answer.revision = Revision{*revision};
    return {};
}

using Addresses = std::array<RecordSet, 2>; // Of the primary's name and the read-only name.

/// Asks once more where there was no IPv4 address.
Awaitable<Result<void>> add_ipv6(std::shared_ptr<Channel> channel, std::array<std::string, 2> names,
                                 std::shared_ptr<Addresses> addresses, Deadline deadline) {
    std::vector<Asked> questions;
    std::vector<std::size_t> places;
    for (std::size_t place = 0; place < names.size(); ++place) {
        if ((*addresses)[place].data.empty()) {
            questions.push_back({names[place], RecordType::aaaa});
            places.push_back(place);
        }
    }
    if (questions.empty()) {
        co_return Result<void>();
    }
    const auto replies = co_await Channel::ask(channel, questions, deadline);
    for (std::size_t at = 0; at < places.size(); ++at) {
        auto found = read(replies[at], questions[at]);
        if (!found) {
            co_return tl::unexpected(found.error());
        }
        if (found->data.empty()) {
            co_return fail(Errc::corrupt, "answers no address for " + questions[at].name);
        }
        (*addresses)[places[at]] = *std::move(found);
    }
    co_return Result<void>();
}

Awaitable<Result<NameAnswer>> ask_on(asio::any_io_executor strand, HostPort server,
                                     std::array<std::string, 2> names, Deadline deadline) {
    const auto channel = Channel::open(strand, server);
    if (!channel) {
        co_return tl::unexpected(channel.error());
    }
    const std::vector<Asked> questions{
        {names[0], RecordType::a}, {names[1], RecordType::a}, {names[0], RecordType::txt}};
    const auto replies = co_await Channel::ask(*channel, questions, deadline);
    std::vector<RecordSet> found;
    for (std::size_t at = 0; at < questions.size(); ++at) {
        auto records = read(replies[at], questions[at]);
        if (!records) {
            co_return tl::unexpected(records.error());
        }
        found.push_back(*std::move(records));
    }
    NameAnswer answer;
    if (auto told = read_txt(found[2], names[0], answer); !told) {
        co_return tl::unexpected(told.error());
    }
    const auto addresses = std::make_shared<Addresses>(Addresses{found[0], found[1]});
    const auto complete = co_await add_ipv6(*channel, names, addresses, deadline);
    if (!complete) {
        co_return tl::unexpected(complete.error());
    }
    answer.primary_address = joined((*addresses)[0].data);
    answer.read_only_address = joined((*addresses)[1].data);
    answer.ttl_seconds = (*addresses)[0].ttl_seconds;
    co_return answer;
}

class CaresCheck : public NameCheck {
public:
    explicit CaresCheck(asio::any_io_executor executor) : executor_(std::move(executor)) {}

    Awaitable<Result<NameAnswer>> ask(HostPort server, std::string zone, PairName pair,
                                      Deadline deadline) override {
        const asio::any_io_executor strand = asio::make_strand(executor_);
        const std::string doing =
            "name server " + server.address + ":" + std::to_string(server.port);
        const std::array<std::string, 2> names{pair + "." + zone, pair + "-ro." + zone};
        auto work = ask_on(strand, server, names, deadline);
        auto answer = co_await asio::co_spawn(strand, std::move(work), asio::use_awaitable);
        if (!answer) {
            co_return within(doing, answer.error());
        }
        co_return answer;
    }

private:
    asio::any_io_executor executor_;
};

} // namespace

std::unique_ptr<NameCheck> NameCheck::make(asio::any_io_executor executor) {
    return std::make_unique<CaresCheck>(std::move(executor));
}

} // namespace lockstep::dns
