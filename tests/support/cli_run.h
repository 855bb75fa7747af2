#pragma once

#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "cli/program.h"
#include "tests/support/fake_api.h"

namespace lockstep::cli {

inline bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// `lockstep` run inside the test, in a world of its own: a scripted API, streams of text, a
/// clock that does not wait, no configuration files but those that the test writes.
class CliRun {
public:
    CliRun() {
        variables["LOCKSTEP_CONTROLLER"] = "10.77.0.1:7443";
        variables["LOCKSTEP_IDENTITY"] = "/identity";
    }

    int run(const std::vector<std::string>& arguments) {
        out.str("");
        err.str("");
        const Screen out_screen{out, on_terminal, colours, unicode, width};
        const Screen err_screen{err, on_terminal, false, unicode, width};
        const auto find = [this](const std::string& name) {
            const auto found = variables.find(name);
            return found == variables.end() ? std::nullopt
                                            : std::optional<std::string>(found->second);
        };
        const auto connect = [this](const Settings& settings) -> Answer<std::unique_ptr<Api>> {
            connected_to = settings;
            return std::make_unique<FakeApi>(api);
        };
        const auto become = [this](const std::vector<std::string>& words) {
            became = words;
            return Failure{ExitStatus::failed, "no daemon here"};
        };
        Environment environment{Terminal{out_screen, err_screen, in, in_is_terminal},
                                find,
                                system_file,
                                connect,
                                clock,
                                become};
        return run_program(arguments, environment);
    }

    void answers(const std::string& route, const std::string& body, int status = 200) const {
        api->script[route].push_back(ApiResponse{status, body});
    }
    void fails(const std::string& route, Errc code, const std::string& message) const {
        api->script[route].push_back(fail(code, message));
    }
    void refuses(const std::string& route, int status, const std::string& message) const {
        answers(route, R"({"error":{"code":"refused","message":")" + message + "\"}}", status);
    }

    std::shared_ptr<FakeApi::Log> api = std::make_shared<FakeApi::Log>();
    FakeClock clock;
    std::map<std::string, std::string> variables;
    std::filesystem::path system_file = "/nowhere/cli.toml";
    Settings connected_to;
    std::vector<std::string> became; // What it handed over to the daemon's program.
    std::ostringstream out;
    std::ostringstream err;
    std::istringstream in;
    bool in_is_terminal = false;
    bool on_terminal = false;
    bool colours = false;
    bool unicode = false;
    std::size_t width = 100;
};

} // namespace lockstep::cli
