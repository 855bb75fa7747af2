#pragma once

#include <deque>
#include <string>
#include <vector>

#include "controller/store_thread.h"
#include "controller/wakeup.h"
#include "core/event.h"

namespace lockstep {

/// An event of now, of no pair and no member yet.
[[nodiscard]] Event make_event(std::string kind, Severity severity, std::string message);

/// Where everything that happens is told once: to the log at once, to the store soon after.
///
/// Events that explain a swap are stored with the swap and only shown here. The others wait a
/// moment, so that no swap queues behind them on the store's thread.
class EventLog {
public:
    EventLog(asio::any_io_executor executor, StoreThread& store);

    void add(Event event);
    /// To the log alone: these are in the store already.
    static void show(const std::vector<Event>& events);

    /// Stores what is added, until stopped; then stores the rest.
    [[nodiscard]] Awaitable<void> run();
    void stop();
    /// Returns when `run` has ended.
    [[nodiscard]] Awaitable<void> drained();

private:
    [[nodiscard]] Awaitable<bool> store_batch();

    StoreThread& store_;
    Wakeup wakeup_;
    Wakeup ended_;
    std::deque<Event> waiting_;
    bool stopped_ = false;
};

} // namespace lockstep
