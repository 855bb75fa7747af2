// Snapshots, and disks that are full or lose their power.
#include <algorithm>
#include <csignal>
#include <filesystem>

#include "tests/e2e/snapshot_bed.h"
#include "tests/support/testbed/loop_file_system.h"

namespace lockstep::e2e {
namespace {

constexpr std::uint64_t mebibyte = 1U << 20U;
constexpr std::uint64_t repository_bytes = 1024 * mebibyte;
constexpr std::uint64_t little_bytes = 24 * mebibyte; // Less than any database.

/// The repository has a disk of its own, and the place for proofs hardly any.
class SnapshotDisks : public SnapshotBed {
protected:
    void make_disks() {
        repository_disk_.emplace(bed().repository(), repository_bytes);
        proof_disk_.emplace(bed().folder_of("b") / "proof", little_bytes);
        for (const auto& disk : {&*repository_disk_, &*proof_disk_}) {
            std::filesystem::remove(disk->folder() / "lost+found");
            must_run({{"chown", "postgres", disk->folder().string()}, {}, {}}, in(patient));
        }
    }
    /// Up to less than any snapshot needs while it is taken.
    void fill_repository() {
        repository_disk_->fill();
        const auto filler = repository_disk_->folder() / "filler";
        std::filesystem::resize_file(filler, std::filesystem::file_size(filler) - 10 * mebibyte);
    }
    void expect_nothing_half_made() {
        for (const auto& entry :
             std::filesystem::directory_iterator(bed().repository() / "shop" / "snapshots")) {
            EXPECT_TRUE(is_taken(entry.path().filename().string())) << entry.path();
        }
    }
    void expect_whole(const std::string& id) {
        const auto checked = bed().cli({"snapshot", "check", id}, patient);
        EXPECT_EQ(checked.status, 0) << checked.errors;
    }
    std::optional<LoopFileSystem> repository_disk_;
    std::optional<LoopFileSystem> proof_disk_;
};
INSTANTIATE_TEST_SUITE_P(postgresql, SnapshotDisks, testing::Values(Engine::postgresql));
INSTANTIATE_TEST_SUITE_P(mariadb, SnapshotDisks, testing::Values(Engine::mariadb));

TEST_P(SnapshotDisks, RDS_D1_RDS_D3_RDS_K5_FullOrWithoutPowerCostNoDatabaseAndNoSnapshot) {
    make_disks();
    bed().form();
    const auto writers = begin_writing();
    const auto first = take();
    // D3: no room for a proof.
    const auto proof = bed().cli({"snapshot", "verify", first}, patient);
    EXPECT_NE(proof.status, 0);
    EXPECT_NE(proof.errors.find("not enough room"), std::string::npos) << proof.errors;
    EXPECT_LT(little_bytes / 2, std::filesystem::space(proof_disk_->folder()).available);
    // D1: no room for a snapshot.
    fill_repository();
    const auto none = bed().cli({"snapshot", "create", "shop"}, patient);
    EXPECT_NE(none.status, 0);
    EXPECT_NE(none.errors.find("No space left"), std::string::npos) << none.errors;
    expect_nothing_half_made();
    expect_event("snapshot failed", "No space left", patient);
    expect_writes(*writers, 200);
    EXPECT_EQ(bed().pair().at("phase"), "in sync");
    repository_disk_->empty();
    // K5: the repository's host loses its power when the snapshot was said to be taken.
    const auto second = take();
    repository_disk_->break_down();
    expect_writes(*writers, 200);
    bed().agent("b").end(SIGTERM,
                         in(patient)); // Its database goes on, and no file is open any more.
    repository_disk_->mend();
    bed().start_agent("b");
    expect_whole(first);
    expect_whole(second);
    expect_nothing_lost(*writers);
    wait_until_restorable(end_of_second().unix_ms);
    EXPECT_EQ(snapshots().at("restorable").at("gap"), "");
    const auto rows = ids_on("a");
    expect_restores({"shop"});
    EXPECT_EQ(ids_on("c"), rows);
}

} // namespace
} // namespace lockstep::e2e
