#include <atomic>
#include <cstdlib>
#include <thread>

#include <gtest/gtest.h>

#include "platform/clock.h"
#include "snapshots/rclone_repository.h"
#include "tests/contract/repository/repository_bed.h"
#include "tests/integration/repository/s3_server.h"
#include "tests/support/eventually.h"

/// What goes wrong between a host and an object store.
namespace lockstep::snapshots {
namespace {

namespace fs = std::filesystem;

class RcloneFaults : public ::testing::Test {
protected:
    Rclone::Settings settings() {
        Rclone::Settings all;
        all.remote = "s3:bucket/offsite";
        all.config = server_.rclone_config();
        all.program = server_.rclone();
        all.small = std::chrono::seconds(10);
        all.patience = std::chrono::seconds(0);
        all.pause = std::chrono::milliseconds(100);
        return all;
    }
    std::unique_ptr<Repository> open(const Rclone::Settings& how) {
        return make_rclone_repository(how, bed_.folder_ / "scratch", "shop");
    }

    /// Two files, of which the small one is there at once.
    static void stage(Repository& repository, const std::string& id, std::size_t bytes) {
        const auto staged = repository.stage(id);
        ASSERT_TRUE(staged.has_value()) << staged.error().message;
        write(*staged / "a-small", "small");
        write(*staged / "base.tar.zst", std::string(bytes, 'x'));
    }

