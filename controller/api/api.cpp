#include "controller/api/api.h"

#include "controller/api/routes.h"

namespace lockstep {

Result<std::unique_ptr<HttpServer>> serve_api(asio::any_io_executor executor, HostPort at,
                                              TlsFiles files,
                                              std::shared_ptr<Operations> operations) {
    auto serve = [operations = std::move(operations)](HttpRequest request) {
        return handle(std::move(request), operations);
    };
    return HttpServer::listen(std::move(executor), std::move(at), std::move(files),
                              std::move(serve));
}

} // namespace lockstep
