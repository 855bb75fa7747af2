#pragma once

#include <algorithm>
#include <csignal>
#include <fstream>
#include <string>
#include <vector>

#include "drivers/driver.h"
#include "platform/files.h"

namespace lockstep {

/// An engine without a database: its server is a process that sleeps in the data folder, its data
/// a few small files there. What it is told is kept in `calls`, in order.
class FakeDriver final : public Driver {
public:
    explicit FakeDriver(std::filesystem::path data) : data_(std::move(data)) {}
    ~FakeDriver() override = default;

    std::vector<std::string> calls;
    std::optional<Ticket> ticket;
    bool ticket_removed_beside_server = false;
    bool dies_at_start = false;
    bool dies_when_promoted = false;
    bool diverged = false;
    bool same_timeline = false;
    Result<void> copyable;                     // What check_copyable() says, and
    int copyable_asked = 0;                    // how often it was asked.
    bool discard_unsupported = false;          // Refuses, and touches nothing.
    bool clone_hangs = false;                  // Half made, until it is cancelled.
    bool checkpoint_hangs = false;             // Until it is not asked again.
    bool sessions_stay = false;                // A drain fails.
    Result<std::string> freed = std::string{}; // What acknowledge_held() says.
    bool stops_uncleanly = false;              // A stop leaves no clean end.
    bool standby_silent = false;               // Commits wait.
    bool clean_shutdown = false;               // What the folder says.
    std::string rewind_hindrance;              // What prepare_rewind() says.
    bool rewind_fails = false;                 // Half way.
    bool rewind_hangs = false;                 // Half way, until it is cancelled.
    std::string server_start;                  // What observe() says.
    Unit unit = Unit::bytes;
    bool streams = true; // As a standby, and as a primary from its standby.

    [[nodiscard]] std::string name() const override { return "fake"; }
    Awaitable<Result<DataFolder>> inspect(Deadline) override {
        DataFolder folder;
        folder.kind = std::filesystem::exists(data_ / "base") ? DataFolder::Kind::database
                                                              : DataFolder::Kind::other;
        folder.standby = std::filesystem::exists(signal());
        folder.system_id = "7001";
        folder.clean_shutdown = clean_shutdown;
        folder.what = "a fake database";
        co_return folder;
    }
    Awaitable<Result<void>> initialise(Deadline) override {
        calls.emplace_back("initialise");
        write(data_ / "base");
        co_return Result<void>{};
    }
    Awaitable<Result<void>> check_copyable(Member, Deadline) override {
        ++copyable_asked;
        co_return copyable;
    }
    Awaitable<Result<void>> clone(Member upstream, OnProgress on_progress, Deadline) override {
        calls.push_back("clone " + upstream.id);
        on_progress({1, 2});
        write(data_ / "base");
        if (clone_hangs) {
            const std::chrono::hours long_enough(1);
            co_await pause_for(long_enough);
        }
        write(signal());
        co_return Result<void>{};
    }
    Awaitable<Result<Divergence>> judge(Member upstream, Deadline) override {
        calls.push_back("judge " + upstream.id);
        Divergence divergence{diverged, "0/5", 5, "so the test wants it", same_timeline};
        co_return divergence;
    }
    Awaitable<Result<std::uint64_t>> preserve(Divergence, std::filesystem::path to,
                                              Deadline) override {
        calls.emplace_back("preserve");
        std::filesystem::create_directories(to);
        co_return 4096U;
    }
    Awaitable<Result<RewindPlan>> prepare_rewind(Member upstream, std::filesystem::path,
                                                 Deadline) override {
        calls.push_back("prepare rewind to " + upstream.id);
        RewindPlan plan{rewind_hindrance, 512};
        co_return plan;
    }
    Awaitable<Result<void>> rewind(Member upstream, OnProgress on_progress, Deadline) override {
        calls.push_back("rewind to " + upstream.id);
        on_progress({1, 2});
        if (rewind_hangs) {
            const std::chrono::hours long_enough(1);
            co_await pause_for(long_enough);
        }
        if (rewind_fails) {
            co_return fail(Errc::refused, "rewind: it broke off");
        }
        diverged = false;
        same_timeline = true;
        write(signal());
        co_return Result<void>{};
    }
    Awaitable<Result<DecodedLog>> decode(std::filesystem::path, std::uint64_t, Deadline) override {
        calls.emplace_back("decode");
        DecodedLog log;
        log.done = true;
        log.committed = 7;
        co_return log;
    }
    Awaitable<Result<void>> discard(Deadline) override {
        calls.emplace_back("discard");
        if (discard_unsupported) {
            co_return fail(Errc::unsupported, "discard: it has tablespaces");
        }
        for (const auto& entry : std::filesystem::directory_iterator(data_)) {
            std::filesystem::remove_all(entry.path());
        }
        co_return Result<void>{};
    }
    Awaitable<Result<bool>> never_promoted(Deadline) override {
        co_return std::filesystem::exists(signal());
    }

