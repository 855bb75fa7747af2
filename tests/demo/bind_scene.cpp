#include "tests/demo/bind_scene.h"

#include <csignal>
#include <thread>

#include "tests/support/testbed/outside_dns.h"

namespace lockstep::demo {

using namespace testbed;

namespace {

constexpr auto address = "127.0.0.1"; // BIND listens only where an interface has the address.
constexpr std::uint16_t port = 5301;
constexpr Milliseconds answers_within{10000};
constexpr Milliseconds restart_within{10000};

// One line.
std::string answer(const DnsServer& bind, const std::string& type) {
    auto text = bind.answer("shop." + bind.plan().zone, type);
    return text.substr(0, text.find('\n'));
}

std::string dig_line(const DnsServer& bind) {
    return "dig @" + std::string(address) + " -p " + std::to_string(port) + " +short shop." +
           bind.plan().zone;
}

bool leads_to(const Testbed& bed, const DnsServer& bind, const std::string& member) {
    const auto by = in(answers_within);
    while (answer(bind, "A") != bed.address_of(member)) {
        if (Clock::now() > by) {
            return false;
        }
        std::this_thread::sleep_for(Milliseconds{20});
    }
    return true;
}

// Databases and clients notice nothing of it.
void restart_controller(Testbed& bed) {
    bed.controller().end(SIGTERM, in(restart_within));
    bed.start_controller();
    bed.wait_until_in_sync();
}

} // namespace

Report play_with_bind(Testbed& bed, const Tell& tell, Report (*happens)(Testbed&, const Tell&)) {
    auto bind = bind_beside(bed, address, port);
    bind.start();
    tell("a BIND serves the zone " + bind.plan().zone +
         "; the controller is told of it by a "
         "[[dns.rfc2136]] in its file, and restarted");
    publish_to(bed, bind);
    restart_controller(bed);
    const auto before = bed.pair().at("primary").get<std::string>();
    if (!leads_to(bed, bind, before)) {
        throw Failure("BIND does not lead to " + before + "\n" + bed.state_of_things() +
                      bind.log_tail());
    }
    tell(dig_line(bind) + "  ->  " + answer(bind, "A") + ", " + answer(bind, "TXT"));
    auto report = happens(bed, tell);
    report.scene = "bind";
    if (!leads_to(bed, bind, report.primary_after)) {
        report.ok = false;
        report.troubles += "- BIND does not lead to " + report.primary_after + "\n";
    }
    tell(dig_line(bind) + "  ->  " + answer(bind, "A") + ", " + answer(bind, "TXT"));
    return report;
}

} // namespace lockstep::demo
