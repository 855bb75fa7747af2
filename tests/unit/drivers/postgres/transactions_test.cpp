#include "drivers/common/transactions_page.h"
#include "drivers/postgres/transactions.h"

#include <gtest/gtest.h>

namespace lockstep::postgres {
namespace {

constexpr auto insert =
    "rmgr: Heap        len (rec/tot):     54/   150, tx:        735, lsn: 0/01536E58, prev "
    "0/01536E20, desc: INSERT off 3 flags 0x00, blkref #0: rel 1663/5/16385 blk 0 FPW, blkref #1: "
    "rel 1663/5/16385 fork vm blk 0";

/// What pg_waldump prints of one record.
std::string line(const std::string& manager, std::uint64_t xid, const std::string& what) {
    return "rmgr: " + manager + " len (rec/tot):     34/    34, tx:        " + std::to_string(xid) +
           ", lsn: 0/03000028, prev 0/03000000, desc: " + what;
}

struct Log {
    std::vector<KeptTransaction> told;
    Transactions transactions{[this](const KeptTransaction& one) { told.push_back(one); }};
    void take(const std::string& text) {
        const auto record = parse_log_record(text);
        ASSERT_TRUE(record) << text;
        transactions.take(*record);
    }
};

TEST(LogRecord, IsReadFromPgWaldump) {
    const auto record = parse_log_record(insert);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->manager, "Heap");
    EXPECT_EQ(record->xid, 735U);
    EXPECT_EQ(record->position, "0/01536E58");
    EXPECT_TRUE(record->what.starts_with("INSERT off 3"));
    EXPECT_EQ(record->relations, std::vector<std::string>{"1663/5/16385"});
    EXPECT_FALSE(parse_log_record("pg_waldump: error: error in WAL record at 0/1: invalid"));
    EXPECT_FALSE(parse_log_record("rmgr: Heap"));
    EXPECT_FALSE(parse_log_record(""));
}

TEST(Transactions, TellsHowEachEnded) {
    Log log;
    log.take(insert);
    log.take(
        line("Transaction", 735, "COMMIT 2026-11-25 16:20:45.123456 UTC; inval msgs: relcache 5"));
    log.take(line("Heap", 736, "DELETE off 1, blkref #0: rel 1663/5/16390 blk 1"));
    log.take(line("Transaction", 736, "ABORT 2026-11-25 16:20:46 UTC"));
    log.take(line("Heap", 737, "INSERT off 1, blkref #0: rel 1663/5/16390 blk 1"));
    log.take(line("Standby", 0, "RUNNING_XACTS nextXid 738"));
    log.transactions.finish();
    const auto& result = log.transactions.result();
    EXPECT_EQ(result.committed, 1U);
    EXPECT_EQ(result.rolled_back, 1U);
    EXPECT_EQ(result.unfinished, 1U);
    ASSERT_EQ(log.told.size(), 3U);
    EXPECT_EQ(log.told[0].end, "committed 2026-11-25 16:20:45.123456 UTC");
    EXPECT_EQ(log.told[0].objects, std::vector<std::string>{"1663/5/16385 (1)"});
    EXPECT_EQ(log.told[1].end, "rolled back 2026-11-25 16:20:46 UTC");
    EXPECT_EQ(log.told[2].end, "unfinished");
    EXPECT_EQ(result.transactions, log.told);
    EXPECT_EQ(
        in_one_line(log.told[1]),
        "736  rolled back 2026-11-25 16:20:46 UTC  0/03000028  1 changes  in 1663/5/16390 (1)");
}

TEST(Transactions, CountHeartbeatsApart) {
    Log log;
    log.take(line("LogicalMessage", 740,
                  "MESSAGE transactional, prefix \"lockstep\"; payload (0 bytes): "));
    log.take(line("Transaction", 740, "COMMIT 2026-11-25 16:20:45 UTC"));
    log.take(line("LogicalMessage", 741,
                  "MESSAGE transactional, prefix \"lockstep\"; payload (0 bytes): "));
    log.take(line("Heap", 741, "INSERT off 1, blkref #0: rel 1663/5/16390 blk 1"));
    log.take(line("Transaction", 741, "COMMIT 2026-11-25 16:20:45 UTC"));
    log.take(line("LogicalMessage", 742,
                  "MESSAGE transactional, prefix \"lockstep\"; payload (0 bytes): "));
    log.transactions.finish();
    EXPECT_EQ(log.transactions.result().heartbeats, 1U);
    EXPECT_EQ(log.transactions.result().committed, 1U);
    EXPECT_EQ(log.transactions.result().unfinished, 0U);
}

TEST(Transactions, PutSubtransactionsAndPreparedOnesToTheirWhole) {
    Log log;
    log.take(line("Heap", 750, "INSERT off 1, blkref #0: rel 1663/5/1 blk 1"));
    log.take(line("Heap", 751, "INSERT off 1, blkref #0: rel 1663/5/2 blk 1"));
    log.take(line("Transaction", 750, "COMMIT 2026-11-25 16:20:45 UTC; subxacts: 751 752"));
    log.take(line("Heap", 760, "INSERT off 1, blkref #0: rel 1663/5/1 blk 1"));
    log.take(line("Transaction", 760, "PREPARE gid x: 2026-11-25 16:20:45 UTC"));
    log.take(line("Transaction", 0, "COMMIT_PREPARED 760: 2026-11-25 16:20:47 UTC"));
    log.take(line("Heap", 770, "INSERT off 1, blkref #0: rel 1663/5/1 blk 1"));
    log.take(line("Transaction", 770, "PREPARE gid y: 2026-11-25 16:20:45 UTC"));
    log.transactions.finish();
    ASSERT_EQ(log.told.size(), 3U);
    EXPECT_EQ(log.told[0].changes, 2U);
    EXPECT_EQ(log.told[0].objects.size(), 2U);
    EXPECT_EQ(log.told[1].id, "760");
    EXPECT_EQ(log.told[1].end, "committed 2026-11-25 16:20:47 UTC");
    EXPECT_EQ(log.told[2].end, "prepared, not committed");
}

TEST(Transactions, AreBounded) {
    Log log;
    for (std::uint64_t xid = 1; xid <= 100; ++xid) {
        for (int relation = 0; relation < 20; ++relation) {
            log.take(line("Heap", xid,
                          "INSERT, blkref #0: rel 1663/5/" + std::to_string(relation) + " blk 1"));
        }
        log.take(line("Transaction", xid, "COMMIT 2026-11-25 16:20:45 UTC"));
    }
    EXPECT_EQ(log.told.size(), 100U);
    EXPECT_EQ(log.transactions.result().committed, 100U);
    EXPECT_EQ(log.transactions.result().transactions.size(), 20U);
    EXPECT_EQ(log.told[0].objects.size(), 9U);
    EXPECT_EQ(log.told[0].objects.back(), "and others");
    EXPECT_EQ(log.told[0].changes, 20U);
}

} // namespace
} // namespace lockstep::postgres
