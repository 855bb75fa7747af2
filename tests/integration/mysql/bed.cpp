#include "tests/integration/mysql/bed.h"

#include <csignal>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/mysql/schema.h"
#include "platform/certificates.h"
#include "platform/files.h"
#include "tests/support/copy_beside.h"
#include "tests/support/eventually.h"

namespace lockstep::mysql_bed {

namespace fs = std::filesystem;

namespace {

std::uint16_t free_port() {
    static std::uint16_t next = static_cast<std::uint16_t>(24000 + ::getpid() % 900);
    while (true) {
        next = next >= 24999 ? std::uint16_t{24000} : static_cast<std::uint16_t>(next + 1);
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

/// Every thread of it: a signal that is sent has not stopped them yet.
bool is_stopped(pid_t pid) {
    std::error_code gone;
    for (const auto& thread :
         fs::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone)) {
        const auto status = read_file(thread.path() / "stat").value_or(") T");
        if (!status.substr(status.rfind(')')).starts_with(") T")) {
            return false;
        }
    }
    return true;
}

} // namespace

fs::path programs_of(Flavour flavour) {
    const fs::path folder =
        flavour == Flavour::mariadb ? "/usr/sbin" : "/var/cache/lockstep/mysql-sid/lockstep/bin";
    if (!fs::exists(folder / (flavour == Flavour::mariadb ? "mariadbd" : "mysqld"))) {
        throw std::runtime_error("no server in " + folder.string() +
                                 ": run deploy/install-dependencies --with-mysql");
    }
    return folder;
}

Node::Node(Bed& bed, Flavour flavour, const MemberId& id, std::uint16_t port) : bed_(bed) {
    member_.id = id;
    member_.address = "127.0.0.1";
    member_.port = port;
    const auto home = bed.folder() / id;
    fs::create_directories(home / "run");
    fs::create_directories(home / "tmp");
    const auto mine =
        issue(authority(), Subject{id, CertificateUse::agent, {id}, {"127.0.0.1"}}).value();
    member_.key = key_fingerprint(mine.certificate_pem).value();
    must(write_file_durably(home / "ca.pem", authority().certificate_pem));
    must(write_file_durably(home / "agent.pem", mine.certificate_pem));
    must(write_file_durably(home / "agent.key", mine.key_pem));
    config_.member = id;
    config_.flavour = flavour;
    config_.bin_dir = programs_of(flavour);
    config_.data_dir = home / "data";
    config_.run_dir = home / "run";
    config_.log_file = home / "log";
    config_.address = member_.address;
    config_.port = port;
    config_.tls = {home / "ca.pem", home / "agent.pem", home / "agent.key"};
    config_.settings = {{"innodb_buffer_pool_size", "32M"},
                        {"max_connections", "60"},
                        // A server that starts removes every other's temporary tables.
                        {"tmpdir", (home / "tmp").string()}};
    restart_driver();
}

Node::~Node() {
    kill();
}

void Node::restart_driver() {
    driver_ = MysqlDriver::make(bed_.context().get_executor(), config_);
}

std::string Node::log_text() const {
    constexpr std::size_t most = 6000;
    const auto log = read_file(config_.log_file).value_or("no log");
    return log.substr(log.size() - std::min(log.size(), most));
}

bool Node::try_start() {
    const auto process = must(launch_detached(driver_->start_command(), driver_->server_log()));
    const auto end = soon();
    while (!end.passed()) {
        reap();
        const auto report = bed_.run(driver_->observe(Deadline::in(std::chrono::seconds{2})));
        if (report && report->state != ServerState::starting) {
            return true;
        }
        if (!identify(process.pid)) {
            return false;
        }
        bed_.run([]() -> Awaitable<int> {
            const Milliseconds breath{20};
            co_await pause_for(breath);
            co_return 0;
        }());
    }
    return false;
}

ServerReport Node::start(const Ticket& ticket) {
    must(driver_->write_ticket(ticket));
    if (!try_start()) {
        throw std::runtime_error("server " + member_.id + " did not start: " + log_text());
    }
    return observe();
}

void Node::apply(const Ticket& ticket) {
    must(bed_.run(driver_->apply(ticket, soon())));
}

void Node::stop() {
    must(bed_.run(driver_->stop(soon())));
    EXPECT_TRUE(eventually(
        [this] {
            reap();
            return !driver_->running_server();
        },
        std::chrono::seconds{30}));
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
        EXPECT_TRUE(eventually([pid] { return is_stopped(pid); }));
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
    if (!eventually(is_good, std::chrono::seconds{20})) {
        throw std::runtime_error(std::string("never seen: ") + what + " (unfit: " + seen->unfit +
                                 ")");
    }
    return *seen;
}

mysql::Session::Ptr Node::session() {
    mysql::Connection connection;
    connection.socket = config_.run_dir / (config_.member + ".sock");
    connection.user = mysql::own_account();
    return must(bed_.run(mysql::Session::open(bed_.context().get_executor(), connection,
                                              std::chrono::seconds{60}, soon())));
}

std::string Node::sql(const std::string& statement) {
    const auto opened = session();
    const auto rows = must(bed_.run(opened->query(statement, soon())));
    return rows.empty() ? "" : rows.text(0, 0);
}

Bed::Bed(Flavour flavour) {
    std::string pattern = "/tmp/lockstep-my-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error("mkdtemp failed");
    }
    folder_ = pattern;
    watchdog_ = std::make_unique<testbed::Watchdog>(std::vector<fs::path>{folder_});
    a_ = std::make_unique<Node>(*this, flavour, "a", free_port());
    b_ = std::make_unique<Node>(*this, flavour, "b", free_port());
}

Bed::~Bed() {
    if (testing::Test::HasFailure() || std::uncaught_exceptions() > 0) {
        for (auto* const node : {a_.get(), b_.get()}) {
            std::fprintf(stderr, "--- the end of %s's log:\n%s\n", node->member().id.c_str(),
                         node->log_text().c_str());
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

void Bed::form_primary() {
    must(run(a_->driver().initialise(soon())));
    a_->start(primary_ticket(*a_));
    a_->apply(primary_ticket(*a_));
    a_->sql("CREATE DATABASE shop");
    a_->sql("CREATE TABLE shop.kept (id INT AUTO_INCREMENT PRIMARY KEY, what TEXT)");
}

void Bed::add_standby() {
    must(copy(*a_, *b_));
    b_->start(standby_ticket(*b_, "ls_b_async"));
    b_->apply(standby_ticket(*b_, "ls_b_async"));
    b_->observe_until([](const auto& seen) { return seen.stream.connected; }, "b streams");
}

Result<void> Bed::copy(Node& from, Node& to, OnProgress on_progress) {
    return run(
        copy_beside(&from.driver(), from.member(), &to.driver(), std::move(on_progress), soon()));
}

void Bed::tighten(const std::string& name) {
    a_->apply(primary_ticket(*a_, name));
    b_->apply(standby_ticket(*b_, name));
    a_->observe_until(
        [&name](const auto& seen) {
            return seen.acknowledgements.streaming && seen.acknowledgements.name == name;
        },
        "a hears b");
}

} // namespace lockstep::mysql_bed
