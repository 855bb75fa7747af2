#include "snapshots/decision/pair_deletion.h"

#include <gtest/gtest.h>

namespace lockstep::snapshots {
namespace {

using Repository = PairDeletion::Repository;

bool is_allowed(bool protected_now, Repository repository, const std::string& name, bool skip) {
    const auto allowed = may_delete_pair({"shop", protected_now, repository, name, skip});
    EXPECT_TRUE(allowed || allowed.error().code == Errc::refused);
    EXPECT_TRUE(allowed || allowed.error().message.find("shop") != std::string::npos);
    return allowed.has_value();
}

TEST(MayDeletePair, IsATableOfAllCases) {
    struct Case {
        Repository repository;
        const char* name;
        bool skip;
        bool allowed;
    };
    const std::vector<Case> cases = {
        {Repository::there, "", false, false},   {Repository::there, "last", false, true},
        {Repository::there, "", true, true},     {Repository::there, "last", true, false},
        {Repository::unknown, "", false, false}, {Repository::unknown, "last", false, true},
        {Repository::unknown, "", true, true},   {Repository::unknown, "last", true, false},
        {Repository::none, "", false, true},     {Repository::none, "last", false, false},
        {Repository::none, "", true, true},      {Repository::none, "last", true, false}};
    for (const auto& one : cases) {
        EXPECT_EQ(is_allowed(false, one.repository, one.name, one.skip), one.allowed)
            << static_cast<int>(one.repository) << " '" << one.name << "' " << one.skip;
        EXPECT_FALSE(is_allowed(true, one.repository, one.name, one.skip)) << "protected";
    }
}

TEST(MayDeletePair, SaysHowToGoOn) {
    const auto words = [](const PairDeletion& deletion) {
        return may_delete_pair(deletion).error().message;
    };
    const auto guarded = words({"shop", true, Repository::there, "last", false});
    EXPECT_NE(guarded.find("`lockstep pair unprotect shop`"), std::string::npos);
    const auto silent = words({"shop", false, Repository::there, "", false});
    EXPECT_NE(silent.find("--final-snapshot NAME"), std::string::npos);
    EXPECT_NE(silent.find("--skip-final-snapshot"), std::string::npos);
}

} // namespace
} // namespace lockstep::snapshots
