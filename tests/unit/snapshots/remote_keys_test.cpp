#include "snapshots/remote_keys.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include <gtest/gtest.h>

namespace lockstep::snapshots {
namespace {

using Kind = RemoteKey::Kind;

const Claim a3{"a", Epoch{3}};
const Claim b3{"b", Epoch{3}};
const Claim b4{"b", Epoch{4}};

LogSegment segment(const std::string& name) {
    LogSegment one;
    one.name = name;
    one.system_id = "7";
    return one;
}

TEST(RemoteKeys, AreReadAsTheyAreWritten) {
    const auto parsed = [](const std::string& key) { return *parse_key(key); };
    EXPECT_EQ(claim_key(a3), "claims/0000000003.a.json");
    EXPECT_EQ(parsed(claim_key(a3)), (RemoteKey{Kind::claim, a3, "", "", 0}));
    EXPECT_EQ(parsed(announcement_key(a3)), (RemoteKey{Kind::announcement, a3, "", "", 0}));
    EXPECT_EQ(parsed(description_key("shop-1", b4, 12)),
              (RemoteKey{Kind::snapshot, b4, "shop-1", "", 12}));
    EXPECT_EQ(parsed(snapshot_prefix("shop-1") + "/" + files_prefix(b4) + "/conf/x.json"),
              (RemoteKey{Kind::snapshot_file, b4, "shop-1", "conf/x.json", 0}));
    EXPECT_EQ(segment_key(segment("0005"), a3), "log/7/0000000003.a/0005");
    EXPECT_EQ(parsed(segment_key(segment("0005.partial"), a3)),
              (RemoteKey{Kind::segment_object, a3, "7", "0005.partial", 0}));
    EXPECT_EQ(parsed(segment_key(segment("0005"), a3) + ".json"),
              (RemoteKey{Kind::segment, a3, "7", "0005", 0}));
    EXPECT_EQ(parsed(forks_key(a3, "forks.json")),
              (RemoteKey{Kind::forks, a3, "", "forks.json", 0}));
    const Claim far{"db_1", Epoch{18446744073709551615U}};
    EXPECT_EQ(parsed(claim_key(far)).hand, far);
}

TEST(RemoteKeys, LeaveAloneWhatIsNotOurs) {
    for (const auto* key : {"",
                            "claims",
                            "claims/x",
                            "claims/3.json",
                            "claims/3.A.json",
                            "claims/x.a.json",
                            "claims/-3.a.json",
                            "claims/3.a.txt",
                            "claims/3.a.json/x",
                            "snapshots/x",
                            "snapshots/x/3.a",
                            "snapshots/x/3.a/files",
                            "snapshots/x/3.a/y.json",
                            "snapshots/x/3.a/1.json/z",
                            "snapshots/x/3/1.json",
                            "log/7/0005",
                            "log/7/3.a/b/c",
                            "forks/3.a/x",
                            "forks/3.a/x/y.json",
                            "other/7/3.a/0005",
                            "claims/3.a.announced"}) {
        EXPECT_FALSE(parse_key(key).has_value()) << key;
    }
}

KeySizes sizes(const std::vector<std::string>& keys) {
    KeySizes all;
    for (const auto& key : keys) {
        all.emplace(key, 1);
    }
    return all;
}

std::vector<std::string> counting(const KeySizes& keys, const Counted& counted) {
    std::vector<std::string> found;
    for (const auto& [key, bytes] : keys) {
        if (const auto parsed = parse_key(key); parsed && counted.counts(key, *parsed)) {
            found.push_back(key);
        }
    }
    return found;
}

const std::string old_log = segment_key(segment("0005"), a3);
const std::string late_log = segment_key(segment("0006"), a3);
const std::string new_log = segment_key(segment("0006"), b4);

TEST(RemoteKeys, CountWhatTheHighestEpochWroteAndWhatItFound) {
    const auto keys = sizes({old_log, old_log + ".json", late_log, late_log + ".json", new_log,
                             new_log + ".json", claim_key(b4)});
    const Counted counted(keys, {{b4, {old_log + ".json"}}, {a3, {}}});
    EXPECT_TRUE(counted.told());
    EXPECT_EQ(counting(keys, counted),
              (std::vector<std::string>{old_log + ".json", new_log + ".json"}));
}

TEST(RemoteKeys, CountAllWhileNoClaimTellsThemApart) {
    const auto keys = sizes({old_log + ".json", new_log + ".json"});
    const Counted counted(keys, {{a3, {}}});
    EXPECT_FALSE(counted.told()) << "the claim of epoch 4 is lost";
    EXPECT_EQ(counting(keys, counted).size(), 2U);
    EXPECT_TRUE(Counted(sizes({old_log + ".json"}), {}).told()) << "one epoch alone needs none";
    EXPECT_TRUE(Counted({}, {}).told());
}

TEST(RemoteKeys, AreNotChangedByWhoOnlyAnnouncedItself) {
    const auto keys = sizes({old_log + ".json", claim_key(a3), announcement_key(b4)});
    const Counted counted(keys, {{a3, {}}});
    EXPECT_EQ(counting(keys, counted).size(), 1U);
    EXPECT_EQ(higher_claim(keys, Epoch{3}), b4) << "but nobody below writes any more";
    EXPECT_FALSE(higher_claim(keys, Epoch{4}).has_value());
}

TEST(RemoteKeys, TwoWritersOfOneEpochBothCount) {
    const auto of_b = segment_key(segment("0006"), b3) + ".json";
    const auto keys = sizes({claim_key(a3), claim_key(b3), late_log + ".json", of_b});
    EXPECT_EQ(counting(keys, Counted(keys, {{a3, {}}, {b3, {}}})).size(), 2U);
    EXPECT_FALSE(higher_claim(keys, Epoch{3}).has_value());
}

TEST(RemoteKeys, LeaveNothingThatNobodyWillRead) {
    const auto files = snapshot_prefix("half") + "/" + files_prefix(a3) + "/base";
    const auto mine = snapshot_prefix("mine") + "/" + files_prefix(b4) + "/base";
    const auto whole = snapshot_prefix("whole") + "/" + files_prefix(a3) + "/base";
    const auto other = snapshot_prefix("other") + "/" + files_prefix({"c", Epoch{4}}) + "/base";
    const auto noted = description_key("whole", b4, 2);
    const auto keys = sizes({old_log, old_log + ".json", late_log, late_log + ".json", new_log,
                             files, mine, whole, other, noted, claim_key(a3), claim_key(b4),
                             announcement_key(b4), "a friend's file"});
    const Counted counted(keys, {{b4, {old_log + ".json"}}});
    const std::vector<std::string> left{
        announcement_key(b4), claim_key(a3), late_log, late_log + ".json", new_log, files, mine};
    auto sorted = [](std::vector<std::string> all) {
        std::ranges::sort(all);
        return all;
    };
    EXPECT_EQ(sorted(leftovers(keys, counted, b4, {})), sorted(left))
        << "a bare object, a half snapshot, what came too late, and who was before";
    EXPECT_EQ(leftovers(keys, counted, b4, {"mine"}).size(), left.size() - 1)
        << "what is still being brought stays";
}

/// The claim as a game: three writers take their steps in every order there is.
class Game {
public:
    enum class Step { put, check, announce, look, claim };
    struct Writer {
        Claim hand;
        std::vector<Step> steps;
        std::size_t next = 0;
        bool out = false; // It was refused.
        KeySizes seen;
        std::string last_put;
    };

