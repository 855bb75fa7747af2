#include "tests/integration/postgres/bed.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/postgres/ticket.h"
#include "platform/certificates.h"
#include "platform/files.h"
#include "tests/support/eventually.h"

namespace lockstep::bed {

namespace fs = std::filesystem;

namespace {

std::uint16_t free_port() {
    static std::uint16_t next = static_cast<std::uint16_t>(21000 + ::getpid() % 900);
    while (true) {
        next = next >= 21999 ? std::uint16_t{21000} : static_cast<std::uint16_t>(next + 1);
        const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(next);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const bool free = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        ::close(fd);
        if (free) {
            return next;
        }
    }
}

const KeyAndCertificate& authority() {
    static const auto made = make_authority("lockstep test").value();
    return made;
}

void reap() {
    static_cast<void>(reap_children());
}

} // namespace

fs::path postgres_bin_dir() {
    for (const auto* const version : {"15", "16", "17", "14", "13"}) {
        auto path = fs::path("/usr/lib/postgresql") / version / "bin";
        if (fs::exists(path / "postgres")) {
            return path;
        }
    }
    throw std::runtime_error("PostgreSQL's server programs are not installed");
}

Node::Node(Bed& bed, const MemberId& id, std::uint16_t port) : bed_(bed) {
    member_.id = id;
    member_.address = "127.0.0.1";
    member_.port = port;
    const auto home = bed.folder() / id;
    fs::create_directories(home / "run");
    const auto mine =
        issue(authority(), Subject{id, CertificateUse::agent, {id}, {"127.0.0.1"}}).value();
    must(write_file_durably(home / "ca.pem", authority().certificate_pem));
    must(write_file_durably(home / "agent.pem", mine.certificate_pem));
    must(write_file_durably(home / "agent.key", mine.key_pem));
    config_.member = id;
    config_.bin_dir = postgres_bin_dir();
    config_.data_dir = home / "data";
    config_.run_dir = home / "run";
    config_.log_file = home / "log";
    config_.address = member_.address;
    config_.port = port;
    config_.tls = {home / "ca.pem", home / "agent.pem", home / "agent.key"};
    config_.settings = {{"shared_buffers", "16MB"}, {"max_connections", "50"}};
    restart_driver();
}

Node::~Node() {
    kill();
}

void Node::restart_driver() {
    driver_ = PostgresDriver::make(bed_.context().get_executor(), config_);
}

bool Node::try_start(const std::vector<std::string>& more_arguments) {
    auto command = driver_->start_command();
    command.cgroup = cgroup_;
    command.argv.insert(command.argv.end(), more_arguments.begin(), more_arguments.end());
    const auto process = must(launch_detached(command, driver_->server_log()));
    const auto end = soon();
    while (!end.passed()) {
        reap();
        const auto report = bed_.run(driver_->observe(Deadline::in(std::chrono::seconds{1})));
        if (report && report->state != ServerState::starting) {
            return true;
        }
        if (!identify(process.pid)) {
            return false;
        }
        bed_.run([]() -> Awaitable<int> {
            const Milliseconds breath{10};
            co_await pause_for(breath);
            co_return 0;
        }());
    }
    return false;
}

ServerReport Node::start(const Ticket& ticket) {
    must(driver_->write_ticket(ticket));
    if (!try_start()) {
        throw std::runtime_error("server " + member_.id + " did not start: " +
                                 read_file(config_.log_file).value_or("no log"));
    }
    return observe();
}

void Node::stop() {
    must(bed_.run(driver_->stop(soon())));
    EXPECT_TRUE(eventually([this] {
        reap();
        return !driver_->running_server();
    }));
    reap();
    driver_->forget_server();
}

void Node::kill() {
    thaw();
    const auto killed = bed_.run(kill_all_in(config_.data_dir, driver_->running_server(), soon()));
    EXPECT_TRUE(killed) << killed.error().message;
    reap();
    driver_->forget_server();
}

void Node::freeze() {
    for (const auto pid : processes_in(config_.data_dir)) {
        ::kill(pid, SIGSTOP);
    }
}

void Node::thaw() {
    for (const auto pid : processes_in(config_.data_dir)) {
        ::kill(pid, SIGCONT);
    }
}

ServerReport Node::observe() {
    return must(bed_.run(driver_->observe(soon())));
}

ServerReport Node::observe_until(const std::function<bool(const ServerReport&)>& good,
                                 const char* what) {
    std::optional<ServerReport> seen;
    const auto is_good = [&] {
        seen = observe();
        return good(*seen);
    };
    if (!eventually(is_good)) {
        throw std::runtime_error(std::string("never seen: ") + what);
    }
    return *seen;
}

postgres::Session::Ptr Node::session(const std::string& options) {
    postgres::Settings connection{{"host", config_.run_dir.string()},
                                  {"port", std::to_string(config_.port)},
                                  {"user", "postgres"},
                                  {"dbname", "postgres"},
                                  {"options", options}};
    return must(
        bed_.run(postgres::Session::open(bed_.context().get_executor(), connection, soon())));
}

std::string Node::sql(const std::string& statement) {
    const auto opened = session();
    const auto rows = must(bed_.run(opened->query(statement, {}, soon())));
    return rows.empty() ? "" : rows.text(0, 0);
}

void Node::set_hba(std::vector<std::string> rules) {
    config_.hba = std::move(rules);
    restart_driver();
}

Result<postgres::Session::Ptr> Node::client(By by) {
    const auto* const at = by == By::tcp ? "hostaddr" : "host";
    postgres::Settings connection{
        {at, by == By::tcp ? member_.address : config_.run_dir.string()},
        {"port", std::to_string(config_.port)},
        {"user", "client"},
        {"dbname", "postgres"},
    };
    return bed_.run(postgres::Session::open(bed_.context().get_executor(), connection, soon()));
}

std::unique_ptr<Knock> Node::knock() {
    const auto server = driver_->running_server();
    const auto before = children_of(server->pid).size();
    auto knocking = std::make_unique<Knock>(config_.port);
    EXPECT_TRUE(eventually([&] { return children_of(server->pid).size() > before; }));
    return knocking;
}

Knock::Knock(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error("nobody listens on the port");
    }
}