    Result<void> write_ticket(const Ticket& wanted) override {
        ticket = wanted;
        if (!wanted.primary) {
            write(signal());
        }
        return {};
    }
    Result<void> remove_ticket() override {
        ticket_removed_beside_server = ticket_removed_beside_server || running_server();
        ticket.reset();
        return {};
    }
    [[nodiscard]] std::filesystem::path ticket_path() const override {
        return data_.parent_path() / "ticket";
    }
    [[nodiscard]] Door door() const override { return ticket ? ticket->door : Door::shut; }
    [[nodiscard]] const std::filesystem::path& data_folder() const override { return data_; }
    [[nodiscard]] Command start_command() const override {
        const std::string script = dies_at_start
                                       ? "exit 3"
                                       : "echo $$ > server.pid.new; mv server.pid.new server.pid; "
                                         "exec sleep 1000";
        return {{"/bin/sh", "-c", script}, {}, data_};
    }
    [[nodiscard]] std::filesystem::path server_log() const override {
        return data_.parent_path() / "server.log";
    }
    [[nodiscard]] std::optional<ProcessId> running_server() const override {
        std::ifstream file(data_ / "server.pid");
        pid_t pid = 0;
        if (!(file >> pid)) {
            return std::nullopt;
        }
        const auto process = identify(pid);
        return process ? std::optional(*process) : std::nullopt;
    }

    Awaitable<Result<ServerReport>> observe(Deadline) override {
        if (!running_server()) {
            co_return fail(Errc::unreachable, "no server");
        }
        ServerReport report;
        report.system_id = "7001";
        const bool standby = std::filesystem::exists(signal());
        report.state = standby ? ServerState::standby : ServerState::primary;
        report.start = server_start;
        report.position = {History{"1"}, 100};
        report.unit = unit;
        if (standby && ticket) {
            report.stream.connected = streams && ticket->upstream.has_value();
            report.stream.name = ticket->stream_name;
        }
        if (!standby && ticket) {
            report.acknowledgements.name = ticket->sync_name;
            report.acknowledgements.streaming = streams && !ticket->sync_name.empty();
            if (report.acknowledgements.streaming) {
                acknowledged_bytes_ += standby_silent ? 0U : 1U;
                report.acknowledged = {History{"1"}, acknowledged_bytes_};
            }
        }
        co_return report;
    }
    Awaitable<Result<void>> apply(Ticket wanted, Deadline) override {
        calls.push_back("apply " + (wanted.primary ? wanted.sync_name : wanted.stream_name));
        co_return write_ticket(wanted);
    }
    Awaitable<Result<Position>> prove(std::string sync_name, Deadline) override {
        calls.push_back("prove " + sync_name);
        const Position position{History{"1"}, 100};
        co_return position;
    }
    Awaitable<Result<void>> hold_replay(Deadline) override { co_return Result<void>{}; }
    Awaitable<Result<void>> release_replay(Deadline) override { co_return Result<void>{}; }
    Awaitable<Result<History>> promote(Deadline, Loss) override {
        calls.emplace_back("promote");
        std::filesystem::remove(signal());
        if (dies_when_promoted) {
            if (const auto server = running_server()) {
                ::kill(server->pid, SIGKILL);
            }
            co_return fail(Errc::unreachable, "promote: the server died");
        }
        const History history{"2"};
        co_return history;
    }
    Awaitable<Result<void>> keep_for(std::vector<Member> peers, Deadline) override {
        calls.emplace_back(peers.empty() ? "keep for nobody" : "keep for peers");
        co_return Result<void>{};
    }
    Awaitable<Result<void>> stop(Deadline) override {
        calls.emplace_back("stop");
        if (const auto server = running_server()) {
            ::kill(server->pid, SIGTERM);
        }
        co_return Result<void>{};
    }
    Awaitable<Result<void>> checkpoint(Deadline deadline) override {
        calls.emplace_back("checkpoint");
        if (checkpoint_hangs) {
            co_await until(deadline);
            co_return fail(Errc::timeout, "checkpoint: no answer before the deadline");
        }
        co_return Result<void>{};
    }
    Awaitable<Result<void>> drain(Milliseconds, Deadline) override {
        calls.emplace_back("drain");
        if (sessions_stay) {
            co_return fail(Errc::timeout, "drain: 1 session does not end");
        }
        co_return Result<void>{};
    }
    Awaitable<Result<std::optional<Position>>> stopped_at(Deadline) override {
        std::optional<Position> end;
        if (!running_server() && was_called("stop") && !stops_uncleanly) {
            end = Position{History{"1"}, 100};
        }
        co_return end;
    }
    Awaitable<Result<Heartbeat>> heartbeat(Deadline) override { co_return Heartbeat::committed; }
    Awaitable<Result<std::string>> acknowledge_held(Deadline) override { co_return freed; }
    void forget_server() override {}

    [[nodiscard]] bool was_called(const std::string& call) const {
        return std::find(calls.begin(), calls.end(), call) != calls.end();
    }

private:
    [[nodiscard]] std::filesystem::path signal() const { return data_ / "standby.signal"; }
    static void write(const std::filesystem::path& path) { std::ofstream(path) << "\n"; }

    std::filesystem::path data_;
    std::uint64_t acknowledged_bytes_ = 100; // Rises each time the primary is asked.
};

} // namespace lockstep
