#include <csignal>

#include "tests/support/testbed/daemon.h"
#include "tests/support/testbed/plain_server.h"

namespace lockstep::testbed {

namespace {

constexpr Milliseconds signal_again_after{50}; // A promote signal can be slept over.

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

class PlainPostgres final : public PlainServer {
public:
    using PlainServer::PlainServer;

    void create() override;
    void follow(const PlainServer& primary) override;
    void wait_for_standby() const override;
    void promote(Session& session) const override;
    [[nodiscard]] pid_t process() const override;
    [[nodiscard]] Session::Where superuser() const override {
        return {place().ip, place().port, "postgres"};
    }

private:
    /// With a sync name its commits wait for that standby.
    void configure(const std::string& sync_name) const;
    void start() const;
    void put(const std::string& file, const std::string& text) const {
        write(place().data / file, text);
    }
};

void PlainPostgres::create() {
    tool({"initdb", "--pgdata", place().data.string(), "--username", "postgres", "--auth", "trust",
          "--no-sync", "--no-instructions"});
    put("pg_hba.conf", "host all,replication all 127.0.0.0/8 trust\n");
    configure("");
    start();
}

void PlainPostgres::follow(const PlainServer& primary) {
    const auto upstream = "host=" + primary.place().ip +
                          " user=postgres port=" + std::to_string(primary.place().port);
    wipe();
    tool({"pg_basebackup", "--pgdata", place().data.string(), "--checkpoint", "fast", "--no-sync",
          "--dbname", upstream});
    put("standby.signal", "");
    put("upstream.conf", "primary_conninfo = '" + upstream + " application_name=floor'\n");
    configure("");
    start();
}

void PlainPostgres::configure(const std::string& sync_name) const {
    put("postgresql.conf", std::string(settings) + "listen_addresses = '" + place().ip +
                               "'\nport = " + std::to_string(place().port) +
                               "\nsynchronous_standby_names = '" + sync_name +
                               "'\ninclude_if_exists 'upstream.conf'\n");
}

void PlainPostgres::start() const {
    tool({"pg_ctl", "start", "--silent", "--wait", "--pgdata", place().data.string(), "--log",
          place().data.string() + ".log"});
}

pid_t PlainPostgres::process() const {
    const auto text = read_text(place().data / "postmaster.pid");
    return text.empty() ? 0 : static_cast<pid_t>(std::stol(text));
}

void PlainPostgres::wait_for_standby() const {
    configure("floor");
    kill(process(), SIGHUP);
    wait_until_server_does("have a synchronous standby", Milliseconds{20000}, [&] {
        return ask_once(superuser(),
                        "select count(*) from pg_stat_replication where sync_state = 'sync'",
                        in(Milliseconds{2000}))
                   .at(0)
                   .at(0) == "1";
    });
}

/// In the order of DESIGN.md 7.
void PlainPostgres::promote(Session& session) const {
    const auto says = [&](const std::string& question, const std::string& wanted) {
        return must_say(session, question).at(0).at(0) == wanted;
    };
    put("upstream.conf", "");
    kill(process(), SIGHUP);
    wait_until_server_does("leave its dead primary", Milliseconds{5000},
                           [&] { return says("select count(*) from pg_stat_wal_receiver", "0"); });
    put("promote", "");
    kill(process(), SIGUSR1);
    auto again = in(signal_again_after);
    wait_until_server_does("accept writes", Milliseconds{10000}, [&] {
        if (Clock::now() > again) {
            kill(process(), SIGHUP);
            again = in(signal_again_after);
        }
        return says("select pg_is_in_recovery()", "f");
    });
}

} // namespace

std::unique_ptr<PlainServer> make_plain_postgres(PlainServer::Place place) {
    return std::make_unique<PlainPostgres>(std::move(place));
}

} // namespace lockstep::testbed
