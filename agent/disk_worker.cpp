#include "agent/disk_worker.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace lockstep {

struct DiskWorker::Queue {
    std::mutex mutex;
    std::condition_variable ready;
    std::deque<std::function<void()>> jobs;
    bool closed = false; // Then nothing is posted to the loop any more: it may be gone.
};

namespace {

constexpr std::size_t most_waiting = 8;

template <class Queue> void work_off(const std::shared_ptr<Queue>& queue) {
    for (;;) {
        std::function<void()> job;
        {
            std::unique_lock lock(queue->mutex);
            queue->ready.wait(lock, [&queue] { return queue->closed || !queue->jobs.empty(); });
            if (queue->jobs.empty()) {
                return;
            }
            job = std::move(queue->jobs.front());
            queue->jobs.pop_front();
        }
        job();
    }
}

} // namespace

DiskWorker::DiskWorker(asio::any_io_executor executor)
    : executor_(std::move(executor)), queue_(std::make_shared<Queue>()),
      tickets_(std::make_shared<DiskTickets>(executor_)) {
    // Detached: a call that hangs in the kernel can't be joined.
    std::thread([queue = queue_] { work_off(queue); }).detach();
}

DiskWorker::~DiskWorker() {
    const std::lock_guard lock(queue_->mutex);
    queue_->closed = true;
    queue_->ready.notify_all();
}

bool DiskWorker::is_full() const {
    const std::lock_guard lock(queue_->mutex);
    return queue_->jobs.size() >= most_waiting;
}

std::uint64_t DiskWorker::submit(std::function<void()> job) {
    const auto ticket = tickets_->take();
    auto tell = [tickets = std::weak_ptr(tickets_), ticket] {
        if (const auto here = tickets.lock()) {
            here->done(ticket);
        }
    };
    auto run = [queue = queue_, executor = executor_, job = std::move(job), tell] {
        job();
        const std::lock_guard lock(queue->mutex);
        if (!queue->closed) {
            asio::post(executor, tell);
        }
    };
    const std::lock_guard lock(queue_->mutex);
    queue_->jobs.emplace_back(std::move(run));
    queue_->ready.notify_one();
    return ticket;
}

} // namespace lockstep
