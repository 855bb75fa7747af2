#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drivers/postgres/snapshot/postgres_snapshots.h"
#include "tests/integration/postgres/bed.h"

/// Real servers with a ledger in them, by which it is told what a restored one holds.
namespace lockstep::bed {

/// What a restored server's ledger says.
struct LedgerSeen {
    std::int64_t rows = 0;
    std::int64_t last = 0;    // The greatest number.
    std::int64_t damaged = 0; // Rows whose checksum is another number's.
    [[nodiscard]] bool is_whole() const { return rows == last && damaged == 0; }
};

class SnapshotBed {
public:
    SnapshotBed();

    [[nodiscard]] Bed& bed() { return bed_; }
    [[nodiscard]] SnapshotEngine& a() { return *engine_a_; }
    [[nodiscard]] SnapshotEngine& b() { return *engine_b_; }
    [[nodiscard]] std::filesystem::path folder(const std::string& name) {
        return bed_.folder() / name;
    }

    void make_ledger(Node& on);
    /// One more row; returns its number.
    std::int64_t add_row(Node& on);
    [[nodiscard]] LedgerSeen look(Node& on);
    /// About so much data, not in the ledger.
    void add_bulk(Node& on, int megabytes);

    /// A member of its own, whose folder is to be restored.
    [[nodiscard]] Node& target() { return target_; }
    [[nodiscard]] SnapshotEngine& restorer() { return *restorer_; }
    /// Restores, starts the server, looks at its ledger, stops it and empties the folder.
    LedgerSeen restored(const SnapshotEngine::Source& source, const RestoreTarget& target);
    void empty_target();

    /// The process of a tool that this program started; 0: there is none.
    [[nodiscard]] static pid_t tool_process(const std::string& name);

private:
    Bed bed_;
    Node target_;
    std::unique_ptr<SnapshotEngine> engine_a_;
    std::unique_ptr<SnapshotEngine> engine_b_;
    std::unique_ptr<SnapshotEngine> restorer_;
    std::int64_t next_ = 1;
};

/// Something that goes on while the test does other things.
template <class T> class Running {
public:
    Running(Bed& bed, Awaitable<T> work) : bed_(bed) {
        asio::co_spawn(
            bed.context(), std::move(work),
            asio::bind_cancellation_slot(
                signal_.slot(), [state = state_](const std::exception_ptr& cancelled, T result) {
                    state->value = cancelled ? none() : std::move(result);
                }));
    }
    [[nodiscard]] bool is_over() const { return state_->value.has_value(); }
    void cancel() { signal_.emit(asio::cancellation_type::terminal); }
    /// Lets everything go on for a moment.
    void step() {
        bed_.run([]() -> Awaitable<int> {
            const Milliseconds breath{5};
            co_await pause_for(breath);
            co_return 0;
        }());
    }
    T end() {
        while (!state_->value) {
            step();
        }
        return *state_->value;
    }

private:
    /// What a cancelled one returns.
    static T none() {
        if constexpr (std::is_integral_v<T>) {
            return T{};
        } else {
            return fail(Errc::conflict, "cancelled");
        }
    }
    struct State {
        std::optional<T> value;
    };
    Bed& bed_;
    asio::cancellation_signal signal_;
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

} // namespace lockstep::bed
