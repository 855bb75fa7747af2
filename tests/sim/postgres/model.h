#pragma once

#include "tests/sim/engine.h"
#include "tests/sim/postgres/lineage.h"

namespace lockstep::sim {

/// PostgreSQL as field/redteam.md section 2 found it to behave, as far as the rules depend on it.
class PostgresModel : public EngineModel {
public:
    using EngineModel::EngineModel;

    Lineage lineage;

    [[nodiscard]] std::string engine() const override { return "postgresql"; }
    [[nodiscard]] std::unique_ptr<Driver> make_driver(std::filesystem::path folder) override;
    [[nodiscard]] bool follows(const EngineModel& upstream) const override;
    [[nodiscard]] Position stopped_position() const override { return synced_position(); }
    void discard_data() override { replace_data({}, {}); }

    void configure_primary(const std::string& sync_name, Door door);
    void configure_standby(const std::optional<Member>& upstream, const std::string& stream_name);
    /// Ends recovery: a timeline of its own.
    void begin_timeline();
    void switch_segment();
    void replace_data(Disk made, Lineage of);
    [[nodiscard]] Position synced_position() const {
        return {lineage.history(), disk.synced_end()};
    }
    [[nodiscard]] static PostgresModel& of(EngineModel& model) {
        return static_cast<PostgresModel&>(model); // All hosts of a history run one engine.
    }

protected:
    void recover() override;
    void came_up() override;
    [[nodiscard]] LogEntry next_entry(std::uint32_t write) override;
    [[nodiscard]] const Sender* acknowledging() const override;
    void write_last_record() override;
    [[nodiscard]] bool may_end() const override;
    [[nodiscard]] bool admit(EngineModel& standby, Sender& made) override;
    [[nodiscard]] Delivery deliver(const std::vector<LogEntry>& entries) const override;
    [[nodiscard]] std::uint64_t said() const override;

private:
    [[nodiscard]] static LogEntry entry(std::uint32_t write, std::uint64_t end) {
        return {Databases::current().new_id(), end, write, nullptr};
    }
    void receive(const std::vector<LogEntry>& entries, const Lineage& upstream);
};

} // namespace lockstep::sim
