#pragma once

#include <atomic>
#include <memory>

#include "drivers/driver.h"

namespace lockstep {

/// What work on another thread asks whether it may go on, and tells how far it is.
class Oversight {
public:
    Oversight(std::weak_ptr<OnProgress> told, asio::any_io_executor executor,
              std::shared_ptr<const std::atomic<bool>> given_up, Deadline deadline)
        : told_(std::move(told)), executor_(std::move(executor)), given_up_(std::move(given_up)),
          deadline_(deadline) {}

    /// So much more is done. Errors: `timeout`, `conflict` (nobody waits for it any more).
    [[nodiscard]] Result<void> add(std::uint64_t bytes) {
        done_ += bytes;
        if (*given_up_) {
            return fail(Errc::conflict, "it was given up");
        }
        if (deadline_.passed()) {
            return fail(Errc::timeout, "not done by the deadline");
        }
        constexpr std::uint64_t tell_every_bytes = 8U << 20U;
        if (done_ - told_bytes_ >= tell_every_bytes || done_ == total_) {
            told_bytes_ = done_;
            auto tell = [told = told_, progress = Progress{done_, total_}] {
                if (const auto listener = told.lock(); listener && *listener) {
                    (*listener)(progress);
                }
            };
            asio::post(executor_, std::move(tell));
        }
        return {};
    }
    void expect(std::uint64_t total_bytes) { total_ = total_bytes; }

private:
    std::weak_ptr<OnProgress> told_;
    asio::any_io_executor executor_;
    std::shared_ptr<const std::atomic<bool>> given_up_;
    Deadline deadline_;
    std::uint64_t done_ = 0;
    std::uint64_t told_bytes_ = 0;
    std::uint64_t total_ = 0;
};

/// Lives in the coroutine that waits for such work: when that is destroyed, the work ends soon and
/// nobody is told anything any more.
class Overseer {
public:
    Overseer(OnProgress on_progress, asio::any_io_executor executor, Deadline deadline)
        : told_(std::make_shared<OnProgress>(std::move(on_progress))),
          executor_(std::move(executor)), deadline_(deadline) {}
    Overseer(const Overseer&) = delete;
    Overseer& operator=(const Overseer&) = delete;
    ~Overseer() { *given_up_ = true; }

    [[nodiscard]] Oversight oversight() const { return {told_, executor_, given_up_, deadline_}; }

private:
    std::shared_ptr<OnProgress> told_;
    asio::any_io_executor executor_;
    std::shared_ptr<std::atomic<bool>> given_up_ = std::make_shared<std::atomic<bool>>(false);
    Deadline deadline_;
};

} // namespace lockstep
