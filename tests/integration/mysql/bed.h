#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>

#include "drivers/mysql/mysql_driver.h"
#include "tests/support/watchdog/watchdog.h"

/// Two real servers of one flavour on this machine, each under a driver of its own, the way an
/// agent uses it.
namespace lockstep::mysql_bed {

using mysql::Flavour;

class Bed;

[[nodiscard]] inline Deadline soon() {
    return Deadline::in(std::chrono::seconds{60});
}

/// Fails the test with the error's words.
template <class T> T must(Result<T> result) {
    if (!result) {
        throw std::runtime_error(result.error().message);
    }
    if constexpr (!std::is_void_v<T>) {
        return std::move(*result);
    }
}

/// One member: its driver and its server's process.
class Node {
public:
    Node(Bed& bed, Flavour flavour, const MemberId& id, std::uint16_t port);
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    ~Node();

    [[nodiscard]] Driver& driver() { return *driver_; }
    [[nodiscard]] const Member& member() const { return member_; }
    [[nodiscard]] MysqlConfig& config() { return config_; }
    /// A driver that knows nothing of what the one before did, as after the agent's restart.
    void restart_driver();

    /// Writes the ticket, starts the server and waits until it answers.
    ServerReport start(const Ticket& ticket);
    /// Starts it as it is; returns whether it answered.
    bool try_start();
    /// As an agent does: clients are cut first.
    void stop();
    void kill();
    void freeze();
    void thaw();
    ServerReport observe();
    /// Observes until `good` says so; fails the test after 20 s.
    ServerReport observe_until(const std::function<bool(const ServerReport&)>& good,
                               const char* what);
    void apply(const Ticket& ticket);

    /// One statement through the Unix socket as the agent's own account.
    std::string sql(const std::string& statement);
    [[nodiscard]] mysql::Session::Ptr session();
    [[nodiscard]] std::string log_text() const;

private:
    Bed& bed_;
    Member member_;
    MysqlConfig config_;
    std::unique_ptr<Driver> driver_;
};

class Bed {
public:
    explicit Bed(Flavour flavour);
    Bed(const Bed&) = delete;
    Bed& operator=(const Bed&) = delete;
    ~Bed();

    /// Runs the loop until the work is done.
    template <class T> T run(Awaitable<T> work) {
        std::optional<T> value;
        std::exception_ptr thrown;
        asio::co_spawn(context_, std::move(work), [&](std::exception_ptr error, T result) {
            thrown = error;
            value = std::move(result);
        });
        while (!value) {
            context_.restart();
            context_.run_one();
        }
        if (thrown) {
            std::rethrow_exception(thrown);
        }
        return std::move(*value);
    }

    [[nodiscard]] asio::io_context& context() { return context_; }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    [[nodiscard]] Node& a() { return *a_; }
    [[nodiscard]] Node& b() { return *b_; }

    /// a: primary, waiting for nobody; b may replicate from it.
    void form_primary();
    /// b: cloned from a and streaming without acknowledging.
    void add_standby();
    /// `to` becomes a copy of `from`, whose agent looks at its server meanwhile as ever.
    [[nodiscard]] Result<void> copy(Node& from, Node& to, OnProgress on_progress = {});
    /// a's commits wait for b, which acknowledges.
    void tighten(const std::string& name = "ls_b_7");

    [[nodiscard]] Ticket primary_ticket(Node& of, const std::string& sync_name = "");
    [[nodiscard]] Ticket standby_ticket(Node& of, const std::string& stream_name);

private:
    asio::io_context context_;
    std::filesystem::path folder_;
    std::unique_ptr<testbed::Watchdog> watchdog_; // A killed run leaves no server behind.
    std::unique_ptr<Node> a_;
    std::unique_ptr<Node> b_;
};

/// Where a flavour's server is installed; throws with how to get it.
[[nodiscard]] std::filesystem::path programs_of(Flavour flavour);

} // namespace lockstep::mysql_bed
