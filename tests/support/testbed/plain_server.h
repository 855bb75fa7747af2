#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "tests/support/testbed/session.h"

namespace lockstep::testbed {

/// A PostgreSQL server without Lockstep, for the floor.
class PlainServer {
public:
    struct Place {
        std::filesystem::path data;
        std::filesystem::path postgresql;
        std::string ip;
        std::uint16_t port = 0;
    };
    explicit PlainServer(Place place) : place_(std::move(place)) {}

    void initialise() const;
    /// Wipes the data and makes it a standby of `primary`.
    void copy_from(const PlainServer& primary) const;
    /// Its settings; with a sync name its commits wait for that standby.
    void configure(const std::string& sync_name) const;
    void start() const;
    void reload() const;
    [[nodiscard]] pid_t postmaster() const;
    void kill_all() const;
    /// Promotes in the order of DESIGN.md 7, over a session that is open already as an agent's is,
    /// and returns when it accepts writes.
    void promote(Session& session) const;
    [[nodiscard]] Session::Where superuser() const;
    [[nodiscard]] bool has_synchronous_standby() const;

private:
    void tool(std::vector<std::string> argv) const;
    void write(const std::string& file, const std::string& text) const;

    Place place_;
};

} // namespace lockstep::testbed
