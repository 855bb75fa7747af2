#include <utility>

#include "controller/api/api.h"
#include "dns/check/name_check.h"

/// What speaks to a controller or to name servers from outside is not simulated: the simulation
/// asks the controller's Operations directly, and no member has a name server.
namespace lockstep {
namespace {

class NoApi : public HttpServer {
public:
    [[nodiscard]] std::uint16_t port() const override { return 0; }
    void close() override {}
};

class NoCheck : public dns::NameCheck {
public:
    Awaitable<Result<dns::NameAnswer>> ask(HostPort, std::string, PairName, Deadline) override {
        co_return fail(Errc::unreachable, "no name server is simulated");
    }
};

} // namespace

Result<std::unique_ptr<HttpServer>> serve_api(asio::any_io_executor, HostPort, TlsFiles,
                                              std::shared_ptr<Operations>) {
    return std::make_unique<NoApi>();
}

std::unique_ptr<dns::NameCheck> dns::NameCheck::make(asio::any_io_executor) {
    return std::make_unique<NoCheck>();
}

} // namespace lockstep
