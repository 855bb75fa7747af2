#pragma once

#include <filesystem>
#include <functional>

#include "agent/journal.h"
#include "agent/local_state.h"
#include "agent/memory.h"
#include "drivers/driver.h"

namespace lockstep {

/// The duties that make or replace data. Each first writes down that it begins, so that a half
/// made folder is known for what it is after a crash, and each leaves a new mark (R11).
class DataMaking {
public:
    DataMaking(Driver& driver, LocalState& state, Memory& memory, Journal& journal,
               std::filesystem::path diverged_folder);

    [[nodiscard]] Awaitable<Result<void>> initialise();
    [[nodiscard]] Awaitable<Result<void>> clone(Goal goal);
    /// R8's copy, then a clone. `still_wanted` is asked right before anything is destroyed (R10).
    [[nodiscard]] Awaitable<Result<void>> replace(Goal goal, std::function<bool()> still_wanted);
    /// Looks inside the data folder.
    [[nodiscard]] Awaitable<Result<void>> inspect();

    /// Only a clone in progress can be ended; what it leaves is known to be half made.
    [[nodiscard]] bool may_be_cancelled() const { return cloning_; }
    void cancelled();

private:
    [[nodiscard]] Awaitable<Result<void>> begin();
    [[nodiscard]] Awaitable<Result<void>> empty_folder();
    [[nodiscard]] Awaitable<Result<void>> finish();
    [[nodiscard]] Awaitable<Result<void>> preserve(Goal goal);
    [[nodiscard]] Awaitable<Result<void>> copy(Member upstream);
    [[nodiscard]] bool is_counted_on() const;
    void start_job(std::string what);
    void end_job();

    Driver& driver_;
    LocalState& state_;
    Memory& memory_;
    Journal& journal_;
    std::filesystem::path diverged_folder_;
    bool cloning_ = false;
};

} // namespace lockstep