    S3Server server_;
    RepositoryBed bed_;
};

constexpr std::size_t large = 30'000'000;

/// Of every rclone while it lives.
class Bandwidth {
public:
    explicit Bandwidth(const char* bytes_per_second) {
        ::setenv("RCLONE_BWLIMIT", bytes_per_second, 1);
    }
    Bandwidth(const Bandwidth&) = delete;
    Bandwidth& operator=(const Bandwidth&) = delete;
    ~Bandwidth() { ::unsetenv("RCLONE_BWLIMIT"); }
};

/// Tells when bytes are on their way to the store, and holds nobody up.
Repository::OnBytes tell_when_sending(std::atomic<bool>& sending) {
    return [&sending](std::uint64_t done, std::uint64_t total) {
        if (done > total / 3) {
            sending = true;
        }
    };
}

TEST_F(RcloneFaults, RDS_K1_GoesOnWithAnUploadAfterTheServerWasKilledInIt) {
    auto slow = settings();
    const Bandwidth limit("15M"); // Two seconds for what is sent.
    slow.patience = std::chrono::seconds(60);
    const auto here = open(slow);
    ASSERT_EQ(message_of(here->claim("a", Epoch{3})), "");
    stage(*here, "shop-1", large);
    std::atomic<bool> sending = false;
    Result<Snapshot> finished = fail(Errc::refused, "not done");
    std::thread work([&] {
        finished = here->finish(RepositoryBed::snapshot("shop-1"), tell_when_sending(sending));
    });
    EXPECT_TRUE(eventually([&] { return sending.load(); }));
    server_.kill();
    server_.start();
    work.join();
    ASSERT_TRUE(finished.has_value()) << finished.error().message;
    EXPECT_EQ(RepositoryBed::verify(*here, "shop-1"), "");
}

TEST_F(RcloneFaults, RDS_K1_SendsNothingTwiceAfterTheAgentWasKilled) {
    auto here = open(settings());
    ASSERT_EQ(message_of(here->claim("a", Epoch{3})), "");
    stage(*here, "shop-1", large);
    server_.kill(); // What the agent's death and the server's have in common: it ends half way.
    const auto failed = here->finish(RepositoryBed::snapshot("shop-1"), {});
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().code, Errc::unreachable) << failed.error().message;
    server_.start();
    here.reset();
    here = open(settings());
    ASSERT_EQ(message_of(here->claim("a", Epoch{3})), "");
    const auto left = here->left_off("shop-1");
    ASSERT_TRUE(left.has_value() && left->has_value());
    EXPECT_EQ((*left)->bytes, large + 5);
    // Sent whole, but not described: as if the agent had been killed right before.
    const auto object = server_.data() / "offsite/shop/snapshots/shop-1/0000000003.a/files/"
                                         "a-small._S3rver_object";
    Rclone rclone(settings());
    ASSERT_EQ(message_of(rclone.put(bed_.folder_ / "scratch/shop/staged/shop-1/a-small",
                                    "shop/snapshots/shop-1/0000000003.a/files/a-small")),
              "");
    const auto sent_at = fs::last_write_time(object);
    here.reset();
    here = open(settings());
    ASSERT_EQ(message_of(here->claim("a", Epoch{3})), "");
    ASSERT_TRUE(fs::exists(object)) << "what is still being brought stays";
    const auto finished = here->finish(**left, {});
    ASSERT_TRUE(finished.has_value()) << finished.error().message;
    EXPECT_EQ(fs::last_write_time(object), sent_at);
    EXPECT_EQ(RepositoryBed::verify(*here, "shop-1"), "");
    EXPECT_FALSE(here->left_off("shop-1")->has_value());
}

TEST_F(RcloneFaults, SayThatTheKeysAreRefused) {
    auto stranger = settings();
    stranger.remote = "stranger:bucket/offsite";
    const auto claimed = open(stranger)->claim("a", Epoch{3});
    ASSERT_FALSE(claimed.has_value());
    EXPECT_EQ(claimed.error().code, Errc::refused);
    EXPECT_TRUE(names(claimed.error().message, "keys")) << claimed.error().message;
    EXPECT_FALSE(names(claimed.error().message, "S3RVER")) << "no secret";
}

TEST_F(RcloneFaults, SayThatThereIsNoSuchBucketOrRemoteOrProgram) {
    auto wrong = settings();
    wrong.remote = "s3:elsewhere/offsite";
    EXPECT_EQ(open(wrong)->read().error().code, Errc::unreachable);
    wrong.remote = "nobody:bucket";
    const auto unknown = open(wrong)->read();
    EXPECT_EQ(unknown.error().code, Errc::refused);
    EXPECT_TRUE(names(unknown.error().message, "no such remote")) << unknown.error().message;
    wrong = settings();
    wrong.program = bed_.folder_ / "no-rclone";
    const auto without = open(wrong)->read();
    EXPECT_EQ(without.error().code, Errc::refused);
    EXPECT_TRUE(names(without.error().message, "rclone is needed")) << without.error().message;
}

TEST_F(RcloneFaults, RDS_D2_EndInTimeWhenThePacketsGetLost) {
    auto impatient = settings();
    impatient.small = std::chrono::seconds(2);
    const auto here = open(impatient);
    ASSERT_EQ(message_of(here->claim("a", Epoch{3})), "");
    server_.cut_off();
    const auto begun = boot_time();
    const auto kept = bed_.keep(*here, "0005", "content", Epoch{3});
    ASSERT_FALSE(kept.has_value());
    EXPECT_TRUE(kept.error().code == Errc::timeout || kept.error().code == Errc::unreachable);
    EXPECT_LT(boot_time() - begun, std::chrono::seconds(30)) << "bounded";
    server_.reconnect();
    EXPECT_TRUE(bed_.keep(*here, "0005", "content", Epoch{3}).has_value());
}

TEST_F(RcloneFaults, AreLeftAtOnceByWhoLosesItsRole) {
    auto patient = settings();
    patient.patience = std::chrono::hours(1);
    patient.pause = std::chrono::seconds(600);
    const auto here = open(patient);
    ASSERT_EQ(message_of(here->claim("a", Epoch{3})), "");
    stage(*here, "shop-1", large);
    server_.cut_off();
    Result<Snapshot> finished = fail(Errc::refused, "not done");
    std::thread work([&] { finished = here->finish(RepositoryBed::snapshot("shop-1"), {}); });
    here->stop();
    work.join();
    ASSERT_FALSE(finished.has_value());
    EXPECT_EQ(finished.error().code, Errc::unreachable);
    EXPECT_FALSE(here->read().has_value()) << "nothing is begun any more";
}

TEST_F(RcloneFaults, RDS_V6_AreForgottenByWhoReadsTheObjectsAlone) {
    auto here = open(settings());
    ASSERT_NO_FATAL_FAILURE(bed_.fill(*here));
    const auto known = RepositoryBed::reading(*here).catalogue;
    here.reset();
    fs::remove_all(bed_.folder_ / "scratch");
    EXPECT_EQ(RepositoryBed::reading(*open(settings())).catalogue, known);
}

TEST_F(RcloneFaults, RDS_K3_TakeNothingThatCameAfterTheSuccessor) {
    auto here = open(settings());
    ASSERT_EQ(message_of(here->claim("a", Epoch{3})), "");
    ASSERT_TRUE(bed_.keep(*here, "0005", "content", Epoch{3}).has_value());
    const auto newer = make_rclone_repository(settings(), bed_.folder_ / "other", "shop");
    ASSERT_EQ(message_of(newer->claim("b", Epoch{4})), "");
    EXPECT_FALSE(bed_.keep(*here, "0006", "late", Epoch{3}).has_value());
    EXPECT_TRUE(
        fs::exists(server_.data() / "offsite/shop/log/7/0000000003.a/0006.json._S3rver_object"))
        << "it was sent all the same";
    EXPECT_EQ(RepositoryBed::reading(*newer).catalogue.log.size(), 1U);
    ASSERT_EQ(message_of(newer->claim("b", Epoch{5})), "");
    EXPECT_FALSE(
        fs::exists(server_.data() / "offsite/shop/log/7/0000000003.a/0006.json._S3rver_object"))
        << "and goes with the next claim";
    EXPECT_EQ(RepositoryBed::reading(*newer).catalogue.log.size(), 1U);
}

TEST(RcloneConfig, IsForNobodyElse) {
    TemporaryFolder folder;
    const auto file = folder / "rclone.conf";
    EXPECT_EQ(check_private(file).error().code, Errc::unreachable);
    write(file, "[s3]\n");
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_EQ(message_of(check_private(file)), "");
    for (const auto more :
         {fs::perms::group_read, fs::perms::others_read, fs::perms::group_write}) {
        fs::permissions(file, fs::perms::owner_read | more);
        EXPECT_EQ(check_private(file).error().code, Errc::refused);
    }
}

} // namespace
} // namespace lockstep::snapshots
