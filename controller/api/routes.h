#pragma once

#include <memory>

#include "controller/operations.h"
#include "platform/http.h"

namespace lockstep {

/// Answers one request of the API: checks who asks, finds the route, reads the request strictly,
/// asks `operations`, and shows the answer. Does nothing else.
[[nodiscard]] Awaitable<HttpResponse> handle(HttpRequest request,
                                             std::shared_ptr<Operations> operations);

} // namespace lockstep
