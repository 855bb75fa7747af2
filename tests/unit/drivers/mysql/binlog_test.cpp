#include <algorithm>
#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "drivers/mysql/binlog.h"
#include "tests/unit/drivers/mysql/log_maker.h"

namespace lockstep::mysql {
namespace {

using Found = std::vector<LoggedTransaction>;

Result<LogFile> read(Flavour flavour, const std::string& text, Found* found = nullptr) {
    std::istringstream in(text);
    const OnTransaction keep = [found](const LoggedTransaction& transaction) {
        if (found != nullptr) {
            found->push_back(transaction);
        }
    };
    return read_log(flavour, in, keep);
}

TEST(Binlog, TellsWhatWasBeforeAndWhatIsInAMariadbFile) {
    LogMaker log(Flavour::mariadb);
    log.before({{0, 1, 100}, {0, 2, 150}});
    const auto first = log.size();
    log.transaction(1, 151);
    log.statement(1, 152, "CREATE TABLE t(id int)");
    Found found;
    const auto file = read(Flavour::mariadb, log.text(), &found);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_FALSE(file->closed);
    EXPECT_EQ(file->server_version, "10.11.19-MariaDB-log");
    EXPECT_EQ(file->before.print(), "0-1-100,0-2-150");
    EXPECT_EQ(file->here.print(), "0-1-152");
    EXPECT_EQ(file->end_bytes, log.size());
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].begin, first);
    EXPECT_EQ(found[0].end, found[1].begin);
    EXPECT_TRUE(found[0].whole && found[1].whole);
    EXPECT_EQ(gtid_of(Flavour::mariadb, found[0]), "0-1-151");
}

TEST(Binlog, TellsWhatWasBeforeAndWhatIsInAMysqlFile) {
    LogMaker log(Flavour::mysql);
    log.before_mysql(3, 1, 8);
    log.transaction(3, 8);
    log.statement(3, 9, "CREATE TABLE t(id int)");
    log.close();
    Found found;
    const auto file = read(Flavour::mysql, log.text(), &found);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_TRUE(file->closed);
    EXPECT_EQ(file->before.print(), LogMaker::uuid_text(3) + ":1-7");
    EXPECT_EQ(file->here.print(), LogMaker::uuid_text(3) + ":8-9");
    ASSERT_EQ(found.size(), 2U);
    EXPECT_TRUE(found[0].whole && found[1].whole);
}

TEST(Binlog, CountsATornTransactionAsNotWhole) {
    for (const auto flavour : {Flavour::mysql, Flavour::mariadb}) {
        LogMaker log(flavour);
        log.before({});
        log.transaction(1, 1);
        const auto whole = log.size();
        log.transaction(1, 2);
        for (auto bytes = whole + 1; bytes < log.size(); ++bytes) {
            Found found;
            const auto file = read(flavour, log.text().substr(0, bytes), &found);
            ASSERT_TRUE(file);
            EXPECT_EQ(file->here.count(), 1U);
            ASSERT_GE(found.size(), 1U);
            EXPECT_TRUE(found[0].whole);
            EXPECT_TRUE(found.size() == 1 || !found[1].whole);
        }
    }
}

TEST(Binlog, StopsWhereZerosFollowAfterALossOfPower) {
    LogMaker log(Flavour::mariadb);
    log.before({});
    log.transaction(1, 1);
    const auto file = read(Flavour::mariadb, log.text() + std::string(4096, '\0'));
    ASSERT_TRUE(file);
    EXPECT_EQ(file->here.print(), "0-1-1");
    EXPECT_EQ(file->end_bytes, log.size());
}

TEST(Binlog, RefusesWhatIsNoLogOrCannotBeRead) {
    EXPECT_EQ(read(Flavour::mysql, "").error().code, Errc::corrupt);
    EXPECT_EQ(read(Flavour::mysql, "letter").error().code, Errc::corrupt);
    EXPECT_EQ(read(Flavour::mysql, "\xfd"
                                   "bin")
                  .error()
                  .code,
              Errc::unsupported);
    LogMaker nothing_before(Flavour::mariadb);
    EXPECT_EQ(read(Flavour::mariadb, nothing_before.text()).error().code, Errc::corrupt);
    LogMaker encrypted(Flavour::mariadb);
    encrypted.event(164, std::string(17, 'x'));
    EXPECT_EQ(read(Flavour::mariadb, encrypted.text()).error().code, Errc::unsupported);
    LogMaker anonymous(Flavour::mysql);
    anonymous.before({});
    anonymous.event(34, std::string(60, '\0'));
    EXPECT_EQ(read(Flavour::mysql, anonymous.text()).error().code, Errc::unsupported);
}

TEST(Binlog, CutAnywhereHoldsABeginningOfWhatItHeld) { // Property, by seed.
    std::mt19937 random(20261125);
    for (int round = 0; round < 300; ++round) {
        const auto flavour = round % 2 == 0 ? Flavour::mysql : Flavour::mariadb;
        LogMaker log(flavour);
        log.before({});
        const auto count = 1 + random() % 20;
        std::vector<std::size_t> ends;
        for (std::uint32_t number = 1; number <= count; ++number) {
            if (random() % 3 == 0) {
                log.statement(1, number, "DROP TABLE t");
            } else {
                log.transaction(1, number);
            }
            ends.push_back(log.size());
        }
        const auto cut = random() % (log.size() + 1);
        const auto file = read(flavour, log.text().substr(0, cut));
        if (!file) {
            EXPECT_LT(cut, ends.front());
            continue;
        }
        const auto whole = static_cast<std::uint64_t>(
            std::ranges::count_if(ends, [cut](auto end) { return end <= cut; }));
        EXPECT_EQ(file->here.count(), whole) << "round " << round;
    }
}

TEST(Binlog, SurvivesAnyDamage) { // Fuzz, by seed.
    std::mt19937 random(42);
    for (int round = 0; round < 3000; ++round) {
        const auto flavour = round % 2 == 0 ? Flavour::mysql : Flavour::mariadb;
        LogMaker log(flavour);
        log.before({});
        log.transaction(1, 1);
        log.statement(1, 2, "BEGIN");
        log.transaction(2, 3);
        auto text = log.text();
        for (auto changes = random() % 8; changes > 0; --changes) {
            text[random() % text.size()] = static_cast<char>(random());
        }
        static_cast<void>(read(flavour, text)); // Whatever it says, it ends.
    }
}

} // namespace
} // namespace lockstep::mysql
