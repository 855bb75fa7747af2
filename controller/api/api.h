#pragma once

#include <memory>

#include "controller/operations.h"
#include "platform/http.h"

namespace lockstep {

/// Serves the HTTPS API: every route of docs/api.md, for operators' certificates only. Requests
/// run on `executor`, where `operations` must be safe to call. Errors: `refused`, naming the
/// address and why it cannot be listened on.
[[nodiscard]] Result<std::unique_ptr<HttpServer>> serve_api(asio::any_io_executor executor,
                                                            HostPort at, TlsFiles files,
                                                            std::shared_ptr<Operations> operations);

} // namespace lockstep
