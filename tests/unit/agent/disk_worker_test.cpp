#include "agent/disk_worker.h"

#include <future>

#include <gtest/gtest.h>

#include "core/policy.h"
#include "tests/support/run_coroutine.h"

namespace lockstep {
namespace {

Result<int> run(asio::io_context& context, DiskWorker& disk, std::function<Result<int>()> work,
                Milliseconds span) {
    return run_to_end(context,
                      disk.run<int>("the test's call", std::move(work), Deadline::in(span)));
}

TEST(DiskWorker, HandsBackWhatTheCallReturned) {
    asio::io_context context;
    DiskWorker disk(context.get_executor());
    EXPECT_EQ(run(
                  context, disk, [] { return Result<int>(7); }, Milliseconds{5000}),
              7);
    const auto failed = run(
        context, disk, [] { return Result<int>(fail(Errc::refused, "no")); }, Milliseconds{5000});
    EXPECT_EQ(failed.error().code, Errc::refused);
}

TEST(DiskWorker, GivesUpOnACallThatHangsAndNamesIt) {
    asio::io_context context;
    auto release = std::make_shared<std::promise<void>>();
    auto hangs = [wait = release->get_future().share()] {
        wait.wait();
        return Result<int>(1);
    };
    {
        DiskWorker disk(context.get_executor());
        const auto late = run(context, disk, hangs, Milliseconds{20});
        ASSERT_FALSE(late.has_value());
        EXPECT_EQ(late.error().code, Errc::timeout);
        EXPECT_NE(late.error().message.find("the test's call"), std::string::npos);
    } // Ends though the call still hangs.
    release->set_value();
}

TEST(DiskWorker, LetsNoCallsPileUpBehindOneThatHangs) {
    asio::io_context context;
    auto release = std::make_shared<std::promise<void>>();
    auto hangs = [wait = release->get_future().share()] {
        wait.wait();
        return Result<int>(1);
    };
    DiskWorker disk(context.get_executor());
    Errc last = Errc::timeout;
    for (int i = 0; i < 20 && last == Errc::timeout; ++i) {
        last = run(context, disk, hangs, Milliseconds{1}).error().code;
    }
    EXPECT_EQ(last, Errc::refused);
    release->set_value();
}

} // namespace
} // namespace lockstep
