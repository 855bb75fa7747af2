#include <array>

#include <unistd.h>

#include "cli/api.h"
#include "platform/http.h"

namespace lockstep::cli {
namespace {

class HttpsApi final : public Api {
public:
    HttpsApi(HostPort controller, TlsFiles files)
        : controller_(std::move(controller)), files_(std::move(files)) {}

    Result<ApiResponse> call(const ApiRequest& request, std::chrono::milliseconds within) override {
        HttpRequest asked;
        asked.method = request.method;
        asked.path = request.path;
        asked.query = request.query;
        asked.body = request.body;
        asio::io_context context(1);
        Result<HttpResponse> answer = fail(Errc::unreachable, "the call was not made");
        asio::co_spawn(context,
                       http_call(controller_, files_, std::move(asked), Deadline::in(within)),
                       [&answer](std::exception_ptr trouble, Result<HttpResponse> got) {
                           if (trouble) {
                               std::rethrow_exception(trouble);
                           }
                           answer = std::move(got);
                       });
        context.run();
        return answer.map([](HttpResponse& got) {
            return ApiResponse{got.status, std::move(got.body)};
        });
    }

private:
    HostPort controller_;
    TlsFiles files_;
};

} // namespace

Answer<std::unique_ptr<Api>> connect(const Settings& settings) {
    for (const auto* name : {"ca.pem", "operator.pem", "operator.key"}) {
        const auto path = settings.identity / name;
        if (access(path.c_str(), F_OK) != 0) {
            return give_up(ExitStatus::usage,
                           "no operator's identity in " + settings.identity.string() + ": " + name +
                               " is missing. `lockstep ca init` on the controller's host makes "
                               "ca.pem, operator.pem and operator.key: copy them there, or name "
                               "another folder with --identity");
        }
        if (access(path.c_str(), R_OK) != 0) {
            return give_up(ExitStatus::usage, "cannot read " + path.string() +
                                                  ": not permitted. Run as its owner, or name "
                                                  "another folder with --identity");
        }
    }
    const auto& folder = settings.identity;
    const TlsFiles files{folder / "ca.pem", folder / "operator.pem", folder / "operator.key"};
    return std::make_unique<HttpsApi>(settings.controller, files);
}

} // namespace lockstep::cli
