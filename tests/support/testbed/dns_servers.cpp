#include "tests/support/testbed/dns_servers.h"

#include <csignal>
#include <fstream>
#include <thread>

namespace lockstep::testbed {

namespace fs = std::filesystem;

namespace {

constexpr Milliseconds start_time{30000};
constexpr Milliseconds stop_time{10000};
constexpr Milliseconds dig_time{30000};

fs::path program(DnsServer::Kind kind) {
    const std::string name = kind == DnsServer::Kind::bind ? "named" : "knotd";
    for (const auto* folder : {"/usr/sbin", "/usr/bin", "/usr/local/sbin"}) {
        if (fs::exists(fs::path(folder) / name)) {
            return fs::path(folder) / name;
        }
    }
    throw Failure(name + " is not installed: run deploy/install-dependencies");
}

std::string quoted(const fs::path& path) {
    return "\"" + path.string() + "\"";
}

} // namespace

std::string UpdateKey::statement() const {
    return "key \"" + name + "\" {\n\talgorithm " + algorithm + ";\n\tsecret \"" + secret +
           "\";\n};\n";
}

DnsServer::DnsServer(Kind kind, Plan plan) : plan_(std::move(plan)) {
    fs::create_directories(plan_.folder);
    fs::permissions(plan_.folder, fs::perms(0777)); // Its user is not this one.
    const auto original = program(kind);
    const auto own = plan_.folder / original.filename();
    fs::copy_file(original, own);
    std::vector<std::string> argv = plan_.prefix;
    argv.push_back(own.string());
    if (kind == Kind::bind) {
        write_bind();
        const auto configuration = (plan_.folder / "named.conf").string();
        argv.insert(argv.end(), {"-g", "-n", "1", "-c", configuration});
    } else {
        write_knot();
        argv.insert(argv.end(), {"-c", (plan_.folder / "knot.conf").string()});
    }
    if (plan_.primary.empty()) {
        std::ofstream(plan_.folder / "zone.db") << zone_file();
        fs::permissions(plan_.folder / "zone.db", fs::perms(0666));
    }
    const Spawn spawn{std::move(argv), {}, plan_.folder};
    daemon_ = std::make_unique<Daemon>(original.filename().string() + " " + plan_.address, spawn,
                                       plan_.folder / "log");
}

// Refresh is far away: a secondary learns nothing by itself.
std::string DnsServer::zone_file() const {
    std::string text =
        "$TTL 60\n$ORIGIN " + plan_.zone + ".\n@ IN SOA ns1 hostmaster 1 86400 86400 604800 60\n";
    for (const auto& [name, address] : plan_.name_servers) {
        text += "@ IN NS " + name + "\n";
        if (!name.ends_with('.')) {
            text += name + " IN A " + address + "\n";
        }
    }
    for (const auto& record : plan_.more_records) {
        text += record + "\n";
    }
    return text;
}

void DnsServer::write_bind() {
    const auto& folder = plan_.folder;
    const auto zone = quoted(plan_.zone);
    std::ofstream out(folder / "named.conf");
    out << plan_.key.statement() << "options {\n\tdirectory " << quoted(folder) << ";\n\tpid-file "
        << quoted(folder / "pid") << ";\n\tsession-keyfile " << quoted(folder / "session.key")
        << ";\n\tlisten-on port " << plan_.port << " { " << plan_.address
        << "; };\n\tlisten-on-v6 { none; };\n\tquery-source address " << plan_.address
        << ";\n\ttransfer-source " << plan_.address
        << ";\n\trecursion no;\n\tnotify no;\n\tallow-transfer { any; };\n"
        << "\tdnssec-validation no;\n\tempty-zones-enable no;\n};\ncontrols { };\n";
    if (plan_.primary.empty()) {
        out << "zone " << zone
            << " {\n\ttype primary;\n\tfile \"zone.db\";\n\tupdate-policy { grant "
            << plan_.key.name << " zonesub A AAAA TXT; };\n};\n";
    } else {
        out << "zone " << zone << " {\n\ttype secondary;\n\tfile \"zone.db\";\n\tprimaries port "
            << plan_.port << " { " << plan_.primary << "; };\n\tallow-notify { any; };\n};\n";
    }
}

void DnsServer::write_knot() {
    const auto& folder = plan_.folder;
    std::ofstream(folder / "knot.conf")
        << "server:\n  rundir: " << quoted(folder) << "\n  listen: " << plan_.address << "@"
        << plan_.port << "\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n"
        << "log:\n  - target: stderr\n    any: info\ndatabase:\n  storage: " << quoted(folder)
        << "\nkey:\n  - id: " << plan_.key.name << "\n    algorithm: " << plan_.key.algorithm
        << "\n    secret: " << plan_.key.secret
        << "\nacl:\n  - id: lockstep\n    key: " << plan_.key.name
        << "\n    action: update\n    update-type: [A, AAAA, TXT]\nzone:\n  - domain: "
        << plan_.zone << "\n    storage: " << quoted(folder)
        << "\n    file: zone.db\n    acl: lockstep\n";
}

void DnsServer::start() {
    daemon_->start();
    const auto by = in(start_time);
    while (!answers()) {
        if (Clock::now() > by || !daemon_->running()) {
            throw Failure(daemon_->name() + " did not come up\n" + daemon_->log_tail());
        }
        std::this_thread::sleep_for(Milliseconds{20});
    }
}

void DnsServer::stop() {
    daemon_->end(SIGKILL, in(stop_time));
}

bool DnsServer::answers() const {
    return dig({plan_.zone, "SOA", "+norecurse"}).find("flags: qr aa") != std::string::npos;
}

std::string DnsServer::dig(const std::vector<std::string>& arguments) const {
    std::vector<std::string> argv{"dig",     "@" + plan_.address, "-p", std::to_string(plan_.port),
                                  "+time=5", "+tries=3"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return run({std::move(argv), {}, {}}, in(dig_time)).output;
}

std::string DnsServer::answer(const std::string& name, const std::string& type) const {
    return dig({"+short", "+norecurse", name, type});
}

void DnsServer::notify() const {
    static_cast<void>(dig({"+opcode=notify", plan_.zone, "SOA"}));
}

} // namespace lockstep::testbed
