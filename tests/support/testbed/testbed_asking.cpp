// The part of the testbed that asks the installation how it is.
#include <algorithm>
#include <thread>

#include "tests/support/testbed/testbed.h"

namespace lockstep::testbed {

namespace {

constexpr int not_all_in_sync = 6; // `lockstep status`: done, and a pair is not in sync.

// Null where the agent never said anything.
std::string text_of(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "unknown";
}

std::string job_of(const Json& member) {
    const auto job = member.value("job", Json());
    if (!job.is_object()) {
        return {};
    }
    std::string text = text_of(job, "what");
    const auto total = job.value("total_bytes", std::uint64_t{0});
    if (total > 0) {
        text += " " + std::to_string(job.value("done_bytes", std::uint64_t{0}) * 100 / total) + "%";
    }
    return text;
}

// "solo: a primary, b no data, cloning from a 37%"
std::string in_words(const Json& pair) {
    std::string text = text_of(pair, "phase");
    for (const auto& member : pair.value("members", Json::array())) {
        text += (text.find(':') == std::string::npos ? ": " : "; ") + text_of(member, "id") + " " +
                text_of(member, "server");
        if (const auto job = job_of(member); !job.empty()) {
            text += ", " + job;
        }
    }
    return text;
}

} // namespace

void Testbed::form(const std::function<void(const std::string&)>& tell) {
    const auto say = [&](const std::string& text) {
        if (tell) {
            tell(text);
        }
    };
    say("making certificates and starting the controller");
    init_authority();
    start_controller();
    for (const auto& member : plan_.members) {
        say("joining agent " + member);
        if (const auto joined = join(member, make_token(member)); joined.status != 0) {
            throw Failure("join " + member + ": " + joined.errors + joined.output + log_tails());
        }
        start_agent(member);
    }
    create_pair(plan_.members.at(0), plan_.members.at(1));
    std::string last;
    wait_for_pair(
        "be in sync",
        [&](const Json& pair) {
            if (const auto now = in_words(pair); now != last) {
                say(last = now);
            }
            return text_of(pair, "phase") == "in sync";
        },
        Milliseconds{120000}); // MySQL makes a database in seconds, on a busy machine in many.
    make_ledger(plan_.members.at(0));
}

void Testbed::make_ledger(const std::string& member) {
    if (plan_.engine == Engine::postgresql) {
        make_ledger_table(superuser_of(member), in(default_wait));
        return;
    }
    say_as_superuser(member, mysql_ledger_statements());
}

void Testbed::say_as_superuser(const std::string& member, const std::string& statements) {
    if (plan_.engine == Engine::postgresql) {
        static_cast<void>(ask_once(superuser_of(member), statements, in(default_wait)));
        return;
    }
    for (const auto& entry : std::filesystem::directory_iterator(run_dir_of(member))) {
        if (entry.is_socket()) {
            must_run(on(member, {"mariadb", "--no-defaults", "--socket", entry.path().string(),
                                 "--execute", statements}),
                     in(default_wait));
            return;
        }
    }
    throw Failure(run_dir_of(member).string() + " holds no socket of a server" + log_tails());
}

void Testbed::start_agent(const std::string& member) {
    agent(member).start();
    const auto by = in(default_wait);
    const auto is_heard = [&] {
        const auto agents = ask({"agents"}).at("agents");
        return std::any_of(agents.begin(), agents.end(), [&](const Json& one) {
            return one.at("member") == member && one.at("connected") == true;
        });
    };
    while (!is_heard()) {
        if (Clock::now() > by || !agent(member).running()) {
            throw Failure("the controller does not hear agent " + member + log_tails());
        }
        std::this_thread::sleep_for(Milliseconds{20});
    }
}

Outcome Testbed::cli(std::vector<std::string> arguments, Milliseconds most) {
    arguments.insert(arguments.begin(), {plan_.folder / "bin" / "lockstep", "--controller",
                                         controller_api(), "--identity", identity().string()});
    return run({std::move(arguments), {}, {}}, in(most));
}

Json Testbed::ask(std::vector<std::string> arguments, Milliseconds most) {
    arguments.insert(arguments.begin(), "--json");
    std::string asked = "lockstep";
    for (const auto& argument : arguments) {
        asked += " " + argument;
    }
    const auto outcome = cli(std::move(arguments), most);
    const bool done = outcome.status == 0 || outcome.status == not_all_in_sync;
    auto json = Json::parse(outcome.output, nullptr, false);
    if (!done || json.is_discarded()) {
        throw Failure(asked + ": exit status " + std::to_string(outcome.status) + "\n" +
                      outcome.output + outcome.errors + log_tails());
    }
    return json;
}

Json Testbed::pair() {
    return ask({"pair", "show", "shop"});
}

Json Testbed::events(std::uint64_t after) {
    auto all = ask({"events", "shop", "--after", std::to_string(after), "--limit", "1000"});
    return all.is_array() ? all : all.at("events");
}

Json Testbed::wait_for_pair(const std::string& what, const Condition& condition,
                            Milliseconds most) {
    const auto by = in(most);
    Json last;
    while (Clock::now() < by) {
        const auto outcome = cli({"--json", "pair", "show", "shop"});
        last = Json::parse(outcome.output, nullptr, false);
        if (outcome.status == 0 && last.is_object() && condition(last)) {
            return last;
        }
        std::this_thread::sleep_for(Milliseconds{150});
    }
    throw Failure("the pair did not come to " + what + " within " + std::to_string(most.count()) +
                  " ms\n" + state_of_things());
}

Json Testbed::wait_until_in_sync(Milliseconds most) {
    return wait_for_pair(
        "be in sync", [](const Json& pair) { return text_of(pair, "phase") == "in sync"; }, most);
}

std::string Testbed::state_of_things() {
    const auto status = cli({"status", "shop"});
    const auto events = cli({"events", "shop", "--limit", "30"});
    return "--- status\n" + status.output + status.errors + "--- events\n" + events.output +
           events.errors + log_tails();
}

std::string Testbed::log_tails() const {
    std::string text = "\n--- controller\n" + controller_->log_tail();
    for (const auto& [member, agent] : agents_) {
        text += "--- agent " + member + "\n" + agent.log_tail();
    }
    return text;
}

pid_t Testbed::postmaster(const std::string& member) const {
    if (plan_.engine != Engine::postgresql) {
        const auto processes = processes_of({data_of(member)});
        return processes.empty() ? 0 : processes.front(); // One process is all of the server.
    }
    const auto text = read_text(data_of(member) / "postmaster.pid");
    return text.empty() ? 0 : static_cast<pid_t>(std::stol(text));
}

std::vector<std::string> Testbed::name_servers() const {
    std::vector<std::string> servers;
    const auto add = [&](const std::string& host) {
        servers.push_back(address_of(host) + ":" + std::to_string(name_server_port()));
    };
    add(controller_host);
    for (const auto& member : plan_.members) {
        add(member);
    }
    return servers;
}

Session::Where Testbed::superuser_of(const std::string& member) const {
    return {address_of(member), database_port(), "postgres"};
}

Session::Where Testbed::reader_of(const std::string& member) const {
    return plan_.engine == Engine::postgresql
               ? superuser_of(member)
               : Session::Where{address_of(member), database_port(), "app", plan_.engine};
}

Writers::Options Testbed::writers() const {
    Writers::Options options;
    options.port = database_port();
    options.engine = plan_.engine;
    options.finder = [servers = name_servers(), zone_name = name()] {
        return std::make_unique<NameFinder>(servers, zone_name);
    };
    return options;
}

} // namespace lockstep::testbed
