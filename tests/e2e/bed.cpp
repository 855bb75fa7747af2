#include "tests/e2e/bed.h"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

#include <unistd.h>

namespace lockstep::e2e {

void EndToEnd::SetUp() {
    ASSERT_EQ(geteuid(), 0U) << "end-to-end tests need root, for network namespaces";
    Plan plan;
    plan.programs = LOCKSTEP_BIN_DIR;
    plan.members = members();
    plan.data_disk_bytes = data_disk_bytes();
    bed_ = std::make_unique<Testbed>(plan);
}

void EndToEnd::TearDown() {
    if (bed_ && HasFailure()) {
        std::cerr << bed_->state_of_things() << std::endl;
    }
    bed_.reset();
}

std::unique_ptr<Writers> EndToEnd::begin_writing(Writers::Connections connections) {
    auto options = bed().writers();
    options.connections = connections;
    auto writers = std::make_unique<Writers>(options);
    expect_writes(*writers);
    return writers;
}

void EndToEnd::expect_writes(Writers& writers, std::uint64_t more) {
    ASSERT_TRUE(writers.acknowledges(more, in(Milliseconds{20000}))) << "nobody can write";
}

Ledger EndToEnd::expect_nothing_lost(Writers& writers) {
    auto ledger = writers.stop();
    const auto account = ledger.account(bed().reader_of(primary()));
    EXPECT_GT(account.acknowledged, 0U);
    EXPECT_EQ(account.lost, 0U) << "acknowledged and absent, among them write "
                                << (account.first_lost.empty() ? 0 : account.first_lost[0]);
    EXPECT_EQ(account.stale, 0U) << "two histories acknowledged in turns";
    EXPECT_EQ(account.acknowledged_with_warning, 0U);
    return ledger;
}

void EndToEnd::expect_undisturbed(const Ledger& ledger, Clock::time_point since) {
    const auto disturbed =
        std::ranges::count_if(
            ledger.writes, [](const auto& write) { return write.end != Session::End::answered; }) +
        std::ssize(ledger.failed_connections);
    EXPECT_EQ(disturbed, 0) << ledger.troubles();
    // The machine is shared and small; a failover or a restart of the database takes longer.
    EXPECT_LT(ledger.longest_gap(since), Milliseconds{1500});
}

std::string EndToEnd::primary() {
    return bed().pair().at("primary").get<std::string>();
}

std::string EndToEnd::other(const std::string& member) {
    return member == "a" ? "b" : "a";
}

Json EndToEnd::expect_in_sync_under(const std::string& primary, Milliseconds most) {
    return bed().wait_for_pair(
        "be in sync under " + primary,
        [&](const Json& pair) {
            return pair.at("phase") == "in sync" && pair.at("primary") == primary;
        },
        most);
}

void EndToEnd::kill_member(const std::string& member) {
    bed().agent(member).end(SIGKILL, in(Milliseconds{5000}));
    const auto by = in(Milliseconds{5000});
    const std::vector<std::filesystem::path> folders{bed().folder_of(member)};
    for (auto left = processes_of(folders); !left.empty(); left = processes_of(folders)) {
        ASSERT_LT(Clock::now(), by) << "processes of " << member << " do not go away";
        for (const pid_t pid : left) {
            kill(pid, SIGKILL);
        }
        std::this_thread::sleep_for(Milliseconds{5});
    }
}

bool EndToEnd::has_event(const std::string& kind, const std::string& part) {
    const auto events = bed().events();
    return std::ranges::any_of(events, [&](const Json& event) {
        return event.at("kind") == kind &&
               event.at("message").get<std::string>().find(part) != std::string::npos;
    });
}

void EndToEnd::expect_event(const std::string& kind, const std::string& part, Milliseconds most) {
    const auto by = in(most);
    while (!has_event(kind, part)) {
        ASSERT_LT(Clock::now(), by) << "no event " << kind << " with \"" << part << "\"";
        std::this_thread::sleep_for(Milliseconds{100});
    }
}

void replace_in(const std::filesystem::path& file, const std::string& from, const std::string& to) {
    auto text = read_text(file);
    const auto at = text.find(from);
    if (at == std::string::npos) {
        throw Failure(file.string() + " has no " + from);
    }
    text.replace(at, from.size(), to);
    std::ofstream(file, std::ios::trunc) << text;
}

testing::AssertionResult is_one_error(const std::string& errors, const std::string& part) {
    const auto lines = std::ranges::count(errors, '\n');
    if (errors.find(part) == std::string::npos) {
        return testing::AssertionFailure() << "does not name \"" << part << "\":\n" << errors;
    }
    if (lines > 1) {
        return testing::AssertionFailure() << lines << " lines instead of one:\n" << errors;
    }
    return testing::AssertionSuccess() << errors;
}

} // namespace lockstep::e2e
