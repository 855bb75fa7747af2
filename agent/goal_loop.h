#pragma once

#include <map>
#include <memory>
#include <optional>

#include "agent/duties.h"

namespace lockstep {

/// Makes the member what the accepted record says, again and again (level-triggered): on a new
/// record, a new observation, the end of a duty, and every 100 ms. One duty at a time; a fence
/// waits for none.
class GoalLoop {
public:
    GoalLoop(asio::any_io_executor executor, Driver& driver, LocalState& state, Memory& memory,
             Journal& journal, Supervisor& supervisor, DataMaking& making);

    [[nodiscard]] Awaitable<void> run();

private:
    struct Work {
        Duty duty;
        Goal goal;
        asio::cancellation_signal cancel;
        bool cancelled = false;
    };
    struct Failures {
        unsigned in_a_row = 0;
        Milliseconds again_at{0};
    };

    void step();
    void tell(const Duty& duty, const LocalFacts& facts);
    void look_after_job(const Duty& duty, const Goal& goal);
    [[nodiscard]] Duty or_look_again(Duty duty) const;
    [[nodiscard]] bool is_due(DutyKind kind) const;
    void begin(Duty duty, Goal goal);
    void begin_fence(Duty duty);
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
    Milliseconds fence_again_at_{0};
    std::map<DutyKind, Failures> failures_;
};

} // namespace lockstep
