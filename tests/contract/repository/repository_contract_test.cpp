#include <functional>
#include <map>

#include <gtest/gtest.h>

#include "platform/files.h"
#include "tests/contract/repository/repository_bed.h"
#include "tests/contract/repository/repository_place.h"

/// What every kind of repository does (snapshots/repository.h).
namespace lockstep::snapshots {
namespace {

namespace fs = std::filesystem;

/// Filled once for each kind; every test has a copy.
class RepositoryContract : public ::testing::TestWithParam<RepositoryKind> {
protected:
    static void TearDownTestSuite() { filled().clear(); }

    void SetUp() override {
        auto& first = filled()[GetParam().name];
        if (!first) {
            first = GetParam().make();
            bed_.fill(*first->open("shop"));
        }
        ASSERT_FALSE(HasFatalFailure());
        place_ = GetParam().make();
        fs::copy(first->storage(), place_->storage(),
                 fs::copy_options::recursive | fs::copy_options::overwrite_existing);
        here_ = place_->open("shop");
    }

    /// The repository, claimed as the one who filled it did.
    Repository& writer() {
        EXPECT_EQ(message_of(here_->claim("a", Epoch{3})), "");
        return *here_;
    }

    static std::map<std::string, std::unique_ptr<RepositoryPlace>>& filled() {
        static std::map<std::string, std::unique_ptr<RepositoryPlace>> all;
        return all;
    }

    Reading reading() { return RepositoryBed::reading(*here_); }
    Catalogue catalogue() { return reading().catalogue; }
    std::string verify(const std::string& id) { return RepositoryBed::verify(*here_, id); }
    static bool names_file(const std::string& message) {
        return names(message, "shop-1/") && names(message, "base.tar.zst");
    }
    static bool names_segment(const std::string& message) {
        return names(message, "log/7/") && names(message, "0005");
    }
    Result<void> fetch(const std::string& name) { return bed_.fetch(*here_, name); }
    Result<LogSegment> keep(Repository& repository, const std::string& name,
                            const std::string& content, Epoch epoch) {
        return bed_.keep(repository, name, content, epoch);
    }
    static Snapshot snapshot(const std::string& id) { return RepositoryBed::snapshot(id); }

