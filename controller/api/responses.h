#pragma once

#include <string>

#include "core/result.h"
#include "platform/http.h"

namespace lockstep {

[[nodiscard]] HttpResponse respond(std::string body);
/// 400: the request itself is wrong.
[[nodiscard]] HttpResponse respond_bad_request(const std::string& message);
[[nodiscard]] HttpResponse respond_no_route(const HttpRequest& request);
[[nodiscard]] HttpResponse respond_wrong_method(const HttpRequest& request,
                                                const std::string& allowed);
[[nodiscard]] HttpResponse respond_not_an_operator(const PeerIdentity& peer);
/// What an operation failed with: 404 `unreachable`, 409 `conflict` and `refused`, 504 `timeout`,
/// 500 else.
[[nodiscard]] HttpResponse respond(const Error& error);

} // namespace lockstep
