#include "agent/disk_worker.h"

#include <deque>
#include <utility>

#include "tests/sim/host.h"

/// The agent's disk thread, without a thread: a job is done when the simulated disk is. What an
/// agent had asked for when it died may or may not have happened.
namespace lockstep {

struct DiskWorker::Queue {
    sim::Process* process = nullptr;
    std::deque<std::function<void()>> jobs;
    std::optional<sim::Appointment> next;
};

struct DiskWorker::Waiting {
    std::map<std::uint64_t, std::shared_ptr<Wake>> tickets;
    std::map<std::uint64_t, bool> done;
};

namespace {

constexpr std::size_t most_waiting = 8;

template <class Queue> void work_off(const std::shared_ptr<Queue>& queue) {
    if (queue->next || queue->jobs.empty()) {
        return;
    }
    auto& host = sim::Hosts::current().at(queue->process->host);
    const auto began = sim::Machine::current().now();
    queue->next = sim::Machine::current().after(host.write_takes(), [queue, began, &host] {
        host.write_began = began;
        queue->next.reset();
        auto job = std::move(queue->jobs.front());
        queue->jobs.pop_front();
        job();
        work_off(queue);
    });
}

} // namespace

DiskWorker::DiskWorker(asio::any_io_executor executor)
    : executor_(std::move(executor)), queue_(std::make_shared<Queue>()),
      waiting_(std::make_shared<Waiting>()) {
    queue_->process = &sim::Process::of(executor_);
}

DiskWorker::~DiskWorker() {
    if (!queue_->next) {
        return;
    }
    auto& machine = sim::Machine::current();
    machine.call_off(*queue_->next);
    if (machine.random.one_in(2)) {
        queue_->jobs.front()();
    }
    queue_->jobs.clear();
}

bool DiskWorker::is_full() const {
    return queue_->jobs.size() >= most_waiting;
}

std::uint64_t DiskWorker::submit(std::function<void()> job) {
    const auto ticket = ++last_ticket_;
    waiting_->tickets[ticket] = std::make_shared<Wake>(executor_);
    auto run = [waiting = std::weak_ptr(waiting_), ticket, job = std::move(job)] {
        job();
        const auto here = waiting.lock();
        if (here && here->tickets.contains(ticket)) {
            here->done[ticket] = true;
            here->tickets.at(ticket)->notify();
        }
    };
    queue_->jobs.emplace_back(std::move(run));
    work_off(queue_);
    return ticket;
}

Awaitable<bool> DiskWorker::finished(std::uint64_t ticket, Deadline deadline) {
    const auto waiting = waiting_;
    const auto wake = waiting->tickets.at(ticket);
    while (!waiting->done.contains(ticket) && !deadline.passed()) {
        co_await wake->wait(deadline.left());
    }
    const bool done = waiting->done.contains(ticket);
    waiting->tickets.erase(ticket);
    waiting->done.erase(ticket);
    co_return done;
}

} // namespace lockstep
