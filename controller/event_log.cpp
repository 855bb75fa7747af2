#include "controller/event_log.h"

#include <algorithm>
#include <iterator>

#include "platform/deadline.h"
#include "platform/log.h"

namespace lockstep {
namespace {

constexpr Milliseconds gathering{50};
constexpr Milliseconds retry_after{1000};
constexpr Milliseconds idle{60000};
constexpr Milliseconds longest_drain{12000};
constexpr std::size_t most_waiting = 10000;
constexpr std::ptrdiff_t most_in_batch = 500;

} // namespace

Event make_event(std::string kind, Severity severity, std::string message) {
    Event event;
    event.unix_ms = unix_ms();
    event.kind = std::move(kind);
    event.severity = severity;
    event.message = std::move(message);
    return event;
}

EventLog::EventLog(asio::any_io_executor executor, StoreThread& store)
    : store_(store), wakeup_(executor), ended_(executor) {}

void EventLog::add(Event event) {
    log_event(event);
    if (waiting_.size() >= most_waiting) {
        waiting_.pop_front(); // The store has been failing for long; the log has it.
    }
    waiting_.push_back(std::move(event));
    wakeup_.wake();
}

void EventLog::show(const std::vector<Event>& events) {
    std::for_each(events.begin(), events.end(), log_event);
}

void EventLog::stop() {
    stopped_ = true;
    wakeup_.wake();
}

Awaitable<void> EventLog::run() {
    while (!stopped_ || !waiting_.empty()) {
        if (waiting_.empty()) {
            co_await wakeup_.wait_for(idle);
            continue;
        }
        if (!stopped_) {
            co_await pause_for(gathering);
        }
        const bool stored = co_await store_batch();
        if (stored) {
            continue;
        }
        if (stopped_) {
            break; // The log has them.
        }
        co_await pause_for(retry_after);
    }
    ended_.wake();
}

Awaitable<void> EventLog::drained() {
    co_await ended_.wait_for(longest_drain);
}

Awaitable<bool> EventLog::store_batch() {
    const auto most = std::min<std::ptrdiff_t>(most_in_batch, std::ssize(waiting_));
    std::vector<Event> batch(waiting_.begin(), waiting_.begin() + most);
    waiting_.erase(waiting_.begin(), waiting_.begin() + most);
    auto append = [batch](StateStore& store) { return store.append(batch); };
    const auto appended = co_await store_.call(append);
    // After a timeout the events may be stored: twice would be worse than late in the log.
    if (!appended && appended.error().code != Errc::timeout) {
        waiting_.insert(waiting_.begin(), batch.begin(), batch.end());
    }
    if (!appended) {
        log_event(make_event("store_failed", Severity::alarm,
                             "events cannot be stored: " + appended.error().message));
    }
    co_return appended.has_value();
}

} // namespace lockstep
