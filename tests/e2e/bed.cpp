#include "tests/e2e/bed.h"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

#include <unistd.h>

namespace lockstep::e2e {

namespace {

constexpr Milliseconds soon{30000}; // Only for what hangs: nothing waits for it to pass.
constexpr Milliseconds busy_machine{10000};

} // namespace

void EndToEnd::SetUp() {
    ASSERT_EQ(geteuid(), 0U) << "end-to-end tests need root, for network namespaces";
    Plan plan;
    plan.programs = LOCKSTEP_BIN_DIR;
    plan.engine = engine();
    plan.durability = durability();
    plan.members = members();
    plan.pair_options = pair_options();
    plan.data_disk_bytes = data_disk_bytes();
    plan.repository = repository();
    bed_ = std::make_unique<Testbed>(plan);
}

void EndToEnd::TearDown() {
    if (bed_ && HasFailure()) {
        std::cerr << bed_->state_of_things() << std::endl;
    }
    bed_.reset();
}

std::unique_ptr<Writers> EndToEnd::begin(const Writers::Options& options) {
    auto writers = std::make_unique<Writers>(options);
    expect_writes(*writers);
    return writers;
}

std::unique_ptr<Writers> EndToEnd::begin_writing(Writers::Connections connections) {
    auto options = bed().writers();
    options.connections = connections;
    return begin(options);
}

std::unique_ptr<Writers> EndToEnd::begin_patient_writing(Writers::Connections connections) {
    auto options = bed().writers();
    options.connections = connections;
    options.connection_patience = busy_machine;
    options.statement_patience = busy_machine;
    return begin(options);
}

void EndToEnd::expect_writes(Writers& writers, std::uint64_t more) {
    ASSERT_TRUE(writers.acknowledges(more, in(soon))) << "nobody can write";
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
    // A failover or a restart breaks connections. Writes that are held break none; the machine is
    // shared and small, and what Lockstep would hold them for takes longer than its own stalls.
    EXPECT_LT(ledger.longest_gap(since), Milliseconds{4000});
}

void EndToEnd::expect_commit_waits(const std::string& member, const std::string& statement) {
    bed().network().enter(member); // It may be cut off from everybody else.
    const auto where = bed().reader_of(member);
    Session session;
    EXPECT_EQ(session.connect(where, in(busy_machine)), "");
    const auto answer = session.ask(statement, {}, in(Milliseconds{500}));
    EXPECT_EQ(answer.end, Session::End::unknown) << "acknowledged without the standby";
    // The client is gone; its session goes on, and has the commit in the log once it waits.
    const auto* const look =
        engine() == Engine::postgresql
            ? "select count(*) from pg_stat_activity where wait_event = 'SyncRep' and query = $1"
            // By itself, or queued behind another that does.
            : "select count(*) from information_schema.processlist where (state like 'Waiting for "
              "semi-sync ACK%' or state in ('waiting for handler commit', 'Commit')) and info = ?";
    const auto by = in(busy_machine);
    bool waits = false;
    Session looking;
    while (!waits && Clock::now() < by) {
        if (looking.open() || looking.connect(where, in(busy_machine)).empty()) {
            const auto seen = looking.ask(look, {statement}, in(busy_machine));
            waits = seen.end == Session::End::answered && seen.rows.at(0).at(0) == "1";
        }
        std::this_thread::sleep_for(Milliseconds{5});
    }
    bed().network().enter(Testbed::client_host);
    ASSERT_TRUE(waits) << "never seen to wait: " << statement;
}

void EndToEnd::expect_name(const std::string& server, const std::string& name,
                           const std::string& ip) {
    NameFinder finder({server}, name);
    const auto by = in(soon);
    auto found = finder.find();
    while (found.ip != ip && Clock::now() < by) { // A packet may be late, or an agent told last.
        std::this_thread::sleep_for(Milliseconds{20});
        found = finder.find();
    }
    EXPECT_EQ(found.ip, ip) << server << " on " << name << ": " << found.trouble;
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

Json EndToEnd::member_of(const Json& pair, const std::string& id) {
    const auto& all = pair.at("members");
    return *std::ranges::find_if(all, [&id](const Json& one) { return one.at("id") == id; });
}

Json EndToEnd::wait_for_divergence(const Json& besides) {
    const auto is_new = [&](const Json& one) {
        return one.at("log").at("decoded") == true &&
               std::ranges::none_of(besides,
                                    [&](const Json& old) { return old.at("id") == one.at("id"); });
    };
    const auto by = in(soon);
    for (;;) {
        const auto list = bed().ask({"divergence", "list", "shop"}).at("divergences");
        if (const auto found = std::ranges::find_if(list, is_new); found != list.end()) {
            return *found;
        }
        if (Clock::now() > by) {
            throw Failure("no divergence was decoded: " + list.dump() + bed().state_of_things());
        }
        std::this_thread::sleep_for(Milliseconds{100});
    }
}

void EndToEnd::lose_controller() {
    constexpr Milliseconds longer_than_fence_after{5500};
    bed().controller().end(SIGKILL, in(soon));
    std::this_thread::sleep_for(longer_than_fence_after);
}

void EndToEnd::kill_member(const std::string& member) {
    bed().agent(member).end(SIGKILL, in(soon));
    const auto by = in(soon);
    const std::vector<std::filesystem::path> folders{bed().folder_of(member)};
    for (auto left = processes_of(folders); !left.empty(); left = processes_of(folders)) {
        ASSERT_LT(Clock::now(), by) << "processes of " << member << " do not go away";
        for (const pid_t pid : left) {
            kill(pid, SIGKILL);
        }
        std::this_thread::sleep_for(Milliseconds{5});
    }
}

void EndToEnd::signal_agent(const std::string& member, int signal) {
    ASSERT_EQ(kill(bed().agent(member).pid(), signal), 0);
}

std::string EndToEnd::rows_on(const std::string& member, const std::string& condition) {
    const auto sql = "select count(*) from " + ledger_table(engine()) + " where " + condition;
    return ask_once(bed().reader_of(member), sql, in(soon)).at(0).at(0);
}

void EndToEnd::begin_events() {
    for (const auto& event : bed().events(last_event_before_)) {
        last_event_before_ = std::max(last_event_before_, event.at("id").get<std::uint64_t>());
    }
}

bool EndToEnd::has_event(const std::string& kind, const std::string& part) {
    const auto events = bed().events(last_event_before_);
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

std::unique_ptr<Testbed> SharedPair::kept_;

void SharedPair::SetUp() {
    if (kept_) {
        bed_ = std::move(kept_);
    } else {
        EndToEnd::SetUp();
        bed().form();
    }
    begin_events();
    old_primary_ = primary();
    old_standby_ = other(old_primary_);
}

void SharedPair::TearDown() {
    if (!HasFailure()) {
        bed().wait_until_in_sync(Milliseconds{90000});
        kept_ = std::move(bed_);
    }
    EndToEnd::TearDown();
}

void SharedPair::TearDownTestSuite() {
    kept_.reset();
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
