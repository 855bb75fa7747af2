#include "tests/support/testbed/plain_server.h"

#include <csignal>
#include <fstream>
#include <functional>
#include <thread>

#include <unistd.h>

#include "tests/support/testbed/cleanup.h"
#include "tests/support/testbed/daemon.h"

namespace lockstep::testbed {

namespace {

constexpr Milliseconds tool_time{30000};
constexpr Milliseconds signal_again_after{50}; // A promote signal can be slept over.
constexpr Milliseconds poll_every{2};

// As Lockstep's own ticket sets them, so that the floor differs by Lockstep alone.
constexpr auto settings = R"(
wal_level = replica
max_wal_senders = 10
hot_standby = on
wal_log_hints = on
shared_buffers = '32MB'
synchronous_commit = on
wal_receiver_status_interval = 1
wal_sender_timeout = 10s
wal_receiver_timeout = 10s
wal_retrieve_retry_interval = 100ms
unix_socket_directories = ''
dynamic_shared_memory_type = mmap
)"; // … and the last: what a killed server shares goes away with its folder.

void wait_until(const std::string& what, Milliseconds most, const std::function<bool()>& met) {
    const auto by = in(most);
    while (!met()) {
        if (Clock::now() > by) {
            throw Failure("the floor's server did not come to " + what);
        }
        std::this_thread::sleep_for(poll_every);
    }
}

bool says(Session& session, const std::string& question, const std::string& wanted) {
    const auto answer = session.ask(question, {}, in(Milliseconds{2000}));
    if (answer.end != Session::End::answered) {
        throw Failure(question + ": " + answer.trouble);
    }
    return answer.rows.at(0).at(0) == wanted;
}

} // namespace

void PlainServer::tool(std::vector<std::string> argv) const {
    argv.at(0) = (place_.postgresql / argv.at(0)).string();
    if (geteuid() == 0) {
        argv.insert(argv.begin(), {"setpriv", "--reuid", "postgres", "--regid", "postgres",
                                   "--init-groups", "--"});
    }
    const auto home = place_.data.parent_path();
    must_run({std::move(argv), {"HOME=" + home.string()}, home}, in(tool_time));
}

void PlainServer::write(const std::string& file, const std::string& text) const {
    std::ofstream stream(place_.data / file, std::ios::trunc);
    if (!(stream << text << std::flush)) {
        throw Failure("cannot write " + (place_.data / file).string());
    }
}

void PlainServer::initialise() const {
    tool({"initdb", "--pgdata", place_.data.string(), "--username", "postgres", "--auth", "trust",
          "--no-sync", "--no-instructions"});
    write("pg_hba.conf", "host all,replication all 127.0.0.0/8 trust\n");
}

void PlainServer::copy_from(const PlainServer& primary) const {
    if (!remove_installation({place_.data})) {
        throw Failure("cannot remove " + place_.data.string());
    }
    tool({"pg_basebackup", "--pgdata", place_.data.string(), "--checkpoint", "fast", "--no-sync",
          "--dbname",
          "host=" + primary.place_.ip +
              " user=postgres port=" + std::to_string(primary.place_.port)});
    write("standby.signal", "");
    write("upstream.conf", "primary_conninfo = 'host=" + primary.place_.ip +
                               " user=postgres application_name=floor port=" +
                               std::to_string(primary.place_.port) + "'\n");
}

void PlainServer::configure(const std::string& sync_name) const {
    write("postgresql.conf", std::string(settings) + "listen_addresses = '" + place_.ip +
                                 "'\nport = " + std::to_string(place_.port) +
                                 "\nsynchronous_standby_names = '" + sync_name +
                                 "'\ninclude_if_exists 'upstream.conf'\n");
}

void PlainServer::start() const {
    tool({"pg_ctl", "start", "--silent", "--wait", "--pgdata", place_.data.string(), "--log",
          place_.data.string() + ".log"});
}

void PlainServer::reload() const {
    kill(postmaster(), SIGHUP);
}

pid_t PlainServer::postmaster() const {
    const auto text = read_text(place_.data / "postmaster.pid");
    return text.empty() ? 0 : static_cast<pid_t>(std::stol(text));
}

void PlainServer::kill_all() const {
    const auto by = in(tool_time);
    for (auto left = processes_of({place_.data}); !left.empty();
         left = processes_of({place_.data})) {
        for (const pid_t pid : left) {
            kill(pid, SIGKILL);
        }
        if (Clock::now() > by) {
            throw Failure("processes of " + place_.data.string() + " do not go away");
        }
        std::this_thread::sleep_for(poll_every);
    }
}

Session::Where PlainServer::superuser() const {
    return {place_.ip, place_.port, "postgres"};
}

void PlainServer::promote(Session& session) const {
    write("upstream.conf", "");
    reload();
    wait_until("leave its dead primary", Milliseconds{5000},
               [&] { return says(session, "select count(*) from pg_stat_wal_receiver", "0"); });
    write("promote", "");
    kill(postmaster(), SIGUSR1);
    auto again = in(signal_again_after);
    wait_until("accept writes", Milliseconds{10000}, [&] {
        if (Clock::now() > again) {
            kill(postmaster(), SIGHUP);
            again = in(signal_again_after);
        }
        return says(session, "select pg_is_in_recovery()", "f");
    });
}

bool PlainServer::has_synchronous_standby() const {
    const auto rows =
        ask_once(superuser(), "select count(*) from pg_stat_replication where sync_state = 'sync'",
                 in(Milliseconds{2000}));
    return rows.at(0).at(0) == "1";
}

} // namespace lockstep::testbed