    explicit Game(std::vector<Writer> writers) : writers_(std::move(writers)) {}

    void play_all(const std::function<void(const Game&)>& at_the_end) {
        bool any = false;
        for (std::size_t who = 0; who < writers_.size(); ++who) {
            if (writers_[who].next < writers_[who].steps.size()) {
                any = true;
                Game branch = *this;
                branch.take_step(branch.writers_[who]);
                branch.play_all(at_the_end);
            }
        }
        if (!any) {
            at_the_end(*this);
        }
    }

    void take_step(Writer& writer) {
        const auto step = writer.steps[writer.next++];
        if (writer.out) {
            return;
        }
        switch (step) {
        case Step::put: put(writer); break;
        case Step::check: check(writer); break;
        case Step::announce: keys_.emplace(announcement_key(writer.hand), 1); break;
        case Step::look: look(writer); break;
        case Step::claim: claim(writer); break;
        }
    }

    KeySizes keys_;
    std::vector<RemoteClaim> claims_;
    std::vector<std::string> promised_;                  // Their senders let go of them.
    std::map<Epoch, std::vector<std::string>> too_late_; // Put after that successor had looked.

private:
    void put(Writer& writer) {
        writer.last_put = segment_key(segment(std::to_string(writer.next)), writer.hand) + ".json";
        keys_.emplace(writer.last_put, 1);
        for (const Epoch epoch : looked_) {
            if (epoch > writer.hand.epoch) {
                too_late_[epoch].push_back(writer.last_put);
            }
        }
    }
    void check(Writer& writer) {
        writer.out = higher_claim(keys_, writer.hand.epoch).has_value();
        if (!writer.out) {
            promised_.push_back(writer.last_put);
        }
    }
    void look(Writer& writer) {
        writer.seen = keys_;
        writer.out = higher_claim(keys_, writer.hand.epoch).has_value();
        looked_.insert(writer.hand.epoch);
    }
    void claim(Writer& writer) {
        const Counted counted(writer.seen, claims_of(writer.seen));
        claims_.push_back({writer.hand, taken_over(writer.seen, counted, writer.hand)});
        keys_.emplace(claim_key(writer.hand), 1);
    }
    [[nodiscard]] std::vector<RemoteClaim> claims_of(const KeySizes& seen) const {
        std::vector<RemoteClaim> found;
        for (const auto& claim : claims_) {
            if (seen.contains(claim_key(claim.claim))) {
                found.push_back(claim);
            }
        }
        return found;
    }

