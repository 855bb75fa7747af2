#include <gtest/gtest.h>

#include "platform/cgroup.h"
#include "tests/integration/postgres/bed.h"
#include "tests/support/eventually.h"

/// DESIGN.md 4, fence: no process of that server is left. On a real server with many backends, one
/// of which runs a program that went elsewhere.
namespace lockstep {
namespace {

using bed::Bed;
using bed::must;
using bed::soon;

constexpr int backends = 20;

class PostgresFence : public testing::Test {
protected:
    void start(const std::filesystem::path& cgroup) {
        must(bed_.run(bed_.a().driver().initialise(soon())));
        bed_.a().run_in(cgroup);
        bed_.a().start(bed_.primary_ticket(bed_.a()));
        for (int i = 0; i < backends; ++i) {
            sessions_.push_back(bed_.a().session());
            must(sessions_.back()->start("select pg_sleep(1000)"));
        }
        sessions_.push_back(bed_.a().session());
        must(sessions_.back()->start("copy (select 1) to program 'cd /; exec sleep 60'"));
        EXPECT_TRUE(eventually([this] { return here().size() > backends + 5; }));
    }
    [[nodiscard]] std::vector<pid_t> here() { return processes_in(bed_.a().config().data_dir); }
    [[nodiscard]] Result<void> fence(const std::filesystem::path& cgroup) {
        auto folder = bed_.a().config().data_dir;
        const auto server = bed_.a().driver().running_server();
        auto ended = bed_.run(kill_all_in(folder, server, soon(), cgroup));
        for (const auto& session : sessions_) {
            session->close();
        }
        return ended;
    }

    Bed bed_;
    std::vector<postgres::Session::Ptr> sessions_;
};

TEST_F(PostgresFence, ByWorkingDirectoryLeavesNoProcessOfTheServer) {
    start({});
    EXPECT_TRUE(fence({}));
    EXPECT_TRUE(here().empty());
    EXPECT_FALSE(bed_.a().driver().running_server());
}

TEST_F(PostgresFence, ByControlGroupLeavesNothingWhereverItWent) {
    const auto cgroup = make_cgroup("server");
    if (!cgroup) {
        GTEST_SKIP() << cgroup.error().message;
    }
    start(*cgroup);
    EXPECT_TRUE(eventually([&] { return processes_in_cgroup(*cgroup).size() > here().size(); }))
        << "the program that went elsewhere is in the group all the same";
    EXPECT_TRUE(fence(*cgroup));
    EXPECT_TRUE(here().empty());
    EXPECT_TRUE(processes_in_cgroup(*cgroup).empty());
}

} // namespace
} // namespace lockstep
