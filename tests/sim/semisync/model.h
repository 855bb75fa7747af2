#pragma once

#include <set>

#include "tests/sim/engine.h"
#include "tests/sim/semisync/names.h"

namespace lockstep::sim {

/// A transaction in a relay log: received, and not replayed yet.
struct Received {
    std::uint64_t order = 0;
    LogEntry entry;
    bool synced = false;
};

/// What the data folder holds besides the binary log.
struct SemisyncData {
    std::string writer; // server_uuid or server_id
    bool promotion_begun = false;
    std::optional<Member>
        upstream; // Whom it was told to follow; empty: nobody (RESET REPLICA ALL).
    std::string stream_name;
    std::set<std::string> accounts; // That may replicate from here.
    std::size_t committed = 0;      // How many of the log's transactions the engine committed.
    std::vector<Received> relay;
    std::string forgotten; // By which account it received what it may have thrown away.
};

/// MySQL and MariaDB as field/mysql-ha.md found them to behave, as far as the rules depend on it.
class SemisyncModel : public EngineModel {
public:
    SemisyncModel(mysql::Flavour flavour, Host& host, const EngineFlaws& flaws, Witness& witness)
        : EngineModel(host, flaws, witness), flavour_(flavour), logged_(flavour),
          executed_(flavour) {}

    SemisyncData data;

    [[nodiscard]] std::string engine() const override {
        return flavour_ == mysql::Flavour::mysql ? "mysql" : "mariadb";
    }
    [[nodiscard]] bool is_mysql() const { return flavour_ == mysql::Flavour::mysql; }
    [[nodiscard]] mysql::Flavour flavour() const { return flavour_; }
    [[nodiscard]] std::unique_ptr<Driver> make_driver(std::filesystem::path folder) override;
    [[nodiscard]] bool holds(std::uint32_t write) const override;
    [[nodiscard]] bool is_bound_by(const Promise& promise) const override;
    [[nodiscard]] bool follows(const EngineModel& upstream) const override;
    [[nodiscard]] Position stopped_position() const override;
    void discard_data() override { replace_data({}, {}); }
    void replace_data(Disk made, SemisyncData of);
    [[nodiscard]] static SemisyncModel& of(EngineModel& model) {
        return static_cast<SemisyncModel&>(model); // All hosts of a history run one engine.
    }

    // What it says of itself
    [[nodiscard]] const mysql::GtidSet& logged() const; // All that is whole in its log.
    [[nodiscard]] const mysql::GtidSet& executed() const;
    [[nodiscard]] const mysql::Descent& descent() const;
    [[nodiscard]] mysql::GtidSet held() const; // Executed, or received so that a crash keeps it.
    [[nodiscard]] mysql::Place place() const;
    [[nodiscard]] std::string start() const;
    [[nodiscard]] bool applies() const { return applies_; }
    [[nodiscard]] bool knows_what_it_received() const { return knows_received_; }
    [[nodiscard]] std::uint64_t not_waited_for() const { return not_waited_for_; }
    [[nodiscard]] bool waits_now(std::uint64_t end) const;

    // Of a primary
    void set_wait(const std::string& setting);
    void set_door(Door door);
    void cut_clients();
    void end_streams() { end_senders(); }
    /// The first transaction of its reign.
    void begin_reign();
    /// Ends being a standby.
    void forget_upstream();
    void open_for_writes();

    // Of a standby
    void start_receiver();
    void start_applier();
    void stop_applier() { applies_ = false; }
    /// Until the process ends it runs, and replays nothing: somebody's lock is in its way.
    void hold_applier() { is_held_ = true; }
    /// Nothing was lost by a stop and start just now.
    void carry_applier_over();

protected:
    void recover() override;
    void came_up() override;
    void process_ended() override { applies_ = false; }
    void power_lost() override;
    [[nodiscard]] LogEntry next_entry(std::uint32_t write) override;
    [[nodiscard]] const Sender* acknowledging() const override;
    void settled() override;
    void answer_before_stop() override;
    [[nodiscard]] bool admit(EngineModel& standby, Sender& made) override;
    [[nodiscard]] Delivery deliver(const std::vector<LogEntry>& entries) const override;
    [[nodiscard]] std::uint64_t said() const override;

private:
    [[nodiscard]] LogEntry named_entry(std::uint32_t write, std::optional<mysql::Reign> begins);
    [[nodiscard]] mysql::GtidSet with_received(bool only_synced) const;
    void receive(const std::vector<LogEntry>& entries);
    void received_is_synced(std::uint64_t order, std::uint64_t stream, std::uint64_t up_to);
    void apply_soon();
    void apply();
    void forget_counted();

    mysql::Flavour flavour_;
    mutable Counted logged_;   // Of the whole log …
    mutable Counted executed_; // … and of what the engine committed.
    std::uint64_t last_order_ = 0;
    // Of the process
    bool applies_ = false; // The applier runs.
    bool applying_ = false;
    bool is_held_ = false;
    bool knows_received_ = false; // What was received is shown.
    std::uint64_t starts_ = 0;    // Of the applier.
    std::uint64_t not_waited_for_ = 0;
};

} // namespace lockstep::sim
