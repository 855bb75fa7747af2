#include "tests/support/testbed/ledger.h"

#include <gtest/gtest.h>

namespace lockstep::testbed {
namespace {

Clock::time_point at(int ms) {
    return Clock::time_point{} + Milliseconds{1000 + ms};
}

Write acknowledged(int sent_ms, int answered_ms, std::uint32_t history = 1) {
    Write write;
    write.sent = at(sent_ms);
    write.answered = at(answered_ms);
    write.end = Session::End::answered;
    write.history = history;
    return write;
}

Write unanswered(int sent_ms, int answered_ms) {
    Write write = acknowledged(sent_ms, answered_ms);
    write.end = Session::End::unknown;
    return write;
}

TEST(Ledger, CountsTheOutageFromTheFaultOn) {
    Ledger ledger;
    ledger.writes = {acknowledged(0, 1), acknowledged(700, 701), unanswered(900, 1200),
                     acknowledged(1150, 1250), acknowledged(1300, 1301)};
    ledger.ended = at(1310);
    EXPECT_EQ(ledger.longest_gap(at(1000)), Milliseconds{250});
    EXPECT_EQ(ledger.resumed(at(1000)), at(1250));
}

TEST(Ledger, AddsUpAllOutages) {
    Ledger ledger;
    ledger.writes = {acknowledged(0, 1), acknowledged(700, 801), acknowledged(900, 901),
                     acknowledged(1600, 1601)};
    ledger.ended = at(1700);
    EXPECT_EQ(ledger.longest_gap(at(1)), Milliseconds{800});
    EXPECT_EQ(ledger.down_total(at(1)), Milliseconds{1500});
}

TEST(Ledger, CountsAnOutageThatNeverEnded) {
    Ledger ledger;
    ledger.writes = {acknowledged(0, 1), acknowledged(1010, 1020), unanswered(1030, 3030)};
    ledger.ended = at(3040);
    EXPECT_EQ(ledger.longest_gap(at(1000)), Milliseconds{2020});
    EXPECT_FALSE(ledger.resumed(at(1000)).has_value());
}

TEST(Ledger, SeesAnOldHistoryThatAcknowledgesAfterANewOne) {
    Ledger ledger;
    ledger.writes = {acknowledged(0, 1, 1), acknowledged(100, 101, 2), acknowledged(102, 103, 1)};
    EXPECT_EQ(ledger.stale(), 1U);
}

// Its answer may have been under way when the new history began.
TEST(Ledger, ForgivesAnOldHistoryWhatWasSentBefore) {
    Ledger ledger;
    ledger.writes = {acknowledged(0, 1, 1), acknowledged(100, 101, 2), acknowledged(99, 103, 1)};
    EXPECT_EQ(ledger.stale(), 0U);
}

// Probes of one server each count where a client had not found the new primary yet.
TEST(Ledger, OfAllClientsHasTheShorterOutage) {
    Ledger clients;
    clients.writes = {acknowledged(0, 1), acknowledged(900, 901)};
    clients.ended = at(1000);
    Ledger probes;
    probes.writes = {acknowledged(400, 401)};
    probes.ended = at(990);
    EXPECT_EQ(clients.longest_gap(at(0)), Milliseconds{900});
    EXPECT_EQ(clients.with(probes).longest_gap(at(0)), Milliseconds{500});
    EXPECT_EQ(clients.with(probes).ended, at(990));
}

} // namespace
} // namespace lockstep::testbed
