// lockstep-demo: the product in miniature, with real parts, on loopback addresses or on hosts that
// are network namespaces.
#include <array>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <thread>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "tests/demo/scenes.h"

namespace lockstep::demo {
namespace {

using namespace testbed;
namespace fs = std::filesystem;

struct Options {
    std::string engine = "postgresql";
    std::string scene = "primary-kill";
    bool json = false;
    bool keep = false;
    bool down = false;
};

// One demo at a time: its loopback addresses are fixed, and so is its folder.
fs::path demo_folder() {
    if (geteuid() == 0) {
        return "/var/lib/lockstep-demo";
    }
    return "/tmp/lockstep-demo-" + std::to_string(geteuid());
}

std::vector<fs::path> demo_folders() {
    const auto folder = demo_folder();
    return {folder, tickets_of(folder)};
}

const Scene* scene_named(const std::string& name) {
    for (const auto& scene : scenes()) {
        if (scene.name == name) {
            return &scene;
        }
    }
    return nullptr;
}

bool needs_hosts(const Scene& scene) {
    return scene.place == Place::namespaces;
}

std::string scene_list() {
    std::string text;
    for (const auto& scene : scenes()) {
        const std::string name = scene.name;
        text += "  " + name + std::string(name.size() < 14 ? 14 - name.size() : 1, ' ') +
                scene.what + (needs_hosts(scene) ? " (root)" : "") + "\n";
    }
    return text;
}

// Held until this process ends; the kernel gives it back then.
bool take_lock() {
    const auto file = demo_folder().string() + ".lock";
    const int lock = open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
    return lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0;
}

// Ctrl-C may come at any moment, so it doesn't ask the rest of the program: it takes everything
// away and leaves.
void clean_up_on_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        sigaddset(&signals, number);
    }
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::thread([signals] {
        int number = 0;
        sigwait(&signals, &number);
        std::cerr << "\nstopping: removing " << demo_folder().string() << std::endl;
        const bool removed = remove_installation(demo_folders());
        if (!removed) {
            std::cerr << "something is left in " << demo_folder().string() << std::endl;
        }
        _exit(128 + number);
    }).detach();
}

Tell teller(std::ostream& out) {
    return [&out, begin = Clock::now()](const std::string& text) {
        const auto elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
        std::array<char, 32> prefix{};
        std::snprintf(prefix.data(), prefix.size(), "%6.1f s  ", elapsed);
        out << prefix.data() << text << std::endl;
    };
}

std::string client_line(const Testbed& bed, Engine engine, const std::string& find) {
    const auto port = std::to_string(bed.database_port());
    if (engine != Engine::postgresql) {
        const auto client = engine == Engine::mysql ? (programs_of(engine) / "mysql").string()
                                                    : std::string("mariadb --skip-ssl");
        return client + " --host $(" + find + ") --port " + port + " --user app app";
    }
    return "psql \"hostaddr=$(" + find + ") port=" + port + " user=app dbname=postgres\"";
}

void print_how_to_play(const Testbed& bed, Engine engine, std::ostream& out) {
    const auto address = bed.address_of(Testbed::controller_host);
    const auto find = "dig @" + address + " -p " + std::to_string(bed.name_server_port()) +
                      " +short " + bed.name();
    out << "\nIt goes on running. To play with it:\n"
        << "  export PATH=" << (bed.folder() / "bin").string() << ":$PATH\n"
        << "  export LOCKSTEP_CONTROLLER=" << bed.controller_api()
        << " LOCKSTEP_IDENTITY=" << bed.identity().string() << "\n"
        << "  lockstep status            # who is primary, who is in sync\n"
        << "  lockstep failover shop     # planned this time\n"
        << "  lockstep events shop       # what was decided, and why\n"
        << "  " << find << "\n"
        << "  " << client_line(bed, engine, find) << "\n"
        << "logs: " << (bed.folder() / "logs").string() << "\n"
        << "To end it: deploy/demo --down\n";
}

