#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/disk_tickets.h"
#include "core/result.h"
#include "platform/asio.h"
#include "platform/deadline.h"

namespace lockstep {

/// A thread of its own for calls that may hang in the kernel (a storage stall). Nobody ever waits
/// for that thread: neither the loop, nor the end of the program.
class DiskWorker {
public:
    explicit DiskWorker(asio::any_io_executor executor);
    DiskWorker(const DiskWorker&) = delete;
    DiskWorker& operator=(const DiskWorker&) = delete;
    ~DiskWorker();

    /// Runs `work` there, in the order asked for, and waits until `deadline` at most. Errors:
    /// `timeout` naming `what`; the work may still be done later. `refused` when too much waits
    /// already. `work` must own all it touches.
    template <class T>
    [[nodiscard]] Awaitable<Result<T>> run(std::string what, std::function<Result<T>()> work,
                                           Deadline deadline) {
        if (is_full()) {
            co_return fail(Errc::refused, what + ": the disk still hangs at earlier calls");
        }
        auto outcome = std::make_shared<std::optional<Result<T>>>();
        std::function<void()> job = [outcome, work = std::move(work)] { outcome->emplace(work()); };
        const auto ticket = submit(std::move(job));
        const auto tickets = tickets_;
        const bool done = co_await DiskTickets::finished(tickets, ticket, deadline);
        if (!done) {
            co_return fail(Errc::timeout, what + ": the disk did not answer in time");
        }
        co_return std::move(**outcome);
    }

private:
    struct Queue; // Shared with the thread, which may outlive this object.
    [[nodiscard]] bool is_full() const;
    std::uint64_t submit(std::function<void()> job);

    asio::any_io_executor executor_;
    std::shared_ptr<Queue> queue_;
    std::shared_ptr<DiskTickets> tickets_;
};

} // namespace lockstep
