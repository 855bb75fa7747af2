#include "agent/memory.h"

#include <fstream>

#include <gtest/gtest.h>

#include "platform/files.h"
#include "tests/support/pair_fixture.h"
#include "tests/support/run_coroutine.h"
#include "tests/support/temporary_folder.h"

namespace lockstep {
namespace {

class AgentMemory : public testing::Test {
protected:
    Result<Memory> open() { return Memory::open(folder_.path(), "store", context_.get_executor()); }
    void accept(Memory& memory, PairRecord record) {
        const auto kept = run_to_end(context_, memory.accept(std::move(record), "a"));
        ASSERT_TRUE(kept.has_value()) << kept.error().message;
    }
    void write(const std::string& name, const std::string& text) {
        std::ofstream(folder_ / name) << text;
    }

    TemporaryFolder folder_;
    asio::io_context context_;
};

TEST_F(AgentMemory, BeginsEmpty) {
    const auto memory = open();
    ASSERT_TRUE(memory.has_value()) << memory.error().message;
    EXPECT_FALSE(memory->record().has_value());
    EXPECT_EQ(number(memory->accepted()), 0U);
    EXPECT_TRUE(memory->data().data_id.empty());
}

TEST_F(AgentMemory, RemembersAcrossAnEnd) {
    DataMemory data{"mark", "7001", true, Epoch{4}, Epoch{3}, "old"};
    wire::Zone zone;
    zone.name = "db.test";
    zone.serial = 12;
    {
        auto memory = open();
        accept(*memory, fixture::granted_record());
        ASSERT_TRUE(run_to_end(context_, memory->keep_data(data)).has_value());
        ASSERT_TRUE(run_to_end(context_, memory->keep_zone(zone)).has_value());
    }
    const auto memory = open();
    ASSERT_TRUE(memory.has_value()) << memory.error().message;
    EXPECT_EQ(memory->record(), fixture::granted_record());
    EXPECT_EQ(memory->data(), data);
    EXPECT_EQ(memory->zone(), zone);
}

TEST_F(AgentMemory, RemembersTheHighestEpochInWhichItWasNamedPrimary) { // REDTEAM F13
    {
        auto memory = open();
        accept(*memory, fixture::solo_record());
        auto newer = fixture::promoting_record(); // Names b, in epoch 2.
        newer.revision = Revision{11};
        accept(*memory, newer);
        EXPECT_EQ(memory->named_primary(), Epoch{1});
    }
    EXPECT_EQ(open()->named_primary(), Epoch{1});
}

TEST_F(AgentMemory, IsInForceOnlyOnceItIsOnDisk) { // R7
    auto memory = open();
    accept(*memory, fixture::solo_record());
    std::filesystem::remove_all(folder_.path()); // Nothing can be written any more.
    auto newer = fixture::solo_record();
    newer.revision = Revision{11};
    const auto kept = run_to_end(context_, memory->accept(newer, "a"));
    EXPECT_FALSE(kept.has_value());
    EXPECT_EQ(memory->accepted(), Revision{10});
}

TEST_F(AgentMemory, ACrashBetweenWritesLeavesTheOldRecord) {
    {
        auto memory = open();
        accept(*memory, fixture::solo_record());
    }
    // What a crash before the rename leaves behind.
    const auto whole = read_file(folder_ / "accepted.json");
    write("accepted.json.tmp", whole->substr(0, whole->size() / 2));
    const auto memory = open();
    ASSERT_TRUE(memory.has_value()) << memory.error().message;
    EXPECT_EQ(memory->accepted(), Revision{10});
}

TEST_F(AgentMemory, NamesACorruptFileAndWhatToDo) {
    for (const std::string name : {"accepted.json", "data.json", "zone.json"}) {
        for (const std::string text : {"", "{", "{\"format\": 1}", "[]"}) {
            write(name, text);
            const auto memory = open();
            ASSERT_FALSE(memory.has_value()) << name << ": " << text;
            EXPECT_EQ(memory.error().code, Errc::corrupt);
            EXPECT_NE(memory.error().message.find((folder_ / name).string()), std::string::npos);
            EXPECT_NE(memory.error().message.find("Restore"), std::string::npos);
        }
        std::filesystem::remove(folder_ / name);
    }
}

TEST_F(AgentMemory, RefusesANewerFormat) {
    write("data.json", R"({"format": 2, "anything": true})");
    const auto memory = open();
    ASSERT_FALSE(memory.has_value());
    EXPECT_NE(memory.error().message.find("newer"), std::string::npos) << memory.error().message;
}

TEST_F(AgentMemory, RefusesARecordThatBreaksTheRules) {
    {
        auto memory = open();
        accept(*memory, fixture::solo_record());
    }
    auto text = *read_file(folder_ / "accepted.json");
    const std::string primary = R"("primary":"a")";
    text.replace(text.find(primary), primary.size(), R"("primary":"z")");
    write("accepted.json", text);
    EXPECT_FALSE(open().has_value());
}

TEST_F(AgentMemory, RefusesTheRecordOfAnotherStore) {
    {
        auto memory = open();
        accept(*memory, fixture::solo_record());
    }
    const auto memory = Memory::open(folder_.path(), "other", context_.get_executor());
    ASSERT_FALSE(memory.has_value());
    EXPECT_NE(memory.error().message.find("other"), std::string::npos);
}

} // namespace
} // namespace lockstep
