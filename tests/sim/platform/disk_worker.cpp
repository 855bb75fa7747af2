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
      tickets_(std::make_shared<DiskTickets>(executor_)) {
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
    const auto ticket = tickets_->take();
    auto run = [tickets = std::weak_ptr(tickets_), ticket, job = std::move(job)] {
        job();
        if (const auto here = tickets.lock()) {
            here->done(ticket);
        }
    };
    queue_->jobs.emplace_back(std::move(run));
    work_off(queue_);
    return ticket;
}

} // namespace lockstep
