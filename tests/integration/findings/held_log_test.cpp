#include "drivers/mysql/held_log.h"

#include "tests/integration/findings/findings_bed.h"

namespace lockstep::findings {
namespace {

/// What is told is true whatever the caller believes: the upstream itself says where the log ends
/// that the standby has.
class HeldLog : public FindingsOfOnePair {
protected:
    static mysql::HeldLog held_by_b(const std::string& applied) {
        mysql::Connection to;
        to.address = bed().a().member().address;
        to.port = bed().a().member().port;
        to.user = strict_ticket().sync_name;
        to.tls = bed().b().config().tls;
        return {to, applied, 0x7fffffffU};
    }
};
INSTANTIATE_TEST_SUITE_P(MariaDB, HeldLog, testing::Values(Flavour::mariadb));

TEST_P(HeldLog, IsNotAcknowledgedBeyondWhatIsApplied) {
    const auto applied = bed().b().sql("SELECT @@global.gtid_slave_pos");
    bed().b().freeze();
    const auto writer = hanging_commit(bed());
    const auto told = mysql::acknowledge(held_by_b(applied), soon());
    EXPECT_EQ(told.value_or("failed: " + (told ? "" : told.error().message)), "");
    EXPECT_FALSE(is_answered(bed(), writer, never));
    bed().b().thaw();
    EXPECT_TRUE(is_answered(bed(), writer, patient));
}

TEST_P(HeldLog, IsRefusedInWordsToWhomNobodyGranted) {
    bed().b().freeze();
    const auto writer = hanging_commit(bed());
    auto held = held_by_b("0-1-1");
    held.upstream.user = "ls_b_999999";
    const auto told = mysql::acknowledge(held, soon());
    ASSERT_FALSE(told);
    EXPECT_EQ(told.error().code, Errc::refused);
    EXPECT_NE(told.error().message.find("ls_b_999999"), std::string::npos) << told.error().message;
    bed().b().thaw();
    EXPECT_TRUE(is_answered(bed(), writer, patient));
}

} // namespace
} // namespace lockstep::findings
