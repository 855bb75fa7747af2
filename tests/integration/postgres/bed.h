#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>

#include "drivers/postgres/postgres_driver.h"
#include "tests/support/watchdog/watchdog.h"

/// Two real servers on this machine, each under a driver of its own, the way an agent uses it.
namespace lockstep::bed {

class Bed;

/// A client that connected and has not said a word: the server waits for who it is.
class Knock {
public:
    explicit Knock(std::uint16_t port);
    Knock(const Knock&) = delete;
    Knock& operator=(const Knock&) = delete;
    ~Knock();
    [[nodiscard]] bool is_hung_up() const;

private:
    int fd_ = -1;
};

/// How a client comes.
enum class By { tcp, socket };

/// One member: its driver and its server's process.
class Node {
public:
    Node(Bed& bed, const MemberId& id, std::uint16_t port);
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    ~Node();

    [[nodiscard]] Driver& driver() { return *driver_; }
    [[nodiscard]] const Member& member() const { return member_; }
    [[nodiscard]] const PostgresConfig& config() const { return config_; }
    /// A driver that knows nothing of what the one before did, as after the agent's restart.
    void restart_driver();
    /// Its server is started in this control group.
    void run_in(std::filesystem::path cgroup) { cgroup_ = std::move(cgroup); }

    /// Writes the ticket, starts the server and waits until it answers.
    ServerReport start(const Ticket& ticket);
    /// Starts it as it is, with more arguments; returns whether it answered.
    bool try_start(const std::vector<std::string>& more_arguments = {});
    void stop();
    void kill();
    /// Every process of the server, as a machine that freezes.
    void freeze();
    void thaw();
    ServerReport observe();
    /// Observes until `good` says so; fails the test after 20 s.
    ServerReport observe_until(const std::function<bool(const ServerReport&)>& good,
                               const char* what);

    /// The user's own rules of access, for a driver that knows nothing of what was before.
    void set_hba(std::vector<std::string> rules);
    /// A session of the role "client", not of the agent's.
    [[nodiscard]] Result<postgres::Session::Ptr> client(By by);
    [[nodiscard]] bool lets_in(By by) { return client(by).has_value(); }
    /// Returns once the server has a process for it.
    [[nodiscard]] std::unique_ptr<Knock> knock();

    /// One statement through the Unix socket as the superuser.
    std::string sql(const std::string& statement);
    [[nodiscard]] postgres::Session::Ptr session(const std::string& options = "");

private:
    Bed& bed_;
    Member member_;
    PostgresConfig config_;
    std::filesystem::path cgroup_;
    std::unique_ptr<Driver> driver_;
};

class Bed {
public:
    Bed();
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

    /// The role "client" gets in everywhere, from form_primary() on.
    void let_clients_in();
    /// a: primary, waiting for nobody; peers may replicate.
    void form_primary();
    /// b: cloned from a and streaming under `name`.
    void add_standby(const std::string& name = "ls_b_7");
    /// a's commits wait for b under `name`.
    void tighten(const std::string& name = "ls_b_7");
    [[nodiscard]] Result<Position> prove(const std::string& name, Milliseconds within,
                                         bool hold = true);

    [[nodiscard]] Ticket primary_ticket(Node& of, const std::string& sync_name = "");
    [[nodiscard]] Ticket standby_ticket(Node& of, const std::string& stream_name = "ls_b_7");

private:
    asio::io_context context_;
    std::filesystem::path folder_;
    std::unique_ptr<testbed::Watchdog> watchdog_; // A killed run leaves no server behind.
    std::unique_ptr<Node> a_;
    std::unique_ptr<Node> b_;
};

[[nodiscard]] inline Deadline soon() {
    return Deadline::in(std::chrono::seconds{20});
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

/// The repository's copy of a tool, or the system's.
[[nodiscard]] std::filesystem::path postgres_bin_dir();

} // namespace lockstep::bed
