// What an operator can get wrong: each gives one clear error and changes nothing.
#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sqlite3.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/e2e/bed.h"

namespace lockstep::e2e {
namespace {

namespace fs = std::filesystem;
constexpr Milliseconds soon{30000};

/// Something else that listens on a port of a host.
class Occupied {
public:
    Occupied(Testbed& bed, const std::string& host, std::uint16_t port, int type) {
        bed.network().enter(host); // A socket stays in the namespace in which it was made.
        socket_ = socket(AF_INET, type | SOCK_CLOEXEC, 0);
        bed.network().enter(Testbed::client_host);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        inet_pton(AF_INET, bed.address_of(host).c_str(), &address.sin_addr);
        if (bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            (type == SOCK_STREAM && listen(socket_, 1) != 0)) {
            throw Failure("cannot occupy port " + std::to_string(port));
        }
    }
    ~Occupied() { close(socket_); }
    Occupied(const Occupied&) = delete;
    Occupied& operator=(const Occupied&) = delete;

private:
    int socket_ = -1;
};

// Each under 10 s unless it says so.
class Refuses : public EndToEnd {
protected:
    void expect_ends_with(Daemon& daemon, ExitStatus status, const std::string& part) {
        const auto ended = daemon.ended(in(soon));
        ASSERT_TRUE(ended.has_value()) << daemon.name() << " goes on:\n" << daemon.log_tail();
        EXPECT_EQ(*ended, status) << daemon.log_tail();
        EXPECT_TRUE(is_one_error(daemon.said(), part));
    }

    void join_all() {
        bed().init_authority();
        bed().start_controller();
        for (const auto& member : members()) {
            ASSERT_EQ(bed().join(member, bed().make_token(member)).status, 0);
        }
    }

