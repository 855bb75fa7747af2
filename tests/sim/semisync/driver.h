#pragma once

#include "drivers/mysql/own_log.h"
#include "drivers/mysql/schema.h"
#include "tests/sim/engine_driver.h"
#include "tests/sim/semisync/model.h"

namespace lockstep::sim {

/// The same steps as drivers/mysql takes, over a model of the server. What it remembers, it forgets
/// with its agent.
class SemisyncModelDriver : public ModelDriver {
public:
    SemisyncModelDriver(SemisyncModel& database, const EngineFlaws& flaws,
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
    void forget_server() override;

protected:
    [[nodiscard]] ServerReport report() override;
    void before_stop() override;

private:
    void report_standby(ServerReport& report) const;
    void report_primary(ServerReport& report);
    [[nodiscard]] Awaitable<Result<void>> apply_primary(Ticket ticket, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> relax(Ticket ticket, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> tighten(Ticket ticket, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> see_a_commit_wait(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> end_canary(Deadline deadline);
    void settle_accounts(const Ticket& ticket);
    [[nodiscard]] Awaitable<Result<void>> follow(Ticket ticket, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> point_at(Ticket ticket, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> until_replayed(Deadline deadline);
    [[nodiscard]] Result<void> check_received() const;
    void forget_received_as(const std::string& account);
    [[nodiscard]] Awaitable<Result<void>> take_over(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> become_primary(Loss loss, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> ensure_reign(Deadline deadline);
    [[nodiscard]] Result<mysql::Upstream> ask_upstream(const Member& upstream) const;
    [[nodiscard]] bool effect_seen(const std::string& sync_name) const {
        return !sync_name.empty() && effect_of_ == sync_name;
    }

    SemisyncModel& database_;
    const EngineFlaws& flaws_;
    std::optional<Ticket> ticket_;
    std::string effect_of_; // For whom a commit was seen to wait.
    std::uint64_t not_waited_for_ = 0;
    std::shared_ptr<Beat> canary_;
    std::shared_ptr<Beat> pulse_;
    mysql::Place pulse_after_; // Where the log was when it began.
    std::string pulse_for_;
    Position acknowledged_;
};

} // namespace lockstep::sim
