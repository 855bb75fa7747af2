#pragma once

#include <functional>

#include "agent/decision/rejoin.h"
#include "agent/divergences.h"
#include "agent/journal.h"
#include "agent/local_state.h"
#include "agent/memory.h"
#include "drivers/driver.h"

namespace lockstep {

/// The duties that make or replace data. Each first writes down that it begins, so that a half
/// made folder is known for what it is after a crash, and each leaves a new mark (R11).
class DataMaking {
public:
    /// Fills the empty data folder; what it returns is for people: "snapshot X, up to TIME".
    using Restore = std::function<Awaitable<Result<std::string>>(Origin, OnProgress)>;
    DataMaking(Driver& driver, LocalState& state, Memory& memory, Journal& journal,
               Divergences& divergences, Restore restore = {});

    [[nodiscard]] Awaitable<Result<void>> initialise();
    /// From the goal's origin.
    [[nodiscard]] Awaitable<Result<void>> restore(Goal goal);
    [[nodiscard]] Awaitable<Result<void>> clone(Goal goal);
    /// R8's copy, then a rewind if it can be, else a clone. `still_wanted` is asked right before
    /// anything is destroyed (R10).
    [[nodiscard]] Awaitable<Result<void>> replace(Goal goal, std::function<bool()> still_wanted);
    /// Looks inside the data folder.
    [[nodiscard]] Awaitable<Result<void>> inspect();

    /// Only a clone or a rewind in progress can be ended; what it leaves is known to be half made.
    [[nodiscard]] bool may_be_cancelled() const { return cancellable_; }
    void cancelled();

private:
    [[nodiscard]] Awaitable<Result<void>> begin();
    [[nodiscard]] Awaitable<Result<void>> empty_folder();
    [[nodiscard]] Awaitable<Result<void>> finish();
    [[nodiscard]] Awaitable<Result<void>> new_mark(Epoch followed);
    [[nodiscard]] Awaitable<Result<void>> clone_because(Goal goal, std::string why);
    [[nodiscard]] Awaitable<Result<void>> copy(Member upstream);
    [[nodiscard]] bool is_counted_on() const;
    [[nodiscard]] Result<void> check_not_counted_on() const;
    void forget_content();
    void start_job(std::string what);
    void end_job();
    [[nodiscard]] OnProgress show_progress();

    // data_replacing.cpp
    [[nodiscard]] Awaitable<Result<KeptDivergence>> preserve(Goal goal);
    [[nodiscard]] Awaitable<Result<KeptDivergence>> copy_aside(Goal goal);
    /// Returns why the data is to be cloned instead; empty: it was rewound.
    [[nodiscard]] Awaitable<Result<std::string>> rewind(Goal goal, KeptDivergence kept,
                                                        std::function<bool()> still_wanted);
    [[nodiscard]] Awaitable<Result<RewindPlan>> prepare_rewind(Goal goal, KeptDivergence kept);
    [[nodiscard]] Awaitable<Result<std::string>> overwrite(Member upstream);
    [[nodiscard]] RejoinChoice choose() const;

    Driver& driver_;
    LocalState& state_;
    Memory& memory_;
    Journal& journal_;
    Divergences& divergences_;
    Restore restore_;
    std::string copied_how_; // What the driver says of the copy in progress.
    bool cancellable_ = false;
};

} // namespace lockstep
