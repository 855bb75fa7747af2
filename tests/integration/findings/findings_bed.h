#pragma once

#include <csignal>

#include <gtest/gtest.h>

#include "drivers/mysql/flavour.h"
#include "tests/integration/mysql/bed.h"
#include "tests/support/eventually.h"

/// The findings of the field study, on real servers: each test shows first what the engine does by
/// itself, with plain commands, and then that the driver prevents or handles it. docs/engines.md
/// lists them.
namespace lockstep::findings {

using mysql::Flavour;
using mysql_bed::Bed;
using mysql_bed::must;
using mysql_bed::Node;
using mysql_bed::soon;

constexpr auto insert_one = "INSERT INTO shop.kept (what) VALUES ('one')";
constexpr auto rows_kept = "SELECT COUNT(*) FROM shop.kept";
constexpr Milliseconds never{1500}; // Long enough to see that something does not come.
constexpr Milliseconds patient{20000};

class Findings : public testing::TestWithParam<Flavour> {
protected:
    static const mysql::Words& word() { return mysql::words(GetParam()); }
    static bool is_mysql() { return GetParam() == Flavour::mysql; }
    static std::string set_global(std::string_view variable, const std::string& value) {
        return "SET GLOBAL " + std::string(variable) + " = " + value;
    }

    /// A pair that is in step, and proved.
    static void form_pair(Bed& bed);
    static bool is_answered(Bed& bed, const mysql::Session::Ptr& session, Milliseconds within) {
        return bed.run(session->finish(Deadline::in(within))).has_value();
    }
    /// A commit that waits for b, seen to wait.
    static mysql::Session::Ptr hanging_commit(Bed& bed, const std::string& statement = insert_one);
    static std::string status(Bed& bed, Node& node, std::string_view name);
    /// As somebody would by hand who changes an option.
    static void start_with(Bed& bed, Node& node, const Ticket& ticket, const std::string& option);
    static void wait_for_death(Node& node);
};

/// One pair for all tests of a suite, which find it in step under a name of their own: to make one
/// takes longer than a test. After one that fails it is made anew.
class FindingsOfOnePair : public Findings {
protected:
    void SetUp() override;
    void TearDown() override;
    static void TearDownTestSuite();
    [[nodiscard]] static Bed& bed() { return *bed_; }
    [[nodiscard]] static Ticket strict_ticket() { return bed().primary_ticket(bed().a(), name_); }

private:
    static std::unique_ptr<Bed> bed_;
    static std::string name_;
    static int grants_;
};

} // namespace lockstep::findings
