#include <csignal>
#include <fstream>

#include <gtest/gtest.h>

#include "platform/files.h"
#include "tests/integration/mysql/bed.h"
#include "tests/support/copy_beside.h"
#include "tests/support/eventually.h"

/// A MariaDB member is made from its upstream's files, which the upstream's agent sends.
namespace lockstep {
namespace {

namespace fs = std::filesystem;
using mysql::Flavour;
using mysql_bed::Bed;
using mysql_bed::must;
using mysql_bed::Node;
using mysql_bed::soon;

/// A server-side loop of single commits, which goes on by itself until `shop.over` has a row.
mysql::Session::Ptr begin_writing(Node& node, int writer) {
    const auto session = node.session();
    must(session->start("BEGIN NOT ATOMIC DECLARE i INT DEFAULT 0; WHILE NOT EXISTS (SELECT 1 FROM "
                        "shop.over) DO INSERT INTO shop.kept (what) VALUES (CONCAT('" +
                        std::to_string(writer) +
                        " ', i, REPEAT('x', 200))); SET i = i + 1; END WHILE; END"));
    return session;
}

constexpr auto all_rows =
    "SELECT CONCAT(COUNT(*), ' ', COALESCE(SUM(CRC32(CONCAT(id, what))), 0)) FROM shop.kept";

std::vector<pid_t> copiers(Node& donor) {
    std::vector<pid_t> found;
    for (const auto pid : processes_in(donor.config().data_dir)) {
        const auto name = read_file("/proc/" + std::to_string(pid) + "/comm").value_or("");
        if (name.starts_with("mariadb-backup")) {
            found.push_back(pid);
        }
    }
    return found;
}

/// b streams from a and comes to have the very rows that a has.
void follow(Bed& bed) {
    bed.b().start(bed.standby_ticket(bed.b(), "ls_b_async"));
    bed.b().apply(bed.standby_ticket(bed.b(), "ls_b_async"));
    const auto position = bed.a().observe().position;
    const auto seen = bed.b().observe_until(
        [&position](const auto& now) {
            return now.stream.connected && reached(now.position, position);
        },
        "b catches up");
    EXPECT_EQ(seen.unfit, "");
    bed.b().observe_until(
        [&bed](const auto&) { return bed.b().sql(all_rows) == bed.a().sql(all_rows); },
        "b has the rows");
}

void expect_nothing_left(Bed& bed) {
    EXPECT_EQ(must(bed.run(bed.b().driver().inspect(soon()))).kind, DataFolder::Kind::empty);
    EXPECT_TRUE(eventually([&bed] { return copiers(bed.a()).empty(); }));
    bed.a().sql("INSERT INTO shop.kept (what) VALUES ('goes on')");
}

TEST(MariadbRebuild, HasEveryCommitThatWasMadeWhileTheFilesWereCopied) {
    Bed bed(Flavour::mariadb);
    bed.form_primary();
    auto& a = bed.a();
    a.sql("CREATE TABLE shop.over (id INT)");
    a.sql("CREATE TABLE shop.old (id INT PRIMARY KEY, what TEXT) ENGINE=MyISAM");
    a.sql("INSERT INTO shop.old VALUES (1, 'not InnoDB')");
    std::vector<mysql::Session::Ptr> writers;
    for (int writer = 0; writer < 3; ++writer) {
        writers.push_back(begin_writing(a, writer));
    }
    std::string how;
    Progress last;
    const auto copied = bed.copy(a, bed.b(), [&](Progress progress) {
        how = progress.how;
        last = std::move(progress);
    });
    ASSERT_TRUE(copied) << copied.error().message;
    EXPECT_EQ(how, "by mariadb-backup");
    EXPECT_GT(last.done_bytes, 10U << 20U);
    EXPECT_GE(last.total_bytes, last.done_bytes);
    const auto folder = must(bed.run(bed.b().driver().inspect(soon())));
    EXPECT_TRUE(folder.standby);
    EXPECT_EQ(folder.system_id, a.observe().system_id);
    EXPECT_FALSE(fs::exists(bed.b().config().data_dir / "xtrabackup_binlog_info"));
    a.sql("INSERT INTO shop.over VALUES (1)");
    for (const auto& writer : writers) {
        must(bed.run(writer->finish(soon())));
    }
    const auto verdict = must(bed.run(bed.b().driver().judge(a.member(), soon())));
    EXPECT_FALSE(verdict.diverged) << verdict.why;
    follow(bed);
    EXPECT_EQ(bed.b().sql("SELECT what FROM shop.old"), "not InnoDB");
}

/// Slow enough that whatever shall happen in the midst of it does.
void make_slow(Node& receiver) {
    receiver.config().rebuild_most_megabytes = 4;
    receiver.restart_driver();
}

void make_fast(Node& receiver) {
    receiver.config().rebuild_most_megabytes = 0;
    receiver.restart_driver();
}

void kill_the_tool(Bed& bed) {
    make_slow(bed.b());
    const auto broken = bed.copy(bed.a(), bed.b(), [&bed](Progress progress) {
        for (const auto pid : progress.done_bytes > 0 ? copiers(bed.a()) : std::vector<pid_t>{}) {
            ::kill(pid, SIGKILL);
        }
    });
    ASSERT_FALSE(broken);
    EXPECT_NE(broken.error().message.find("mariadb-backup ended with status 137"),
              std::string::npos)
        << broken.error().message;
    expect_nothing_left(bed);
}

void refuse_for_want_of_room(Bed& bed) {
    const auto huge = bed.a().config().data_dir / "shop" / "huge";
    std::ofstream(huge).put('x');
    fs::resize_file(huge, std::uintmax_t{10} << 40U);
    bool received = false;
    const auto refused = bed.copy(bed.a(), bed.b(), [&received](Progress progress) {
        received = received || progress.done_bytes > 0;
    });
    fs::remove(huge);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("are free: make room"), std::string::npos)
        << refused.error().message;
    EXPECT_FALSE(received);
    expect_nothing_left(bed);
}

/// A commit that waits for a standby holds up the copy's end, and would so hold up every other.
void give_up_where_commits_would_wait(Bed& bed) {
    make_fast(bed.b());
    auto& a = bed.a();
    a.sql("SET GLOBAL rpl_semi_sync_master_enabled = ON");
    const auto hung = a.session();
    must(hung->start("INSERT INTO shop.kept (what) VALUES ('waits')"));
    const auto given_up = bed.copy(a, bed.b());
    a.sql("SET GLOBAL rpl_semi_sync_master_enabled = OFF");
    ASSERT_FALSE(given_up);
    EXPECT_NE(given_up.error().message.find("commits waited"), std::string::npos)
        << given_up.error().message;
    must(bed.run(hung->finish(soon())));
    expect_nothing_left(bed);
}

Awaitable<int> until_true(std::shared_ptr<bool> flag) {
    while (!*flag) {
        const Milliseconds breath{20};
        co_await pause_for(breath);
    }
    co_return 0;
}

Awaitable<int> copy_and_cancel(Driver* donor, Member upstream, Driver* receiver) {
    using namespace asio::experimental::awaitable_operators;
    auto begun = std::make_shared<bool>(false);
    auto over = std::make_shared<bool>(false);
    OnProgress on_progress = [begun](Progress progress) {
        *begun = *begun || progress.done_bytes > 0;
    };
    auto copying = copy_data(receiver, std::move(upstream), std::move(on_progress), over, soon());
    auto begins = until_true(begun);
    auto cut = std::move(copying) || std::move(begins);
    auto looking = keep_looking(donor, begun);
    static_cast<void>(co_await (std::move(cut) && std::move(looking)));
    co_return 0;
}

void cancel(Bed& bed) {
    make_slow(bed.b());
    bed.run(copy_and_cancel(&bed.a().driver(), bed.a().member(), &bed.b().driver()));
    const auto folder = must(bed.run(bed.b().driver().inspect(soon())));
    EXPECT_NE(folder.what.find("worth nothing"), std::string::npos) << folder.what;
    const auto gone = [&bed] {
        bed.a().observe(); // Runs the donor's side, too.
        return copiers(bed.a()).empty();
    };
    EXPECT_TRUE(eventually(gone, std::chrono::seconds{20}));
}

TEST(MariadbRebuild, LeavesNothingWhereverItIsCutAndSucceedsAfterAll) {
    Bed bed(Flavour::mariadb);
    bed.form_primary();
    kill_the_tool(bed);
    refuse_for_want_of_room(bed);
    give_up_where_commits_would_wait(bed);
    cancel(bed);
    make_fast(bed.b());
    must(bed.copy(bed.a(), bed.b()));
    follow(bed);
}

/// All that is needed, but no mariadb-backup.
fs::path programs_without_copier(Bed& bed) {
    const auto folder = bed.folder() / "programs" / "bin";
    fs::create_directories(folder);
    for (const std::string name : {"mariadbd", "mariadb-dump", "mariadb", "mariadb-binlog"}) {
        const auto from =
            fs::exists("/usr/sbin/" + name) ? "/usr/sbin/" + name : "/usr/bin/" + name;
        fs::create_symlink(from, folder / name);
    }
    return folder;
}

TEST(MariadbRebuild, DumpsWhereTheDonorHasNoMariadbBackupAndSaysWhy) {
    Bed bed(Flavour::mariadb);
    bed.form_primary();
    auto& a = bed.a();
    a.sql("INSERT INTO shop.kept (what) VALUES ('one')");
    a.config().bin_dir = programs_without_copier(bed);
    a.restart_driver();
    a.apply(bed.primary_ticket(a));
    std::string how;
    must(bed.copy(a, bed.b(), [&how](Progress progress) { how = progress.how; }));
    EXPECT_NE(how.find("mariadb-dump"), std::string::npos) << how;
    EXPECT_NE(how.find("on a: "), std::string::npos) << how;
    EXPECT_NE(how.find("not installed"), std::string::npos) << how;
    follow(bed);
    MysqlDriver checked(bed.context().get_executor(), a.config());
    const auto found = bed.run(checked.examine(soon()));
    const auto is_told = [](const Finding& finding) {
        return finding.weight == Finding::Weight::reported && finding.key == "bin_dir" &&
               finding.what.find("rebuilt by a dump") != std::string::npos;
    };
    EXPECT_TRUE(std::ranges::any_of(found, is_told));
}

} // namespace
} // namespace lockstep
