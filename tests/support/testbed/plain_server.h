#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/testbed/session.h"

namespace lockstep::testbed {

/// A server without Lockstep, for the floor. Its settings are Lockstep's own, so that the floor
/// differs by Lockstep alone.
class PlainServer {
public:
    struct Place {
        Engine engine = Engine::postgresql;
        std::filesystem::path data;
        std::string ip;
        std::uint16_t port = 0;
    };
    explicit PlainServer(Place place) : place_(std::move(place)) {}
    PlainServer(const PlainServer&) = delete;
    PlainServer& operator=(const PlainServer&) = delete;
    virtual ~PlainServer() = default;

    /// A new database that runs and takes writes; its commits wait for nobody.
    virtual void create() = 0;
    /// Wipes the data, and streams from `primary` from here on.
    virtual void follow(const PlainServer& primary) = 0;
    /// Its commits wait for its standby, which was seen to acknowledge.
    virtual void wait_for_standby() const = 0;
    /// Promotes by as few commands as lose nothing, over a session that is open already as an
    /// agent's is, and returns when it accepts writes.
    virtual void promote(Session& session) const = 0;
    /// Of which all its processes are children; 0: it does not run.
    [[nodiscard]] virtual pid_t process() const = 0;
    [[nodiscard]] virtual Session::Where superuser() const = 0;

    void kill_all() const;
    [[nodiscard]] const Place& place() const { return place_; }

protected:
    /// A program of the engine's, as the user postgres if this process is root's.
    [[nodiscard]] Spawn program(std::vector<std::string> argv) const;
    void tool(std::vector<std::string> argv) const;
    void write(const std::filesystem::path& file, const std::string& text) const;
    void wipe() const;

private:
    Place place_;
};

[[nodiscard]] std::unique_ptr<PlainServer> make_plain_server(PlainServer::Place place);

[[nodiscard]] std::unique_ptr<PlainServer> make_plain_postgres(PlainServer::Place place);
/// MySQL and MariaDB.
[[nodiscard]] std::unique_ptr<PlainServer> make_plain_mysql(PlainServer::Place place);

/// Throws Failure naming `what` unless it comes to that.
void wait_until_server_does(const std::string& what, Milliseconds most,
                            const std::function<bool()>& met);
/// The rows of an answer. Throws Failure if there is none soon.
std::vector<std::vector<std::string>> must_say(Session& session, const std::string& statement);

} // namespace lockstep::testbed
