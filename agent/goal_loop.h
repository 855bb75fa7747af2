#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "agent/duties.h"
#include "agent/judgements.h"

namespace lockstep {

/// Makes the member what the accepted record says, again and again (level-triggered): on a new
/// record, a new observation, the end of a duty, and every 100 ms. One duty at a time; a fence
/// waits for none.
class GoalLoop {
public:
    GoalLoop(asio::any_io_executor executor, Driver& driver, LocalState& state, Memory& memory,
             Journal& journal, Supervisor& supervisor, DataMaking& making);

    [[nodiscard]] Awaitable<void> run();
    /// From now on nothing is begun but a fence, and a copy in progress is given up. Returns when
    /// no duty runs any more, or at the deadline.
    [[nodiscard]] Awaitable<void> cease(Deadline deadline);
    /// Called at each step, before anything else is done: until when R6 lets the server serve
    /// without any more news; empty: it needs none.
    void at_each_step(std::function<void(std::optional<Milliseconds>)> feed) {
        feed_ = std::move(feed);
    }

private:
    struct Work {
        Duty duty;
        Goal goal;
        asio::cancellation_signal cancel;
        bool cancelled = false;
    };
    struct Failures {
        unsigned in_a_row = 0;
        Milliseconds failed_at{0};
        Milliseconds again_at{0};
    };

    void step();
    void notice_a_break();
    void tell(const Duty& duty, const LocalFacts& facts);
    void look_after_job(const Duty& duty, const Goal& goal);
    [[nodiscard]] Duty or_look_again(Duty duty) const;
    [[nodiscard]] bool is_due(DutyKind kind) const;
    void begin(Duty duty, Goal goal);
    void begin_fence(std::string why);
    void look_at_door(const Goal& goal);
    [[nodiscard]] bool runs_as_primary(const Goal& goal) const;
    [[nodiscard]] FenceVerdict look_at_fence(const Goal& goal);
    [[nodiscard]] std::optional<Milliseconds> limit_of(const Goal& goal,
                                                       const FenceVerdict& verdict) const;
    [[nodiscard]] Awaitable<void> work(std::shared_ptr<Work> work);
    [[nodiscard]] Awaitable<void> fence(std::string why);
    void ended(const Duty& duty, const Result<void>& outcome);

    asio::any_io_executor executor_;
    Driver& driver_;
    LocalState& state_;
    Memory& memory_;
    Journal& journal_;
    Supervisor& supervisor_;
    DataMaking& making_;
    Duties duties_;
    std::shared_ptr<Work> work_;
    bool fencing_ = false;
    bool ceased_ = false;
    Milliseconds fence_again_at_{0};
    Milliseconds looked_at_{0};
    std::map<DutyKind, Failures> failures_;
    std::function<void(std::optional<Milliseconds>)> feed_ = [](std::optional<Milliseconds>) {};
};

} // namespace lockstep