    RepositoryBed bed_;
    std::unique_ptr<RepositoryPlace> place_;
    std::unique_ptr<Repository> here_;
};

INSTANTIATE_TEST_SUITE_P(All, RepositoryContract, ::testing::ValuesIn(repository_kinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(RepositoryContract, HoldsWhatWasPutThere) {
    const auto all = catalogue();
    EXPECT_TRUE(check(all).has_value());
    EXPECT_EQ(all.snapshots.size(), 2U);
    EXPECT_EQ(all.log.size(), 3U);
    EXPECT_EQ(all.forks.size(), 1U);
    EXPECT_EQ(verify("shop-1"), "");
    EXPECT_EQ(message_of(fetch("0006.partial")), "");
    EXPECT_EQ(content_of(bed_.fetched() / "0006.partial"), "0006.partial content");
}

TEST_P(RepositoryContract, NotesWhatIsFoundOutLater) {
    Repository& here = writer();
    Snapshot one = catalogue().snapshots.front();
    one.keep = true;
    one.tags = {{"why", "audit"}};
    one.damage = "a flipped bit";
    one.proof = SnapshotProof::queried;
    ASSERT_EQ(message_of(here.note(one)), "");
    EXPECT_EQ(catalogue().snapshots.front(), one);
    EXPECT_EQ(verify(one.id), "") << "its files are still described";
}

TEST_P(RepositoryContract, RDS_V1_NamesTheFileInWhichABitFlipped) {
    flip_bit(place_->snapshot_file("shop-1", "base.tar.zst"), 50'000, 3);
    EXPECT_TRUE(names_file(verify("shop-1"))) << verify("shop-1");
    EXPECT_EQ(verify("shop-2"), "");
    flip_bit(place_->segment("0005"), 2, 0);
    EXPECT_TRUE(names_segment(message_of(fetch("0005")))) << message_of(fetch("0005"));
    EXPECT_EQ(message_of(fetch("0006")), "");
}

TEST_P(RepositoryContract, RDS_V1_SeesEverySingleBitInADescription) {
    const std::vector<std::pair<fs::path, std::string>> files = {
        {place_->description("shop-1"), "shop-1"},
        {place_->segment_description("0005"), "0005.json"},
        {place_->forks("forks.json"), "forks.json"},
    };
    for (const auto& [file, name] : files) {
        const std::string good = content_of(file);
        for (std::size_t byte = 0; byte < good.size(); byte += GetParam().bit_stride) {
            flip_bit(file, byte, byte % 8);
            const auto seen = reading().damaged;
            ASSERT_EQ(seen.size(), 1U) << file << " byte " << byte;
            ASSERT_TRUE(names(seen.front(), name)) << seen.front();
            write(file, good);
        }
    }
    EXPECT_TRUE(reading().damaged.empty());
}

TEST_P(RepositoryContract, RDS_V2_NamesWhatIsMissingOrShort) {
    const auto file = place_->snapshot_file("shop-1", "base.tar.zst");
    fs::resize_file(file, 1000);
    EXPECT_TRUE(names_file(verify("shop-1"))) << verify("shop-1");
    fs::resize_file(file, 0);
    EXPECT_TRUE(names_file(verify("shop-1"))) << verify("shop-1");
    place_->remove(file);
    EXPECT_TRUE(names_file(verify("shop-1"))) << verify("shop-1");
    const auto opened = here_->open_snapshot("shop-1", Repository::Verify::sizes, {});
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, Errc::corrupt);
    place_->remove(place_->description("shop-2"));
    EXPECT_EQ(catalogue().snapshots.size(), 1U) << "what has no description is not there";
}

TEST_P(RepositoryContract, RDS_V3_CountsNoLogThatIsNotThere) {
    const std::vector<std::function<void(const fs::path&)>> ways = {
        [](const fs::path& object) { fs::resize_file(object, 1); },
        [](const fs::path& object) { fs::resize_file(object, 0); },
        [this](const fs::path& object) { place_->remove(object); },
    };
    for (const auto& way : ways) {
        way(place_->segment("0005"));
        const auto left = reading();
        EXPECT_EQ(left.catalogue.log.size(), 2U);
        ASSERT_EQ(left.damaged.size(), 1U);
        EXPECT_TRUE(names_segment(left.damaged.front())) << left.damaged.front();
    }
}

TEST_P(RepositoryContract, RDS_V3_TakesLostLogOnceMore) {
    Repository& here = writer();
    for (const std::string lost : {"missing", "short", "flipped"}) {
        const auto object = place_->segment("0005");
        if (lost == "missing") {
            place_->remove(object);
        } else if (lost == "short") {
            fs::resize_file(object, 1);
        } else {
            flip_bit(object, 3, 1);
        }
        ASSERT_TRUE(keep(here, "0005", "0005 content", Epoch{3}).has_value());
        EXPECT_EQ(content_of(object), "0005 content") << lost << ": its sender lets go of it now";
        EXPECT_TRUE(reading().damaged.empty());
    }
}

TEST_P(RepositoryContract, RDS_V4_RefusesASecondContentUnderAName) {
    Repository& here = writer();
    EXPECT_TRUE(keep(here, "0005", "0005 content", Epoch{3}).has_value()) << "the same is fine";
    const auto second = keep(here, "0005", "another text", Epoch{3});
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, Errc::refused);
    EXPECT_TRUE(names_segment(second.error().message));
    EXPECT_EQ(content_of(place_->segment("0005")), "0005 content");
    ASSERT_TRUE(here.stage("shop-1").has_value());
    EXPECT_FALSE(here.finish(snapshot("shop-1"), {}).has_value());
    EXPECT_EQ(verify("shop-1"), "");
}

TEST_P(RepositoryContract, RDS_V6_IsReadByWhoeverFindsIt) {
    place_->remove(place_->claim());
    const auto other = place_->open("shop");
    EXPECT_EQ(other->read()->catalogue, catalogue());
}

TEST_P(RepositoryContract, RDS_V6_HoldsTheForksTwice) {
    Repository& here = writer();
    const auto forks = catalogue().forks;
    place_->remove(place_->forks("forks.json"));
    EXPECT_EQ(catalogue().forks, forks);
    EXPECT_EQ(message_of(here.note_forks({{{"3"}, {"2"}, 9}})), "");
    EXPECT_EQ(catalogue().forks.size(), 2U) << "added to what is known";
    place_->remove(place_->forks("forks.copy.json"));
    EXPECT_EQ(catalogue().forks.size(), 2U);
    EXPECT_EQ(here.note_forks({{{"3"}, {"1"}, 9}}).error().code, Errc::refused);
    EXPECT_EQ(catalogue().forks.size(), 2U);
}

TEST_P(RepositoryContract, RDS_K3_RefusesALowerEpochThanTheHighestThatWrote) {
    Repository& here = writer();
    const auto newer = place_->open("shop");
    ASSERT_EQ(message_of(newer->claim("b", Epoch{4})), "");
    EXPECT_EQ(keep(here, "0007", "of the old primary", Epoch{3}).error().code, Errc::refused);
    EXPECT_FALSE(here.stage("shop-3").has_value());
    EXPECT_FALSE(here.note(snapshot("shop-1")).has_value());
    EXPECT_FALSE(here.remove_snapshot("shop-1").has_value());
    EXPECT_FALSE(here.remove_log(catalogue().log).has_value());
    EXPECT_FALSE(here.note_forks({}).has_value());
    const auto again = here.claim("a", Epoch{3});
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().code, Errc::refused);
    EXPECT_TRUE(names(again.error().message, "epoch 4")) << again.error().message;
    EXPECT_TRUE(keep(*newer, "0007", "of the new one", Epoch{4}).has_value());
    EXPECT_EQ(catalogue().snapshots.size(), 2U);
    EXPECT_EQ(catalogue().log.size(), 4U);
    EXPECT_EQ(message_of(fetch("0007")), "");
    EXPECT_EQ(content_of(bed_.fetched() / "0007"), "of the new one");
    EXPECT_TRUE(reading().damaged.empty());
}

TEST_P(RepositoryContract, RDS_K3_WhatWasStagedUnderALowerEpochIsNeverFinished) {
    Repository& here = writer();
    const auto staged = here.stage("shop-3");
    ASSERT_TRUE(staged.has_value());
    write(*staged / "base.tar.zst", "data");
    const auto newer = place_->open("shop");
    ASSERT_EQ(message_of(newer->claim("b", Epoch{4})), "");
    EXPECT_FALSE(here.finish(snapshot("shop-3"), {}).has_value());
    EXPECT_EQ(catalogue().snapshots.size(), 2U);
    EXPECT_TRUE(reading().damaged.empty());
}

TEST_P(RepositoryContract, RDS_C1_LetsTwoWritersOfOneEpochDoEachOtherNoHarm) {
    Repository& here = writer();
    const auto second = place_->open("shop");
    const auto claimed = second->claim("b", Epoch{3});
    EXPECT_EQ(claimed.has_value(), !GetParam().has_locks) << "who can see the first, refuses";
    if (claimed) {
        EXPECT_TRUE(keep(*second, "0008", "of b", Epoch{3}).has_value());
        EXPECT_TRUE(keep(*second, "0005", "0005 content", Epoch{3}).has_value());
    } else {
        EXPECT_EQ(claimed.error().code, Errc::conflict);
    }
    EXPECT_EQ(message_of(here.claim("a", Epoch{3})), "") << "who has it may ask again";
    EXPECT_TRUE(keep(here, "0007", "more", Epoch{3}).has_value());
    EXPECT_EQ(catalogue().log.size(), claimed ? 5U : 4U);
    EXPECT_TRUE(reading().damaged.empty());
}

TEST_P(RepositoryContract, RDS_C2_IsTakenOverFromAWriterThatDied) {
    static_cast<void>(writer());
    here_.reset();
    here_ = place_->open("shop");
    Repository& here = *here_;
    EXPECT_EQ(message_of(here.claim("b", Epoch{3})), "");
    EXPECT_TRUE(keep(here, "0007", "more", Epoch{3}).has_value());
}

TEST_P(RepositoryContract, RDS_K4_KeepsAPieceThatWasNeverFinishedBesideTheWholeOne) {
    Repository& here = writer();
    ASSERT_TRUE(keep(here, "0007.partial", "a part", Epoch{3}).has_value());
    ASSERT_TRUE(keep(here, "0007", "all of it", Epoch{3}).has_value());
    EXPECT_EQ(message_of(fetch("0007.partial")), "");
    EXPECT_EQ(content_of(place_->segment("0007.partial")), "a part");
    EXPECT_EQ(content_of(place_->segment("0007")), "all of it");
}

TEST_P(RepositoryContract, RemovesTheDescriptionFirst) {
    Repository& here = writer();
    EXPECT_EQ(message_of(here.remove_snapshot("shop-1")), "");
    EXPECT_EQ(message_of(here.remove_snapshot("shop-1")), "") << "none is a success";
    EXPECT_FALSE(fs::exists(place_->snapshot_file("shop-1", "base.tar.zst")));
    auto segments = catalogue().log;
    EXPECT_EQ(message_of(here.remove_log({segments.front()})), "");
    EXPECT_EQ(message_of(here.remove_log({segments.front()})), "");
    EXPECT_EQ(catalogue().log.size(), 2U);
    EXPECT_TRUE(reading().damaged.empty());
}

TEST_P(RepositoryContract, RDS_D1_AGivenUpSnapshotGivesItsRoomBack) {
    Repository& here = writer();
    const auto staged = here.stage("shop-3");
    ASSERT_TRUE(staged.has_value());
    write(*staged / "base.tar.zst", "half");
    EXPECT_EQ(message_of(here.remove_snapshot("shop-3")), "");
    EXPECT_FALSE(fs::exists(*staged));
}

TEST_P(RepositoryContract, LetsNoNameOutOfItsFolder) {
    Repository& here = writer();
    for (const std::string bad : {"", ".", "..", "../x", "a/b", ".hidden", "a\nb"}) {
        EXPECT_FALSE(here.stage(bad).has_value()) << bad;
        EXPECT_FALSE(here.remove_snapshot(bad).has_value()) << bad;
        EXPECT_FALSE(here.open_snapshot(bad, Repository::Verify::sizes, {}).has_value()) << bad;
        write(bed_.folder_ / "spool" / "file", "x");
        EXPECT_FALSE(
            here.keep(bed_.folder_ / "spool" / "file", RepositoryBed::segment(bad, Epoch{3}))
                .has_value())
            << bad;
    }
}

} // namespace
} // namespace lockstep::snapshots