Knock::~Knock() {
    ::close(fd_);
}

bool Knock::is_hung_up() const {
    std::array<char, 256> ignored{};
    ssize_t got = 0;
    do {
        got = ::recv(fd_, ignored.data(), ignored.size(), MSG_DONTWAIT);
    } while (got > 0);
    return got == 0 || errno == ECONNRESET;
}

Bed::Bed() {
    std::string pattern = "/tmp/lockstep-pg-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error("mkdtemp failed");
    }
    folder_ = pattern;
    watchdog_ = std::make_unique<testbed::Watchdog>(std::vector<fs::path>{folder_});
    a_ = std::make_unique<Node>(*this, "a", free_port());
    b_ = std::make_unique<Node>(*this, "b", free_port());
}

Bed::~Bed() {
    if (testing::Test::HasFailure()) {
        for (auto* const node : {a_.get(), b_.get()}) {
            const auto log = read_file(node->config().log_file).value_or("");
            std::fprintf(stderr, "--- the end of %s's log:\n%s\n", node->member().id.c_str(),
                         log.substr(log.size() - std::min<std::size_t>(log.size(), 3000)).c_str());
        }
    }
    a_.reset();
    b_.reset();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

Ticket Bed::primary_ticket(Node& of, const std::string& sync_name) {
    Ticket ticket;
    ticket.primary = true;
    ticket.sync_name = sync_name;
    ticket.peers = {(&of == a_.get() ? *b_ : *a_).member()};
    return ticket;
}

Ticket Bed::standby_ticket(Node& of, const std::string& stream_name) {
    const auto& other = (&of == a_.get() ? *b_ : *a_).member();
    Ticket ticket;
    ticket.upstream = other;
    ticket.stream_name = stream_name;
    ticket.peers = {other};
    return ticket;
}

void Bed::let_clients_in() {
    for (auto* const node : {a_.get(), b_.get()}) {
        node->set_hba({"local all client trust", "host all client 127.0.0.1/32 trust"});
    }
}

void Bed::form_primary() {
    must(run(a_->driver().initialise(soon())));
    a_->start(primary_ticket(*a_));
    a_->sql("create role client login");
    must(run(a_->driver().apply(primary_ticket(*a_), soon())));
    must(run(a_->driver().keep_for({b_->member()}, soon())));
}

void Bed::add_standby(const std::string& name) {
    must(run(b_->driver().clone(a_->member(), {}, soon())));
    b_->start(standby_ticket(*b_, name));
    b_->observe_until(
        [&name](const auto& seen) { return seen.stream.connected && seen.stream.name == name; },
        "the standby streams");
}

void Bed::tighten(const std::string& name) {
    must(run(a_->driver().apply(primary_ticket(*a_, name), soon())));
    a_->observe_until(
        [&name](const auto& seen) {
            return seen.acknowledgements.streaming && seen.acknowledgements.name == name;
        },
        "the primary hears its standby");
}

Result<Position> Bed::prove(const std::string& name, Milliseconds within, bool hold) {
    if (hold) {
        must(run(b_->driver().hold_replay(soon())));
    }
    return run(a_->driver().prove(name, Deadline::in(within)));
}

} // namespace lockstep::bed
