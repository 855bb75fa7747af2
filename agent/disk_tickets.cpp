#include "agent/disk_tickets.h"

namespace lockstep {

std::uint64_t DiskTickets::take() {
    waiting_[++last_].wake = std::make_shared<Wake>(executor_);
    return last_;
}

void DiskTickets::done(std::uint64_t ticket) {
    const auto found = waiting_.find(ticket);
    if (found != waiting_.end()) {
        found->second.done = true;
        found->second.wake->notify();
    }
}

Awaitable<bool> DiskTickets::finished(std::shared_ptr<DiskTickets> tickets, std::uint64_t ticket,
                                      Deadline deadline) {
    const auto wake = tickets->waiting_.at(ticket).wake;
    while (!tickets->waiting_.at(ticket).done && !deadline.passed()) {
        co_await wake->wait(deadline.left());
    }
    const bool is_done = tickets->waiting_.at(ticket).done;
    tickets->waiting_.erase(ticket);
    co_return is_done;
}

} // namespace lockstep
