#include "agent/supervisor.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>

#include "agent/coroutine.h"
#include "agent/log_tail.h"
#include "platform/clock.h"

namespace lockstep {
namespace {

constexpr std::chrono::milliseconds longest_fence{10000};
constexpr std::chrono::milliseconds longest_reaping{10000};
constexpr std::chrono::milliseconds between_looks{10};
constexpr std::array<std::chrono::milliseconds, 5> start_back_off = {
    std::chrono::milliseconds{0}, std::chrono::milliseconds{1000}, std::chrono::milliseconds{2000},
    std::chrono::milliseconds{5000}, std::chrono::milliseconds{10000}};
// Enough turns of the loop for a status frame to be made and written.
constexpr int turns_for_status = 8;
// A death before is a failed start. One that serves longer between two crashes is started at once:
// waiting would cost its clients more than the crashes do.
constexpr std::chrono::milliseconds settled_after{5000};
constexpr const char* start_alarm = "start";
constexpr const char* fence_alarm = "fence";

} // namespace

Supervisor::Supervisor(asio::any_io_executor executor, Driver& driver, Journal& journal,
                       Hooks hooks)
    : executor_(executor), driver_(driver), journal_(journal), hooks_(std::move(hooks)),
      ended_(executor) {}

void Supervisor::set_state(State state) {
    state_ = state;
    hooks_.changed();
}

void Supervisor::adopt() {
    const auto found = driver_.running_server();
    const auto here = processes_in(driver_.data_folder());
    if (found && std::ranges::find(here, found->pid) != here.end()) {
        if (const auto watched = watch(*found)) {
            started_at_ = -settled_after; // Its death is no failed start.
            journal_.write("adopted", Severity::info,
                           "took over the running server, process " + std::to_string(found->pid));
            set_state(State::running);
            return;
        }
    }
    if (!here.empty()) {
        journal_.write("leftover", Severity::warning,
                       std::to_string(here.size()) +
                           " processes of an earlier server are left in the data folder");
        set_state(State::leftover);
    }
}

Result<void> Supervisor::watch(ProcessId process) {
    auto death = DeathWatch::open(executor_, process);
    if (!death) {
        return tl::unexpected(death.error());
    }
    process_ = process;
    ending_why_.clear();
    death_watch_ = std::move(*death);
    start_coroutine(executor_, wait_for_death(death_watch_, process));
    return {};
}

Awaitable<void> Supervisor::wait_for_death(std::shared_ptr<DeathWatch> death, ProcessId process) {
    co_await death->dead();
    if (!process_ || *process_ != process) {
        co_return;
    }
    died(process);
    // The controller hears of the death first: what follows waits for the disk.
    for (int turn = 0; turn < turns_for_status; ++turn) {
        co_await asio::post(executor_, asio::use_awaitable);
    }
    tell_failed_starts();
    if (!fencing_ && !process_ && state_ == State::ending) {
        co_await clean_up();
    }
}

void Supervisor::died(ProcessId process) {
    std::string how = fencing_ ? "was killed" : "ended (how is not known: no child of this agent)";
    for (const auto& reaped : reap_children()) {
        how = reaped.pid == process.pid ? reaped.how : how;
    }
    process_.reset();
    death_watch_.reset();
    last_process_ = process;
    const bool unasked = ending_why_.empty();
    death_ = "process " + std::to_string(process.pid) + " " + how +
             (unasked ? "" : ", ended by its agent: " + ending_why_);
    state_ = State::ending;
    hooks_.gone();
    hooks_.changed();
    journal_.write("server died", unasked ? Severity::warning : Severity::info, death_);
    if (unasked && boot_time() - started_at_ < settled_after) {
        count_failed_start();
    }
    driver_.forget_server();
    ended_.notify();
}

void Supervisor::count_failed_start() {
    const auto step = std::min<std::size_t>(failed_starts_, start_back_off.size() - 1);
    ++failed_starts_;
    held_until_ = boot_time() + start_back_off[step];
    failed_start_untold_ = failed_starts_ > 1; // Anything may end a server once.
}

void Supervisor::tell_failed_starts() {
    if (!failed_start_untold_) {
        return;
    }
    failed_start_untold_ = false;
    journal_.raise(start_alarm, "the server died right after its start, " +
                                    std::to_string(failed_starts_) + " times in a row (" + death_ +
                                    "); the end of its log " + driver_.server_log().string() +
                                    ": " + last_lines(driver_.server_log(), 5));
}

void Supervisor::answered() {
    if (boot_time() - started_at_ < settled_after) {
        return;
    }
    failed_starts_ = 0;
    held_until_ = std::chrono::milliseconds{0};
    journal_.clear(start_alarm);
}

bool Supervisor::start_is_held() const {
    return boot_time() < held_until_;
}

Awaitable<void> Supervisor::clean_up() {
    fencing_ = true;
    static_cast<void>(co_await end_all(std::nullopt)); // Told by an alarm, tried again as a duty.
    fencing_ = false;
}

/// The kill comes first: no disk may delay it. Nothing is started until both are done.
Awaitable<Result<void>> Supervisor::end_all(std::optional<ProcessId> process) {
    const auto deadline = Deadline::in(longest_fence);
    auto folder = driver_.data_folder();
    auto cgroup = cgroup_;
    auto killed = co_await kill_all_in(std::move(folder), process, deadline, std::move(cgroup));
    static_cast<void>(reap_children());
    auto removed = remove_ticket();
    if (!killed) {
        journal_.raise(fence_alarm, "the server could not be ended: " + killed.error().message);
        set_state(State::leftover);
        co_return killed;
    }
    driver_.forget_server();
    if (!removed) {
        journal_.raise(fence_alarm, "the ticket could not be removed: " + removed.error().message);
    } else {
        journal_.clear(fence_alarm);
    }
    set_state(State::none);
    co_return removed;
}

Awaitable<Result<void>> Supervisor::fence(std::string why) {
    if (fencing_) {
        co_return fail(Errc::conflict, "the server is being ended already");
    }
    fencing_ = true;
    ending_why_ = why;
    const auto process = process_;
    state_ = State::ending;
    journal_.write("fence", Severity::warning, "fencing the server: " + why);
    auto ended = co_await end_all(process);
    if (ended && process_) {
        died(*process_); // The kernel's word of it is still under way.
        set_state(State::none);
    }
    fencing_ = false;
    if (ended) {
        journal_.write("fenced", Severity::info, "no process of the server is left");
    }
    co_return ended;
}

Awaitable<Result<void>> Supervisor::ask_to_stop(std::string why, Deadline deadline) {
    if (!process_) {
        co_return Result<void>{};
    }
    ending_why_ = std::move(why);
    co_return co_await driver_.stop(deadline);
}

Awaitable<Result<void>> Supervisor::stop(std::string why, Deadline deadline) {
    if (!process_) {
        co_return Result<void>{};
    }
    auto asked = co_await ask_to_stop(why, deadline);
    while (asked && process_ && !deadline.passed()) {
        co_await ended_.wait(deadline.left());
    }
    if (!process_) {
        co_return Result<void>{};
    }
    auto fenced = co_await fence(std::move(why));
    co_return fenced;
}

Result<void> Supervisor::remove_ticket() {
    auto removed = driver_.remove_ticket();
    if (removed) {
        may_have_ticket_ = false;
    }
    return removed;
}

/// An adopted server is no child of this process: its parent may reap it late, and as long as a
/// zombie has its pid the engine takes it for a server that runs (DECISIONS.md 12).
Awaitable<void> Supervisor::until_reaped() {
    const auto deadline = Deadline::in(longest_reaping);
    while (last_process_ && ::kill(last_process_->pid, 0) == 0 && !identify(last_process_->pid) &&
           !deadline.passed()) {
        co_await pause_for(between_looks);
    }
    last_process_.reset();
}

Awaitable<Result<void>> Supervisor::start(Ticket ticket, std::function<bool()> still_wanted) {
    if (state_ != State::none) {
        co_return fail(Errc::conflict, "a server runs already");
    }
    if (!processes_in(driver_.data_folder()).empty()) {
        std::string why = "processes are left in the data folder";
        auto cleared = co_await fence(std::move(why));
        if (!cleared) {
            co_return cleared;
        }
    }
    co_await until_reaped();
    if (!still_wanted()) {
        co_return fail(Errc::conflict, "the record changed before the server was started");
    }
    may_have_ticket_ = true;
    if (auto written = driver_.write_ticket(ticket); !written) {
        co_return written;
    }
    auto command = driver_.start_command();
    command.cgroup = cgroup_;
    const auto launched = launch_detached(command, driver_.server_log());
    if (!launched) {
        co_return tl::unexpected(launched.error());
    }
    started_at_ = boot_time();
    if (auto watched = watch(*launched); !watched) {
        process_ = *launched;
        died(*launched);
        tell_failed_starts();
        co_await clean_up();
        co_return Result<void>{};
    }
    set_state(State::running);
    co_return Result<void>{};
}

} // namespace lockstep
