#pragma once

#include "tests/sim/database.h"

namespace lockstep::sim {

/// The driver's contract over a simulated database: each call takes its time, may find the server
/// gone at every step, and repeats well.
class ModelDriver : public Driver {
public:
    ModelDriver(Database& database, const EngineFlaws& flaws, std::filesystem::path data_folder)
        : database_(database), flaws_(flaws), data_folder_(std::move(data_folder)) {}

    [[nodiscard]] std::string name() const override { return "postgresql"; }

    Awaitable<Result<DataFolder>> inspect(Deadline deadline) override;
    Awaitable<Result<void>> initialise(Deadline deadline) override;
    Awaitable<Result<void>> clone(Member upstream, OnProgress on_progress,
                                  Deadline deadline) override;
    Awaitable<Result<Divergence>> judge(Member upstream, Deadline deadline) override;
    Awaitable<Result<std::uint64_t>> preserve(Divergence from, std::filesystem::path to,
                                              Deadline deadline) override;
    Awaitable<Result<void>> discard(Deadline deadline) override;
    Awaitable<Result<RewindPlan>> prepare_rewind(Member upstream, std::filesystem::path kept,
                                                 Deadline deadline) override;
    Awaitable<Result<void>> rewind(Member upstream, OnProgress on_progress,
                                   Deadline deadline) override;
    Awaitable<Result<DecodedLog>>
    decode(std::filesystem::path kept, std::uint64_t fork_offset_bytes, Deadline deadline) override;
    Awaitable<Result<bool>> never_promoted(Deadline deadline) override;

    Result<void> write_ticket(const Ticket& ticket) override;
    Result<void> remove_ticket() override;
    [[nodiscard]] Door door() const override {
        return database_.ticket ? database_.ticket->door : Door::shut;
    }
    [[nodiscard]] const std::filesystem::path& data_folder() const override { return data_folder_; }
    [[nodiscard]] Command start_command() const override {
        Command command;
        command.argv = {"server"};
        command.folder = data_folder_;
        return command;
    }
    [[nodiscard]] std::filesystem::path server_log() const override { return {}; }
    [[nodiscard]] std::filesystem::path ticket_path() const override { return {}; }
    [[nodiscard]] std::optional<ProcessId> running_server() const override;

    Awaitable<Result<ServerReport>> observe(Deadline deadline) override;
    Awaitable<Result<void>> apply(Ticket ticket, Deadline deadline) override;
    Awaitable<Result<Position>> prove(std::string sync_name, Deadline deadline) override;
    Awaitable<Result<void>> hold_replay(Deadline deadline) override;
    Awaitable<Result<void>> release_replay(Deadline deadline) override;
    Awaitable<Result<History>> promote(Deadline deadline) override;
    Awaitable<Result<void>> keep_for(std::vector<Member> peers, Deadline deadline) override;
    Awaitable<Result<void>> stop(Deadline deadline) override;
    Awaitable<Result<void>> checkpoint(Deadline deadline) override;
    Awaitable<Result<void>> drain(Milliseconds patience, Deadline deadline) override;
    Awaitable<Result<std::optional<Position>>> stopped_at(Deadline deadline) override;
    Awaitable<Result<Heartbeat>> heartbeat(Deadline deadline) override;
    void forget_server() override {}

private:
    [[nodiscard]] Awaitable<Result<void>> answered(Deadline deadline);
    [[nodiscard]] Result<Database*> reach(const Member& upstream) const;
    [[nodiscard]] ServerReport report() const;
    void report_standby(ServerReport& report) const;
    void report_primary(ServerReport& report) const;

    Database& database_;
    const EngineFlaws& flaws_;
    std::filesystem::path data_folder_;
};

} // namespace lockstep::sim