    void start_all() {
        join_all();
        for (const auto& member : members()) {
            bed().start_agent(member);
        }
    }
};

struct Mistake {
    const char* name;
    const char* host;
    const char* from;
    const char* to;
    const char* place; // LINE:COLUMN or what else the error must say
};

class RefusesConfiguration : public Refuses, public testing::WithParamInterface<Mistake> {};

TEST_P(RefusesConfiguration, WithFileLineAndColumn) {
    const auto& mistake = GetParam();
    const std::string host = mistake.host;
    bed().init_authority();
    const auto file = bed().configuration_of(host);
    replace_in(file, mistake.from, mistake.to);
    auto& daemon = host == "controller" ? bed().controller() : bed().agent(host);
    daemon.start();
    expect_ends_with(daemon, 2, file.string() + ":" + mistake.place);
}

constexpr Mistake mistakes[] = {
    {"UnknownKeyOfTheController", "controller", "state_dir", "colour = 1\nstate_dir", "1:1"},
    {"WrongTypeOfTheController", "controller", "agents = ", "agents = 5 # ", "3:"},
    {"UnknownKeyOfTheAgent", "a", "bin_dir", "colour = 1\nbin_dir", "8:1"},
    {"WrongTypeOfTheAgent", "a", "port = 5432", "port = \"5432\"", "10:"},
};
INSTANTIATE_TEST_SUITE_P(EachFile, RefusesConfiguration, testing::ValuesIn(mistakes),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

TEST_F(Refuses, AControllerWhosePortsAreInUse) {
    bed().init_authority();
    for (const std::uint16_t port : {std::uint16_t{7400}, std::uint16_t{7443}}) {
        const Occupied occupied(bed(), "controller", port, SOCK_STREAM);
        bed().controller().start();
        expect_ends_with(bed().controller(), 1, "10.77.0.1:" + std::to_string(port));
    }
    const Occupied occupied(bed(), "controller", bed().name_server_port(), SOCK_DGRAM);
    bed().controller().start();
    expect_ends_with(bed().controller(), 1, "10.77.0.1:5300");
}

TEST_F(Refuses, AnAgentWhoseNameServersPortIsInUse) {
    join_all();
    const Occupied occupied(bed(), "a", bed().name_server_port(), SOCK_DGRAM);
    bed().agent("a").start();
    expect_ends_with(bed().agent("a"), 1, "10.77.0.11:5300");
}

TEST_F(Refuses, AnAgentWithoutItsDatabasesPrograms) {
    join_all();
    replace_in(bed().configuration_of("a"), "/usr/lib/postgresql/15/bin", "/nowhere/bin");
    bed().agent("a").start();
    expect_ends_with(bed().agent("a"), 1, "/nowhere/bin");
    EXPECT_FALSE(fs::exists(bed().folder_of("a") / "data"));
}

TEST_F(Refuses, AnAgentThatNeverJoined) {
    bed().init_authority();
    bed().start_controller();
    bed().agent("a").start();
    expect_ends_with(bed().agent("a"), 1, "lockstepd join");
}

TEST_F(Refuses, ATokenThatIsWrongUsedOrAnothers) {
    bed().init_authority();
    bed().start_controller();
    const auto token = bed().make_token("a");
    const auto wrong = bed().join("a", "bm90IGEgdG9rZW4");
    EXPECT_EQ(wrong.status, 1);
    EXPECT_TRUE(is_one_error(wrong.errors, "token"));
    const auto others = bed().join("b", token);
    EXPECT_EQ(others.status, 1);
    EXPECT_TRUE(is_one_error(others.errors, "token"));
    EXPECT_FALSE(fs::exists(bed().folder_of("b") / "state" / "identity" / "agent.pem"));
    ASSERT_EQ(bed().join("a", token).status, 0);
    fs::remove_all(bed().folder_of("a") / "state"); // A host that is set up anew.
    const auto used = bed().join("a", token);
    EXPECT_EQ(used.status, 1);
    EXPECT_TRUE(is_one_error(used.errors, "used"));
    EXPECT_FALSE(fs::exists(bed().folder_of("a") / "state" / "identity" / "agent.pem"));
}

TEST_F(Refuses, ADatabaseWhosePortIsInUse) {
    start_all();
    const Occupied occupied(bed(), "a", bed().database_port(), SOCK_STREAM);
    bed().create_pair("a", "b");
    bed().wait_for_pair(
        "say that the port is in use",
        [](const Json& pair) {
            const auto text = pair.dump();
            return pair.at("phase") == "forming" && text.find("5432") != std::string::npos &&
                   text.find("in use") != std::string::npos;
        },
        Milliseconds{45000});
}

/// What a folder holds, so that a change is seen.
std::string listing(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        names.push_back(entry.path().string() + " " +
                        (entry.is_regular_file() ? std::to_string(entry.file_size()) : "folder"));
    }
    std::sort(names.begin(), names.end());
    std::string text;
    for (const auto& name : names) {
        text += name + "\n";
    }
    return text;
}

// About 15 s.
TEST_F(Refuses, ADataFolderOfAnotherDatabase) {
    const auto data = bed().folder_of("b") / "data";
    must_run(bed().on("b", {"/usr/lib/postgresql/15/bin/initdb", "--pgdata", data.string(),
                            "--no-sync", "--no-instructions"}),
             in(Milliseconds{30000}));
    const auto before = listing(data);
    start_all();
    bed().create_pair("a", "b");
    const auto pair = bed().wait_for_pair(
        "refuse b's data folder",
        [](const Json& now) {
            return now.at("phase") == "solo" && now.at("members")[1].at("server") == "foreign data";
        },
        Milliseconds{45000});
    EXPECT_NE(pair.dump().find(data.string()), std::string::npos) << pair.dump(2);
    EXPECT_EQ(listing(data), before);
}

// Every host is a namespace of one machine, so the copy runs where another machine id is mounted.
TEST_F(Refuses, ACopiedStoreOnAnotherMachine) {
    bed().init_authority();
    bed().start_controller();
    bed().controller().end(SIGTERM, in(soon));
    const auto machine_id = bed().folder() / "other-machine-id";
    std::ofstream(machine_id) << "0123456789abcdef0123456789abcdef\n";
    auto spawn =
        bed().on("controller", {bed().folder() / "bin" / "lockstepd", "controller", "--config",
                                bed().configuration_of("controller").string()});
    const std::string mount =
        "mount --bind '" + machine_id.string() + "' /etc/machine-id && exec \"$@\"";
    spawn.argv.insert(spawn.argv.begin(), {"unshare", "--mount", "sh", "-c", mount, "sh"});
    Daemon copy("copied controller", spawn, bed().folder() / "logs" / "copy.log");
    copy.start();
    expect_ends_with(copy, 1, "machine");
    bed().start_controller(); // The machine it belongs to still may.
}

TEST_F(Refuses, AStoreOfANewerFormat) {
    bed().init_authority();
    bed().start_controller();
    bed().controller().end(SIGTERM, in(soon));
    sqlite3* store = nullptr;
    ASSERT_EQ(sqlite3_open((bed().folder_of("controller") / "store.db").c_str(), &store),
              SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(store, "UPDATE meta SET value = 99 WHERE key = 'schema_version'",
                           nullptr, nullptr, nullptr),
              SQLITE_OK);
    sqlite3_close(store);
    bed().controller().start();
    expect_ends_with(bed().controller(), 1, "newer");
}

// Two agents with one identity. About 20 s.
class RefusesTwins : public Refuses {
protected:
    [[nodiscard]] std::vector<std::string> members() const override { return {"a", "b", "c"}; }
};

TEST_F(RefusesTwins, TheSecondOfTwoAgentsWithOneIdentity) {
    bed().init_authority();
    bed().start_controller();
    for (const std::string member : {"a", "b"}) {
        ASSERT_EQ(bed().join(member, bed().make_token(member)).status, 0);
        bed().start_agent(member);
    }
    bed().create_pair("a", "b");
    const auto before = bed().wait_until_in_sync();
    make_ledger_table(bed().superuser_of("a"), in(soon));
    fs::copy(bed().folder_of("b") / "state", bed().folder_of("c") / "state",
             fs::copy_options::recursive);
    must_run(
        {{"chown", "--recursive", "postgres", (bed().folder_of("c") / "state").string()}, {}, {}},
        in(soon));
    replace_in(bed().configuration_of("c"), "name = \"c\"", "name = \"b\"");
    const auto writers = begin_patient_writing();
    const auto since = Clock::now();
    bed().agent("c").start();
    bed().wait_for_pair(
        "refuse the second stream",
        [](const Json& pair) {
            return !pair.at("members")[1].at("refused_stream").get<std::string>().empty();
        },
        soon);
    std::this_thread::sleep_for(Milliseconds{3000}); // Long enough for a loss of b to show.
    const auto now = bed().pair();
    EXPECT_EQ(now.at("revision"), before.at("revision"));
    EXPECT_EQ(now.at("phase"), "in sync");
    EXPECT_FALSE(fs::exists(bed().folder_of("c") / "data" / "PG_VERSION"));
    expect_undisturbed(expect_nothing_lost(*writers), since);
}

} // namespace
} // namespace lockstep::e2e
