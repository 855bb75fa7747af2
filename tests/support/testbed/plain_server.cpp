#include "tests/support/testbed/plain_server.h"

#include <csignal>
#include <fstream>
#include <thread>

#include <unistd.h>

#include "tests/support/testbed/cleanup.h"

namespace lockstep::testbed {

namespace {

constexpr Milliseconds tool_time{30000};
constexpr Milliseconds answer_time{30000};
constexpr Milliseconds poll_every{2};

} // namespace

void wait_until_server_does(const std::string& what, Milliseconds most,
                            const std::function<bool()>& met) {
    const auto by = in(most);
    while (!met()) {
        if (Clock::now() > by) {
            throw Failure("the floor's server did not come to " + what);
        }
        std::this_thread::sleep_for(poll_every);
    }
}

std::vector<std::vector<std::string>> must_say(Session& session, const std::string& statement) {
    auto answer = session.ask(statement, {}, in(answer_time));
    if (answer.end != Session::End::answered) {
        throw Failure(statement + ": " + answer.trouble);
    }
    return std::move(answer.rows);
}

std::unique_ptr<PlainServer> make_plain_server(PlainServer::Place place) {
    return place.engine == Engine::postgresql ? make_plain_postgres(std::move(place))
                                              : make_plain_mysql(std::move(place));
}

Spawn PlainServer::program(std::vector<std::string> argv) const {
    const auto own = programs_of(place_.engine) / argv.at(0);
    if (std::filesystem::exists(own)) { // Else one of the system's, by its path.
        argv.at(0) = own.string();
    }
    if (geteuid() == 0) {
        argv.insert(argv.begin(), {"setpriv", "--reuid", "postgres", "--regid", "postgres",
                                   "--init-groups", "--"});
    }
    const auto home = place_.data.parent_path();
    return {std::move(argv), {"HOME=" + home.string()}, home};
}

void PlainServer::tool(std::vector<std::string> argv) const {
    must_run(program(std::move(argv)), in(tool_time));
}

void PlainServer::write(const std::filesystem::path& file, const std::string& text) const {
    std::ofstream stream(file, std::ios::trunc);
    if (!(stream << text << std::flush)) {
        throw Failure("cannot write " + file.string());
    }
}

void PlainServer::wipe() const {
    if (!remove_installation({place_.data})) {
        throw Failure("cannot remove " + place_.data.string());
    }
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

} // namespace lockstep::testbed
