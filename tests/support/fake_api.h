#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/session.h"

namespace lockstep::cli {

/// A controller's API that answers from a script. The last answer of a route goes on being given;
/// a route without a script is unreachable.
class FakeApi final : public Api {
public:
    struct Log {
        std::map<std::string, std::deque<Result<ApiResponse>>> script; // "GET /v1/status"
        std::vector<ApiRequest> requests;
        std::vector<std::chrono::milliseconds> within;
    };
    explicit FakeApi(std::shared_ptr<Log> log) : log_(std::move(log)) {}

    Result<ApiResponse> call(const ApiRequest& request, std::chrono::milliseconds within) override {
        log_->requests.push_back(request);
        log_->within.push_back(within);
        auto& answers = log_->script[request.method + " " + request.path];
        if (answers.empty()) {
            return fail(Errc::unreachable, "Connection refused");
        }
        auto answer = answers.front();
        if (answers.size() > 1) {
            answers.pop_front();
        }
        return answer;
    }

private:
    std::shared_ptr<Log> log_;
};

/// Time that passes only when somebody sleeps.
class FakeClock final : public Clock {
public:
    std::chrono::milliseconds now() override { return now_; }
    void sleep(std::chrono::milliseconds span) override {
        now_ += span;
        ++sleeps;
    }
    int sleeps = 0;

private:
    std::chrono::milliseconds now_{1000};
};

} // namespace lockstep::cli
