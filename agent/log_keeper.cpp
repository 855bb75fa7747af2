#include "agent/log_keeper.h"

#include <exception>
#include <utility>

#include "platform/clock.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds longest_look{60};

} // namespace

LogKeeper::LogKeeper(asio::any_io_executor executor, SnapshotEngine& engine)
    : executor_(std::move(executor)), engine_(engine) {}

void LogKeeper::begin(std::shared_ptr<PairRepository> repository, MemberId writer, Position after) {
    if (work_) {
        return;
    }
    spool_ = repository->incoming(writer);
    work_ = std::make_shared<Work>();
    auto done = [this, current = work_](const std::exception_ptr& failure) {
        if (failure && !current->cancelled) {
            std::rethrow_exception(failure); // A bug.
        }
        if (work_ == current) {
            work_.reset();
        }
    };
    asio::co_spawn(executor_,
                   receive(work_, std::move(repository), std::move(writer), std::move(after)),
                   asio::bind_cancellation_slot(work_->cancel.slot(), std::move(done)));
}

void LogKeeper::stop() {
    if (const auto current = std::exchange(work_, nullptr)) {
        current->cancelled = true;
        current->cancel.emit(asio::cancellation_type::terminal);
    }
    trouble_.reset();
}

Awaitable<void> LogKeeper::receive(std::shared_ptr<Work> work,
                                   std::shared_ptr<PairRepository> repository, MemberId writer,
                                   Position after) {
    auto spool = repository->incoming(writer);
    // What is gone is never made in its place, where it would be on another disk.
    auto received = co_await repository->check_incoming(std::move(writer));
    if (received) {
        received = co_await engine_.receive(std::move(spool), std::move(after));
    }
    if (!work->cancelled) {
        trouble_ =
            received ? Error{Errc::unreachable, "receiving the log ended"} : received.error();
    }
}

Awaitable<Result<bool>> LogKeeper::keep(PairRepository& repository, Epoch epoch,
                                        snapshots::Catalogue& catalogue) {
    const auto deadline = Deadline::in(longest_look);
    auto spool = spool_;
    auto segments = co_await engine_.finished(std::move(spool), deadline);
    if (!segments) {
        co_return tl::unexpected(segments.error());
    }
    for (auto& segment : *segments) {
        auto file = spool_ / segment.name;
        segment.epoch = epoch;
        auto kept = co_await repository.keep(file, segment);
        if (!kept) {
            co_return tl::unexpected(kept.error());
        }
        std::erase_if(catalogue.log, [&](const auto& one) {
            return one.name == kept->name && one.system_id == kept->system_id;
        });
        catalogue.log.push_back(std::move(*kept));
        static_cast<void>(co_await repository.remove_received(std::move(file)));
    }
    co_return !segments->empty();
}

Awaitable<Result<std::optional<LogSegment>>> LogKeeper::unfinished() {
    const auto deadline = Deadline::in(longest_look);
    auto spool = spool_;
    co_return co_await engine_.unfinished(std::move(spool), deadline);
}

} // namespace lockstep
