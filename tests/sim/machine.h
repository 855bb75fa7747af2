#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/asio.h"
#include "tests/sim/random.h"

/// The machine under the simulation: virtual time, chance, processes and a trace. Nothing in it
/// reads a clock, so a history is a function of its seed.
namespace lockstep::sim {

using Micros = std::int64_t;
constexpr Micros millisecond = 1000;
constexpr Micros second = 1000 * millisecond;

class Parked;

/// What dies at once and can be frozen: one program. Its coroutines run on it.
class Process : public asio::io_context {
public:
    Process(std::string name, std::string host);
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    /// Drops whatever waits.
    ~Process();

    const std::string name;
    const std::string host;
    bool frozen = false;

    /// Runs what is ready. Returns how much that was.
    std::size_t run_ready();
    /// Its coroutines are what runs right now.
    [[nodiscard]] bool is_running() const { return running_; }
    /// The one whose turn it is; null between turns.
    [[nodiscard]] static const Process* whose_turn();
    /// The process that a coroutine of the executor belongs to.
    [[nodiscard]] static Process& of(const asio::any_io_executor& executor);

    /// Nothing of it runs any more: its waits end without being told.
    void drop_waits();

private:
    friend class Parked;
    std::list<std::shared_ptr<Parked>> waits_;
    bool running_ = false;
    asio::executor_work_guard<asio::io_context::executor_type> guard_;
};

/// Something that will happen; may be called off.
using Appointment = std::pair<Micros, std::uint64_t>;

class Machine {
public:
    explicit Machine(std::uint64_t seed);
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;
    ~Machine();

    /// The one of this history.
    [[nodiscard]] static Machine& current();

    [[nodiscard]] Micros now() const { return now_; }
    Random random;

    Appointment at(Micros when, std::function<void()> what);
    Appointment after(Micros span, std::function<void()> what) {
        return at(now_ + span, std::move(what));
    }
    void call_off(const Appointment& appointment) { schedule_.erase(appointment); }

    /// Everything that is ready runs, then the next appointment is kept. False: nothing is left.
    bool step();
    void enter(Process& process);
    void leave(Process& process);
    [[nodiscard]] std::uint64_t steps() const { return steps_; }

    /// One line of the history. All lines go into the hash; they are kept when somebody reads them.
    void tell(const std::string& who, const std::string& what);
    bool keeps_trace = false;
    [[nodiscard]] const std::vector<std::string>& trace() const { return trace_; }
    [[nodiscard]] std::uint64_t trace_hash() const { return hash_; }

private:
    void run_ready();

    Micros now_ = 0;
    std::uint64_t sequence_ = 0;
    std::uint64_t steps_ = 0;
    std::map<Appointment, std::function<void()>> schedule_;
    std::vector<Process*> processes_;
    std::vector<std::string> trace_;
    std::uint64_t hash_ = 14695981039346656037U;
};

/// A coroutine that waits.
class Parked : public std::enable_shared_from_this<Parked> {
public:
    Parked() = default;
    Parked(const Parked&) = delete;
    Parked& operator=(const Parked&) = delete;
    virtual ~Parked() = default;

    void enter(Process& process, std::optional<Micros> at_most);
    /// It goes on, once.
    void resume();
    /// It never goes on: what it held is destroyed.
    void drop();

protected:
    virtual void post_handler() = 0;
    virtual void drop_handler() = 0;

private:
    void leave();

    Process* process_ = nullptr;
    std::list<std::shared_ptr<Parked>>::iterator place_;
    std::optional<Appointment> alarm_;
};

/// Where one coroutine at a time waits: for a span, or until it is rung.
class Place {
public:
    Place() = default;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();

    [[nodiscard]] Awaitable<void> wait(std::optional<Micros> at_most);
    void ring();

private:
    std::weak_ptr<Parked> parked_;
};

[[nodiscard]] Awaitable<void> pause(Micros span);

} // namespace lockstep::sim
