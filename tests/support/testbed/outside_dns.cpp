#include "tests/support/testbed/outside_dns.h"

#include <fstream>

#include <unistd.h>

namespace lockstep::testbed {

namespace fs = std::filesystem;

DnsServer bind_beside(const Testbed& bed, const std::string& address, std::uint16_t port) {
    return {DnsServer::Kind::bind,
            {.folder = bed.folder() / "bind",
             .address = address,
             .port = port,
             .zone = "corp.example.test",
             .name_servers = {{"ns1", address}},
             .prefix = bed.on(Testbed::client_host, {}).argv}};
}

void publish_to(const Testbed& bed, const DnsServer& server) {
    const auto& plan = server.plan();
    const auto key = bed.folder_of(Testbed::controller_host) / "lockstep.key";
    std::ofstream(key) << plan.key.statement();
    fs::permissions(key, fs::perms(0600));
    if (geteuid() == 0) {
        must_run({{"chown", "postgres", key.string()}, {}, {}}, in(Testbed::default_wait));
    }
    std::ofstream(bed.configuration_of(Testbed::controller_host), std::ios::app)
        << "[[dns.rfc2136]]\nserver = \"" << plan.address << ":" << plan.port << "\"\nzone = \""
        << plan.zone << "\"\nkey_file = \"" << key.string() << "\"\nservers_port = " << plan.port
        << "\n";
}

Json publisher_of(const Json& pair, const DnsServer& server) {
    const auto& plan = server.plan();
    const auto label = "rfc2136 " + plan.address + ":" + std::to_string(plan.port);
    for (const auto& publisher : pair.at("endpoint").at("publishers")) {
        if (publisher.at("publisher") == label) {
            return publisher;
        }
    }
    return nullptr;
}

} // namespace lockstep::testbed
