#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/testbed/resolver.h"
#include "tests/support/testbed/session.h"

namespace lockstep::testbed {

/// One write, as its client saw it.
struct Write {
    std::uint64_t id = 0;
    Clock::time_point sent;
    Clock::time_point answered;
    Session::End end = Session::End::unknown;
    bool warned = false;       // Acknowledged with a warning: it may not be on the standby.
    std::string server;        // That acknowledged it.
    std::uint32_t history = 0; // The number of the history on which it was acknowledged.
    std::string trouble;       // When it was not acknowledged.
};

/// A connection that a writer could not make: by name means that no client could.
struct FailedConnection {
    Clock::time_point at;
    std::string trouble;
};

/// What became of the acknowledged writes, judged by the primary that is left at the end.
struct Account {
    std::uint64_t acknowledged = 0;
    std::uint64_t acknowledged_with_warning = 0;
    std::uint64_t lost = 0; // Acknowledged, and absent.
    std::vector<std::uint64_t> first_lost;
    std::uint64_t unknown = 0; // Neither acknowledged nor refused.
    std::uint64_t unknown_but_present = 0;
    std::uint64_t refused = 0;
    std::uint64_t stale = 0; // Ledger::stale().
};

/// Everything that a run's writers saw. Read it when the writers have ended.
struct Ledger {
    std::vector<Write> writes; // By the time of their answer.
    std::vector<FailedConnection> failed_connections;
    Clock::time_point ended; // When the writers were stopped.

    [[nodiscard]] Account account(const Session::Where& final_primary) const;
    /// Writes acknowledged by an older history, though sent after a newer one had acknowledged
    /// some: a split.
    [[nodiscard]] std::uint64_t stale() const;
    /// The longest time without any acknowledged write between `from` and the end.
    [[nodiscard]] Milliseconds longest_gap(Clock::time_point from) const;
    /// The sum of all times longer than half a second without any acknowledged write.
    [[nodiscard]] Milliseconds down_total(Clock::time_point from) const;
    /// The first acknowledgement after the longest gap; empty if there was none any more.
    [[nodiscard]] std::optional<Clock::time_point> resumed(Clock::time_point from) const;
    /// Everything that this and other clients of the same run saw.
    [[nodiscard]] Ledger with(const Ledger& other) const;
    /// The first troubles, for people.
    [[nodiscard]] std::string troubles(std::size_t most = 5) const;
};

/// Clients that insert rows one by one, each with an id of its own, and note what the server said.
/// They find the primary anew before every connection, and give up a statement without an answer
/// by closing the socket.
class Writers {
public:
    enum class Connections { kept, new_each_time };
    struct Options {
        std::size_t count = 4;
        Connections connections = Connections::kept;
        Milliseconds pause{5}; // Between two writes of one writer.
        Milliseconds retry{5}; // After a failure.
        Milliseconds connection_patience{1000};
        Milliseconds statement_patience{2000};
        std::uint16_t port = 0;
        std::string user = "app";
        Engine engine = Engine::postgresql;
        std::function<std::unique_ptr<Finder>()> finder; // One for each writer.
    };
    explicit Writers(Options options);
    Writers(const Writers&) = delete;
    Writers& operator=(const Writers&) = delete;
    ~Writers();

    [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
    /// Waits until `more` further writes are acknowledged. False: not at `by`.
    [[nodiscard]] bool acknowledges(std::uint64_t more, Clock::time_point by) const;
    /// Ends the writers and hands over what they saw.
    [[nodiscard]] Ledger stop();

private:
    void write_on(std::size_t number);
    /// Whose acknowledgements those of a session are, where the engine does not say it with each.
    struct Standing {
        std::string server;
        std::uint32_t history = 0;
    };
    bool reach(Finder& finder, Session& session, Standing& standing);
    [[nodiscard]] std::string connect(Session& session, const std::string& ip, Standing& standing);
    void write_one(Session& session, const Standing& standing);

    Options options_;
    std::atomic<bool> stopping_{false};
    std::atomic<std::uint64_t> next_id_{1};
    std::atomic<std::uint64_t> acknowledged_{0};
    std::mutex mutex_; // The ledger's.
    Ledger ledger_;
    std::vector<std::thread> threads_;
};

/// The same for MySQL and MariaDB: the text for one run of a client of their own.
[[nodiscard]] std::string mysql_ledger_statements();

/// The table and the role that writers use, made by a superuser.
void make_ledger_table(const Session::Where& superuser, Clock::time_point by);

/// That table, as a client names it.
[[nodiscard]] std::string ledger_table(Engine engine);

} // namespace lockstep::testbed
