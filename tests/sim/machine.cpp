#include "tests/sim/machine.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace lockstep::sim {
namespace {

Machine* the_machine = nullptr;
const Process* the_running_process = nullptr;
constexpr std::size_t most_trace_lines = 200000;

template <class Handler> class ParkedHandler : public Parked {
public:
    explicit ParkedHandler(Handler handler) : handler_(std::move(handler)) {}

    void watch_cancellation() {
        auto slot = asio::get_associated_cancellation_slot(*handler_);
        if (slot.is_connected()) {
            slot.assign([self = weak_from_this()](asio::cancellation_type) {
                if (const auto here = self.lock()) {
                    here->resume();
                }
            });
        }
    }

protected:
    void post_handler() override {
        auto handler = std::move(*handler_);
        handler_.reset();
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) {
            slot.clear();
        }
        auto executor = asio::get_associated_executor(handler);
        asio::post(executor, std::move(handler));
    }
    void drop_handler() override { handler_.reset(); }

private:
    std::optional<Handler> handler_;
};

} // namespace

Process::Process(std::string process_name, std::string process_host)
    : asio::io_context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE), name(std::move(process_name)),
      host(std::move(process_host)), guard_(asio::make_work_guard(*this)) {
    Machine::current().enter(*this);
}

Process::~Process() {
    drop_waits();
    Machine::current().leave(*this);
}

std::size_t Process::run_ready() {
    if (frozen) {
        return 0;
    }
    running_ = true;
    the_running_process = this;
    const auto ran = poll();
    the_running_process = nullptr;
    running_ = false;
    return ran;
}

Process& Process::of(const asio::any_io_executor& executor) {
    return static_cast<Process&>(asio::query(executor, asio::execution::context));
}

const Process* Process::whose_turn() {
    return the_running_process;
}

void Process::drop_waits() {
    while (!waits_.empty()) {
        const auto parked = waits_.front();
        parked->drop();
    }
}

Machine::Machine(std::uint64_t seed) : random(seed) {
    if (the_machine != nullptr) {
        throw std::logic_error("one history at a time");
    }
    the_machine = this;
}

Machine::~Machine() {
    the_machine = nullptr;
}

Machine& Machine::current() {
    return *the_machine;
}

Appointment Machine::at(Micros when, std::function<void()> what) {
    const Appointment appointment{std::max(when, now_), ++sequence_};
    schedule_.emplace(appointment, std::move(what));
    return appointment;
}

void Machine::enter(Process& process) {
    processes_.push_back(&process);
}

void Machine::leave(Process& process) {
    std::erase(processes_, &process);
}

void Machine::run_ready() {
    for (std::size_t ran = 1; ran > 0;) {
        ran = 0;
        for (auto* process : processes_) {
            ran += process->run_ready();
        }
    }
}

bool Machine::step() {
    run_ready();
    if (schedule_.empty()) {
        return false;
    }
    const auto next = schedule_.begin();
    const auto what = std::move(next->second);
    now_ = next->first.first;
    schedule_.erase(next);
    ++steps_;
    what();
    return true;
}

void Machine::tell(const std::string& who, const std::string& what) {
    const auto mix = [this](std::string_view text) {
        for (const char c : text) {
            hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1099511628211U;
        }
    };
    mix(std::to_string(now_));
    mix(who);
    mix(what);
    if (!keeps_trace || trace_.size() >= most_trace_lines) {
        return;
    }
    auto seconds = std::to_string(now_ / second);
    auto rest = std::to_string(second + now_ % second).substr(1);
    trace_.push_back(std::string(seconds.size() < 4 ? 4 - seconds.size() : 0, ' ') + seconds + "." +
                     rest + "  " + who + std::string(who.size() < 12 ? 12 - who.size() : 1, ' ') +
                     what);
}

void Parked::enter(Process& process, std::optional<Micros> at_most) {
    process_ = &process;
    place_ = process.waits_.insert(process.waits_.end(), shared_from_this());
    if (at_most) {
        alarm_ = Machine::current().after(*at_most, [self = weak_from_this()] {
            if (const auto here = self.lock()) {
                here->alarm_.reset();
                here->resume();
            }
        });
    }
}

void Parked::leave() {
    if (alarm_) {
        Machine::current().call_off(*alarm_);
        alarm_.reset();
    }
    process_->waits_.erase(place_);
    process_ = nullptr;
}

void Parked::resume() {
    if (process_ == nullptr) {
        return;
    }
    const auto self = shared_from_this();
    leave();
    post_handler();
}

void Parked::drop() {
    if (process_ == nullptr) {
        return;
    }
    const auto self = shared_from_this();
    leave();
    drop_handler();
}

Place::~Place() {
    if (const auto parked = parked_.lock()) {
        parked->drop();
    }
}

void Place::ring() {
    if (const auto parked = parked_.lock()) {
        parked->resume();
    }
}

Awaitable<void> Place::wait(std::optional<Micros> at_most) {
    const auto executor = co_await asio::this_coro::executor;
    auto* process = &Process::of(executor);
    auto begin = [this, process, at_most](auto handler) {
        using Handler = std::decay_t<decltype(handler)>;
        const auto parked = std::make_shared<ParkedHandler<Handler>>(std::move(handler));
        parked->enter(*process, at_most);
        parked->watch_cancellation();
        parked_ = parked;
    };
    asio::use_awaitable_t<> token;
    co_await asio::async_initiate<asio::use_awaitable_t<>, void()>(begin, token);
}

Awaitable<void> pause(Micros span) {
    Place place;
    co_await place.wait(span);
}

} // namespace lockstep::sim
