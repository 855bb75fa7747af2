#include "controller/api/responses.h"

#include "controller/api/json_views.h"

namespace lockstep {
namespace {

int status_of(Errc code) {
    switch (code) {
    case Errc::unreachable: return 404;
    case Errc::conflict:
    case Errc::refused: return 409;
    case Errc::timeout: return 504;
    case Errc::unsupported:
    case Errc::corrupt: return 500;
    }
    return 500;
}

} // namespace

HttpResponse respond(std::string body) {
    return {200, std::move(body)};
}

HttpResponse respond_bad_request(const std::string& message) {
    return {400, view_of_error("bad_request", message)};
}

HttpResponse respond_no_route(const HttpRequest& request) {
    return {404, view_of_error("no_such_route", "there is no " + request.path +
                                                    "; the routes are listed in docs/api.md")};
}

HttpResponse respond_wrong_method(const HttpRequest& request, const std::string& allowed) {
    return {405, view_of_error("wrong_method", request.method + " " + request.path +
                                                   " is not possible; allowed: " + allowed)};
}

HttpResponse respond_not_an_operator(const PeerIdentity& peer) {
    return {403, view_of_error("forbidden",
                               "the certificate of \"" + peer.name + "\" is for use as " +
                                   (peer.use.empty() ? "nothing" : peer.use) +
                                   "; only an operator's may call (`lockstep ca init` makes one)")};
}

HttpResponse respond(const Error& error) {
    return {status_of(error.code), view_of_error(to_string(error.code), error.message)};
}

} // namespace lockstep
