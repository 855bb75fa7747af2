// Mutated frames: decode() must answer with a message or with `corrupt`, and what it accepts must
// survive another trip. Seeded: a failure names its seed.
#include <random>

#include <gtest/gtest.h>

#include "core/wire/codec.h"
#include "tests/support/pair_fixture.h"

namespace lockstep {
namespace {

std::string mutated(std::string text, std::mt19937& random) {
    static constexpr std::string_view spice = "{}[]\":,0-9eE.null\\u\x00\xff\x80 ";
    const auto count = 1 + random() % 4;
    for (std::size_t i = 0; i < count && !text.empty(); ++i) {
        const auto at = random() % text.size();
        switch (random() % 4) {
        case 0: text[at] = spice[random() % spice.size()]; break;
        case 1: text.erase(at, 1 + random() % 16); break;
        case 2: text.insert(at, 1, spice[random() % spice.size()]); break;
        default: text.insert(at, text.substr(random() % text.size(), random() % 32)); break;
        }
    }
    return text;
}

void expect_survives(const std::string& text) {
    const auto decoded = wire::decode(text);
    if (!decoded) {
        EXPECT_EQ(decoded.error().code, Errc::corrupt);
        return;
    }
    EXPECT_TRUE(wire::decode(wire::encode(*decoded)));
}

TEST(WireCodecFuzz, MutatedFramesAreMessagesOrCorrupt) {
    const auto record = fixture::granted_record();
    wire::Told told;
    told.store_id = "store";
    told.record = record;
    told.permit = wire::StartPermit{1, Epoch{1}};
    told.proof = wire::Stamp{"run", Milliseconds{5}};
    told.orders = {{SnapshotWork::take, "shop-1", "shop", SnapshotKind::manual, {}, {}, "ann", 7}};
    wire::Snapshots snapshots;
    snapshots.report.snapshots = {Snapshot{}};
    snapshots.report.log = {LogSegment{}};
    snapshots.report.jobs = {SnapshotJob{}};
    const std::string seeds[] = {
        wire::encode(wire::Message{wire::Hello{}}),
        wire::encode(
            wire::Message{wire::Status{fixture::observed(record, "b"), {"run", Milliseconds{5}}}}),
        wire::encode(wire::Message{told}),
        wire::encode(wire::Message{snapshots}),
        wire::encode(wire::Message{wire::Enroll{"a", "secret", "csr"}}),
        wire::encode(wire::Message{wire::Divergences{{KeptDivergence{}}}}),
    };
    for (unsigned seed = 1; seed <= 4000; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        expect_survives(mutated(seeds[seed % std::size(seeds)], random));
    }
}

TEST(WireCodecFuzz, DeepNestingDoesNotExhaustTheStack) {
    const std::string deep(100000, '[');
    EXPECT_FALSE(wire::decode(deep));
    EXPECT_FALSE(wire::decode_record(deep));
}

TEST(WireCodecFuzz, MutatedRecordsAreSoundOrCorrupt) {
    const auto text = wire::encode_record(fixture::in_sync_record());
    for (unsigned seed = 1; seed <= 4000; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        const auto record = wire::decode_record(mutated(text, random));
        if (record) {
            EXPECT_TRUE(check(*record));
        }
    }
}

} // namespace
} // namespace lockstep
