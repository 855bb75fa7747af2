#pragma once

#include "tests/sim/engine_driver.h"
#include "tests/sim/postgres/model.h"

namespace lockstep::sim {

class PostgresModelDriver : public ModelDriver {
public:
    PostgresModelDriver(PostgresModel& database, const EngineFlaws& flaws,
                        std::filesystem::path data_folder)
        : ModelDriver(database, std::move(data_folder)), database_(database), flaws_(flaws) {}

    Awaitable<Result<DataFolder>> inspect(Deadline deadline) override;
    Awaitable<Result<void>> initialise(Deadline deadline) override;
    Awaitable<Result<void>> clone(Member upstream, OnProgress on_progress,
                                  Deadline deadline) override;
    Awaitable<Result<Divergence>> judge(Member upstream, Deadline deadline) override;
    Awaitable<Result<std::uint64_t>> preserve(Divergence from, std::filesystem::path to,
                                              Deadline deadline) override;
    Awaitable<Result<RewindPlan>> prepare_rewind(Member upstream, std::filesystem::path kept,
                                                 Deadline deadline) override;
    Awaitable<Result<void>> rewind(Member upstream, OnProgress on_progress,
                                   Deadline deadline) override;
    Awaitable<Result<bool>> never_promoted(Deadline deadline) override;
    Result<void> write_ticket(const Ticket& ticket) override;

    Awaitable<Result<void>> apply(Ticket ticket, Deadline deadline) override;
    Awaitable<Result<Position>> prove(std::string sync_name, Deadline deadline) override;
    Awaitable<Result<History>> promote(Deadline deadline, Loss loss) override;
    Awaitable<Result<void>> keep_for(std::vector<Member> peers, Deadline deadline) override;
    Awaitable<Result<Heartbeat>> heartbeat(Deadline deadline) override;

protected:
    [[nodiscard]] ServerReport report() override;

private:
    [[nodiscard]] Awaitable<Result<void>> end_recovery(Deadline deadline);
    void report_standby(ServerReport& report) const;
    void report_primary(ServerReport& report) const;

    PostgresModel& database_;
    const EngineFlaws& flaws_;
};

} // namespace lockstep::sim
