#pragma once

#include "tests/sim/engine.h"

namespace lockstep::sim {

/// The driver's contract over a simulated database: each call takes its time, may find the server
/// gone at every step, and repeats well. What all engines have in common is here.
class ModelDriver : public Driver {
public:
    ModelDriver(EngineModel& database, std::filesystem::path data_folder)
        : database_(database), data_folder_(std::move(data_folder)) {}

    [[nodiscard]] std::string name() const override { return database_.engine(); }

    Awaitable<Result<void>> discard(Deadline deadline) override;
    Awaitable<Result<DecodedLog>>
    decode(std::filesystem::path kept, std::uint64_t fork_offset_bytes, Deadline deadline) override;

    Result<void> remove_ticket() override;
    [[nodiscard]] Door door() const override {
        return database_.ticket ? database_.ticket->door : Door::shut;
    }
    [[nodiscard]] const std::filesystem::path& data_folder() const override { return data_folder_; }
    [[nodiscard]] Command start_command() const override;
    [[nodiscard]] std::filesystem::path server_log() const override { return {}; }
    [[nodiscard]] std::filesystem::path ticket_path() const override { return {}; }
    [[nodiscard]] std::optional<ProcessId> running_server() const override;

    Awaitable<Result<ServerReport>> observe(Deadline deadline) override;
    Awaitable<Result<void>> hold_replay(Deadline deadline) override;
    Awaitable<Result<std::string>> acknowledge_held(Deadline) override { co_return std::string{}; }
    Awaitable<Result<void>> release_replay(Deadline deadline) override;
    Awaitable<Result<void>> stop(Deadline deadline) override;
    Awaitable<Result<void>> checkpoint(Deadline deadline) override;
    Awaitable<Result<void>> drain(Milliseconds patience, Deadline deadline) override;
    Awaitable<Result<std::optional<Position>>> stopped_at(Deadline deadline) override;
    void forget_server() override {}

protected:
    /// What was observed, all at one time.
    [[nodiscard]] virtual ServerReport report() = 0;
    /// Before the server is asked to stop.
    virtual void before_stop() {}

    /// A round trip to the server; a frozen one is waited for in vain.
    [[nodiscard]] Awaitable<Result<void>> answered(Deadline deadline);
    /// A round trip, after which the server must not be busy starting. Returns whether it is a
    /// primary.
    [[nodiscard]] Awaitable<Result<bool>> role(Deadline deadline);
    [[nodiscard]] Result<EngineModel*> reach(const Member& upstream) const;
    /// A copy that takes its time. Returns whom it was copied from, who was there all the while.
    [[nodiscard]] Awaitable<Result<EngineModel*>> copy_from(Member upstream, Micros most_for_a_part,
                                                            OnProgress on_progress);
    /// A commit of the driver's own, begun.
    struct Beat {
        std::optional<bool> committed;
        Place place;
    };
    [[nodiscard]] std::shared_ptr<Beat> begin_beat();
    /// Its end, or what is known of it when the deadline passes.
    [[nodiscard]] Awaitable<Result<Heartbeat>> end_beat(std::shared_ptr<Beat> beat,
                                                        Deadline deadline);

private:
    EngineModel& database_;
    std::filesystem::path data_folder_;
};

inline constexpr Micros look_again = 5 * millisecond;
inline const std::string the_system_id = "7001";

[[nodiscard]] Micros some(Micros least, Micros most);
[[nodiscard]] Milliseconds milliseconds(Micros span);

} // namespace lockstep::sim