    std::vector<Writer> writers_;
    std::set<Epoch> looked_;
};

TEST(RemoteClaim, RDS_K3_LosesNothingPromisedAndTakesNothingLateInAnyOrder) {
    using Step = Game::Step;
    // a claimed before; b succeeds it and writes, c succeeds both.
    Game game(
        {{a3, {Step::put, Step::check, Step::put, Step::check}, 0, false, {}, {}},
         {b4, {Step::announce, Step::look, Step::claim, Step::put, Step::check}, 0, false, {}, {}},
         {{"c", Epoch{5}}, {Step::announce, Step::look, Step::claim}, 0, false, {}, {}}});
    game.keys_ = sizes({claim_key(a3)});
    game.claims_ = {{a3, {}}};
    int games = 0;
    game.play_all([&games](const Game& end) {
        ++games;
        const Counted counted(end.keys_, end.claims_);
        ASSERT_TRUE(counted.told());
        const auto found = counting(end.keys_, counted);
        const auto counts = [&found](const std::string& key) {
            return std::ranges::find(found, key) != found.end();
        };
        for (const auto& key : end.promised_) {
            ASSERT_TRUE(counts(key)) << key << " was promised, in game " << games;
        }
        // Who claimed and was succeeded before it promised anything changed nothing.
        for (const auto& [epoch, late] : end.too_late_) {
            const bool wrote = std::ranges::any_of(end.promised_, [&](const std::string& key) {
                return parse_key(key)->hand.epoch == epoch;
            });
            for (const auto& key : late) {
                ASSERT_FALSE(counts(key) && (wrote || epoch == counted.epoch()))
                    << key << " came after its successor, in game " << games;
            }
        }
    });
    EXPECT_EQ(games, 27720);
}

} // namespace
} // namespace lockstep::snapshots
