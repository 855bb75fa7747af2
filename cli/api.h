#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "cli/exit_status.h"
#include "cli/settings.h"
#include "core/result.h"

namespace lockstep::cli {

struct ApiRequest {
    std::string method;
    std::string path;
    std::map<std::string, std::string> query;
    std::string body;
};

struct ApiResponse {
    int status = 200;
    std::string body;
};

/// The controller's API (docs/api.md).
class Api {
public:
    virtual ~Api() = default;
    /// Errors: `unreachable`, `refused` (handshake), `timeout`, `corrupt`.
    [[nodiscard]] virtual Result<ApiResponse> call(const ApiRequest& request,
                                                   std::chrono::milliseconds within) = 0;
};

/// Over HTTPS, with the operator's identity. Failures: a file of the identity is missing or
/// cannot be read.
[[nodiscard]] Answer<std::unique_ptr<Api>> connect(const Settings& settings);

} // namespace lockstep::cli
