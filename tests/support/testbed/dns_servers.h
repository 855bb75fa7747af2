#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/testbed/daemon.h"

namespace lockstep::testbed {

/// A key for signed updates, in the words of both servers.
struct UpdateKey {
    std::string name = "lockstep";
    std::string algorithm = "hmac-sha256";
    std::string secret = "bG9ja3N0ZXAtdGVzdC1rZXktMDEyMzQ1Njc4OWFiY2Q=";
    /// As BIND's tsig-keygen prints it.
    [[nodiscard]] std::string statement() const;
};

/// A real DNS server of others, BIND 9 or Knot, with one zone.
class DnsServer {
public:
    enum class Kind { bind, knot };
    struct Plan {
        std::filesystem::path folder; // A new one.
        std::string address;
        std::uint16_t port = 0;
        std::string zone;
        UpdateKey key{};
        /// Its NS records and their addresses.
        std::map<std::string, std::string> name_servers{};
        /// A secondary of the server at this address, same port, that hears of no change by itself
        /// (BIND only). Empty: the primary.
        std::string primary{};
        std::vector<std::string> more_records{};
        /// What to put before its command: a user, a network.
        std::vector<std::string> prefix{};
    };
    /// Writes its folder; starts nothing. Its program is copied there, so that its profile in
    /// AppArmor, by path, does not keep it from its files.
    DnsServer(Kind kind, Plan plan);

    /// Returns when it answers for the zone. Throws Failure when it does not.
    void start();
    void stop();
    [[nodiscard]] const Plan& plan() const { return plan_; }
    /// What dig prints.
    [[nodiscard]] std::string dig(const std::vector<std::string>& arguments) const;
    /// "10.77.0.11\n": `+short`.
    [[nodiscard]] std::string answer(const std::string& name, const std::string& type) const;
    /// Tells a secondary that its primary has something new, as the primary would.
    void notify() const;
    [[nodiscard]] std::string log_tail() const { return daemon_->log_tail(40); }

private:
    void write_bind();
    void write_knot();
    [[nodiscard]] std::string zone_file() const;
    [[nodiscard]] bool answers() const;

    Plan plan_;
    std::unique_ptr<Daemon> daemon_;
};

} // namespace lockstep::testbed
