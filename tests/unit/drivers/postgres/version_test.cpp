#include "drivers/postgres/version.h"

#include <gtest/gtest.h>

namespace lockstep::postgres {
namespace {

TEST(Version, REDTEAM_F14_IsUnfitBelowTheFirstReleaseThatWaitsAfterARestart) {
    for (const int good : {130021, 140018, 150013, 150020, 160009, 170005, 180000}) {
        EXPECT_EQ(unfit_version(good), "") << good;
    }
    for (const int bad : {130020, 140017, 150012, 160008, 170004, 120022, 90624}) {
        EXPECT_NE(unfit_version(bad), "") << bad;
    }
    EXPECT_NE(unfit_version(150012).find("update to 15.13"), std::string::npos);
}

TEST(Version, IsReadFromWhatTheProgramTells) {
    EXPECT_EQ(version_in("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), 150018);
    EXPECT_EQ(version_in("postgres (PostgreSQL) 18beta1"), 180000);
    EXPECT_EQ(version_in("postgres (PostgreSQL) x"), 0);
    EXPECT_EQ(version_in("postgres"), 0);
}

} // namespace
} // namespace lockstep::postgres
