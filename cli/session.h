#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/api.h"
#include "cli/exit_status.h"
#include "cli/settings.h"
#include "cli/terminal.h"

namespace lockstep::cli {

/// Time, so that tests need not wait.
class Clock {
public:
    virtual ~Clock() = default;
    /// Only rises.
    [[nodiscard]] virtual std::chrono::milliseconds now() = 0;
    virtual void sleep(std::chrono::milliseconds span) = 0;
};

/// Goes on as another program, whose status becomes this one's; returns why that could not be.
using Become = std::function<Failure(const std::vector<std::string>& words)>;

/// What the program finds around itself.
struct Environment {
    Terminal terminal;
    Variables variables;
    std::filesystem::path system_file = "/etc/lockstep/cli.toml";
    std::function<Answer<std::unique_ptr<Api>>(const Settings&)> connect;
    Clock& clock;
    Become become = {};
};

/// The options that every verb has.
struct GlobalOptions {
    GivenSettings given;
    bool json = false;
    std::optional<unsigned> timeout_seconds;
};

/// One run of a verb: the world, the global options, and the controller, connected to on first
/// use.
class Session {
public:
    Session(Environment& environment, const GlobalOptions& options)
        : environment_(environment), options_(options) {}

    [[nodiscard]] const Screen& out() const { return environment_.terminal.out; }
    [[nodiscard]] const Screen& err() const { return environment_.terminal.err; }
    [[nodiscard]] const Terminal& terminal() const { return environment_.terminal; }
    [[nodiscard]] Clock& clock() const { return environment_.clock; }
    [[nodiscard]] const Variables& variables() const { return environment_.variables; }
    [[nodiscard]] const Become& become() const { return environment_.become; }
    [[nodiscard]] bool json() const { return options_.json; }
    /// How long the verb may wait for work to end: `--timeout`, or what the verb says.
    [[nodiscard]] std::chrono::milliseconds patience(std::chrono::milliseconds usual) const;

    /// The body of the controller's answer. Failures: it gave none, or refused; says what to do.
    [[nodiscard]] Answer<std::string> ask(const ApiRequest& request,
                                          std::chrono::milliseconds within);
    [[nodiscard]] Answer<std::string> ask(const ApiRequest& request);
    [[nodiscard]] Answer<std::string> get(const std::string& path);
    /// A change; with `dry_run` the controller says what would change.
    [[nodiscard]] Answer<std::string> change(const std::string& method, const std::string& path,
                                             const std::string& body, bool dry_run);

    /// The API's JSON on standard output, as `--json` wants it.
    void print_json(const std::string& body) const;

private:
    [[nodiscard]] Answer<void> connect();
    [[nodiscard]] Failure no_answer(const ApiRequest& request, const Error& error,
                                    std::chrono::milliseconds within) const;
    Environment& environment_;
    const GlobalOptions& options_;
    Settings settings_;
    std::unique_ptr<Api> api_;
};

/// What a verb does when chosen.
using Run = std::function<Answer<ExitStatus>(Session&)>;

} // namespace lockstep::cli
