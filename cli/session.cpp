#include "cli/session.h"

#include <algorithm>
#include <ostream>

#include "cli/humanise.h"
#include "cli/views.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

constexpr std::chrono::milliseconds usual_call{10000};
// However patient the user is with the work itself.
constexpr std::chrono::milliseconds longest_call{60000};

std::string show_address(const HostPort& at) {
    const bool v6 = at.address.find(':') != std::string::npos;
    return (v6 ? "[" + at.address + "]" : at.address) + ":" + std::to_string(at.port);
}

ExitStatus status_of(int http_status) {
    switch (http_status) {
    case 400: return ExitStatus::usage;
    case 404: return ExitStatus::no_such_thing;
    case 504: return ExitStatus::timed_out;
    default: return ExitStatus::failed;
    }
}

} // namespace

std::chrono::milliseconds Session::patience(std::chrono::milliseconds usual) const {
    return options_.timeout_seconds ? std::chrono::seconds{*options_.timeout_seconds} : usual;
}

Answer<void> Session::connect() {
    if (api_) {
        return {};
    }
    auto settings = find_settings(options_.given, environment_.variables, environment_.system_file);
    if (!settings) {
        return tl::unexpected(settings.error());
    }
    auto api = environment_.connect(*settings);
    if (!api) {
        return tl::unexpected(api.error());
    }
    settings_ = std::move(*settings);
    api_ = std::move(*api);
    return {};
}

Failure Session::no_answer(const ApiRequest& request, const Error& error,
                           std::chrono::milliseconds within) const {
    const auto address = show_address(settings_.controller);
    // What the network says may name it already.
    const auto controller = error.message.find(address) == std::string::npos
                                ? "the controller at " + address
                                : std::string("the controller");
    const std::string maybe_done =
        request.method == "GET"
            ? ""
            : " The change may have been made all the same: `lockstep events` tells.";
    switch (error.code) {
    case Errc::unreachable:
        return {ExitStatus::unreachable,
                "cannot reach " + controller + ": " + error.message +
                    ". Does `lockstepd controller` run there, is this its api address "
                    "(--controller), does a firewall stand between? The databases go on without "
                    "it."};
    case Errc::timeout:
        return {ExitStatus::unreachable,
                controller + " gave no answer within " + show_span(within) +
                    ": is the address right (--controller), does a firewall drop packets?" +
                    maybe_done};
    case Errc::refused:
        return {ExitStatus::unreachable, "no connection with " + controller + ": " + error.message +
                                             ". Is the identity in " + settings_.identity.string() +
                                             " of this controller's `lockstep ca init`?"};
    default: return {ExitStatus::failed, controller + ": " + error.message + "." + maybe_done};
    }
}

Answer<std::string> Session::ask(const ApiRequest& request) {
    return ask(request, std::min(patience(usual_call), longest_call));
}

Answer<std::string> Session::ask(const ApiRequest& request, std::chrono::milliseconds within) {
    if (auto connected = connect(); !connected) {
        return tl::unexpected(connected.error());
    }
    auto response = api_->call(request, within);
    if (!response) {
        return tl::unexpected(no_answer(request, response.error(), within));
    }
    if (response->status >= 200 && response->status < 300) {
        return std::move(response->body);
    }
    const auto error = read_error(response->body);
    return give_up(status_of(response->status), harmless(error.message));
}

Answer<std::string> Session::get(const std::string& path) {
    return ask({"GET", path, {}, ""});
}

Answer<std::string> Session::change(const std::string& method, const std::string& path,
                                    const std::string& body, bool dry_run) {
    ApiRequest request{method, path, {}, body};
    if (dry_run) {
        request.query["dry_run"] = "true";
    }
    return ask(request);
}

void Session::print_json(const std::string& body) const {
    out().stream << body << "\n" << std::flush;
}

} // namespace lockstep::cli