Plan demo_plan(const Scene& scene, Engine engine) {
    Plan plan;
    plan.engine = engine;
    plan.place = scene.place;
    plan.data_disk_bytes = scene.disk_bytes;
    if (scene.snapshots) {
        plan.repository = true;
        plan.members.emplace_back("c");
    }
    plan.folder = demo_folder();
    plan.programs = fs::read_symlink("/proc/self/exe").parent_path();
    return plan;
}

Floor measure_beside(const Testbed& bed, Engine engine, const Tell& tell) {
    tell("measuring the floor: plain " + product_of(engine) + " and a script, 3 times");
    FloorPlan plan;
    plan.folder = bed.folder() / "floor";
    plan.engine = engine;
    plan.writers = bed.writers();
    return measure_floor(plan);
}

int play(const Options& options, const Scene& scene) {
    if (!remove_installation(demo_folders())) { // What a killed demo left.
        throw Failure("cannot remove what is left in " + demo_folder().string());
    }
    auto& people = options.json ? std::cerr : std::cout;
    const auto tell = teller(people);
    const auto engine = engine_named(options.engine);
    static_cast<void>(programs_of(engine)); // Better said before anything is made.
    Testbed bed(demo_plan(scene, engine));
    bed.form(tell);
    auto report = scene.play(bed, tell);
    report.engine = options.engine;
    if (!scene.snapshots) { // Its outage is none to be compared.
        report.floor = measure_beside(bed, engine, tell);
    }
    print_story(report, people);
    if (options.json) {
        print_json(report, std::cout);
    }
    if (options.keep) {
        bed.keep();
        print_how_to_play(bed, engine, people);
    }
    return report.ok ? 0 : 1;
}

int take_down() {
    const bool was_there = fs::exists(demo_folder());
    if (!remove_installation(demo_folders())) {
        throw Failure("cannot remove everything of " + demo_folder().string());
    }
    std::cout << (was_there ? "removed " : "there is no demo in ") << demo_folder().string()
              << std::endl;
    return 0;
}

int begin(const Options& options) {
    const auto* scene = scene_named(options.scene);
    if (scene == nullptr) {
        std::cerr << "there is no scene \"" << options.scene << "\"; there are:\n" << scene_list();
        return 2;
    }
    if (scene->snapshots && engine_named(options.engine) != Engine::postgresql) {
        std::cerr << "scene \"" << options.scene << "\" is for postgresql only, so far\n";
        return 2;
    }
    if (needs_hosts(*scene) && (geteuid() != 0 || options.keep)) {
        std::cerr << "scene \"" << options.scene
                  << "\" plays on hosts that are network namespaces: "
                  << (options.keep ? "they end with it, so it cannot be kept; --keep works with "
                                     "scenes not marked (root)\n"
                                   : "run it as root\n");
        return 2;
    }
    if (!take_lock()) {
        std::cerr << "another demo runs now; wait for it\n";
        return 1;
    }
    if (options.down) {
        return take_down();
    }
    if (!processes_of(demo_folders()).empty()) {
        std::cerr << "a demo is kept running in " << demo_folder().string()
                  << "; `deploy/demo --down` ends it\n";
        return 1;
    }
    clean_up_on_signals();
    return play(options, *scene);
}

} // namespace
} // namespace lockstep::demo

int main(int argc, char** argv) {
    lockstep::demo::Options options;
    CLI::App app(
        "Forms a pair of databases under Lockstep on this machine, lets something happen to "
        "it while clients write, and accounts for every acknowledged write.",
        "deploy/demo");
    app.add_option("--scene", options.scene, "what happens")->capture_default_str();
    app.add_option("--engine", options.engine, "the database: postgresql, mysql or mariadb")
        ->check(CLI::IsMember({"postgresql", "mysql", "mariadb"}).description(""))
        ->capture_default_str();
    app.add_flag("--json", options.json,
                 "print one JSON object; everything else to standard error");
    app.add_flag("--keep", options.keep, "leave everything running");
    app.add_flag("--down", options.down, "end what --keep left running");
    app.footer("Scenes:\n" + lockstep::demo::scene_list());
    CLI11_PARSE(app, argc, argv);
    try {
        return lockstep::demo::begin(options);
    } catch (const std::exception& error) {
        std::cerr << "the demo failed: " << error.what() << std::endl;
        return 1;
    }
}
