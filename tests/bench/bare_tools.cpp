#include "tests/bench/bare_tools.h"

#include <csignal>
#include <fstream>
#include <thread>

#include "tests/support/testbed/cleanup.h"

namespace lockstep::bench {

using namespace testbed;
namespace fs = std::filesystem;

namespace {

constexpr Milliseconds patience{3600000};
constexpr Milliseconds soon{30000};
constexpr auto user = "postgres"; // Whose the databases are.

Milliseconds since(Clock::time_point from) {
    return std::chrono::duration_cast<Milliseconds>(Clock::now() - from);
}

fs::path socket_in(const fs::path& folder) {
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.is_socket()) {
            return entry.path();
        }
    }
    throw Failure(folder.string() + " holds no socket of a server");
}

} // namespace

BareTools::BareTools(Testbed& bed, Engine engine, const Halves& halves)
    : bed_(bed), engine_(engine), halves_(halves), folder_(bed.folder() / "bare") {}

void BareTools::tool(const std::string& member, std::vector<std::string> argv) const {
    must_run(bed_.on(member, std::move(argv)), in(patience));
}

void BareTools::empty_folder() const {
    fs::remove_all(folder_);
    fs::create_directory(folder_);
    must_run({{"chown", user, folder_.string()}, {}, {}}, in(soon));
}

void BareTools::put(const std::string& file, const std::string& text) const {
    std::ofstream(folder_ / file, std::ios::trunc) << text;
    must_run({{"chown", user, (folder_ / file).string()}, {}, {}}, in(soon));
}

void BareTools::copy_by_tools(const std::string& standby) const {
    const auto copy = folder_ / "copy";
    const auto run_there = [&](std::vector<std::string> argv) {
        tool(standby, halves_.with_standby(std::move(argv)));
    };
    if (engine_ == Engine::postgresql) {
        const auto socket = "host=" + bed_.run_dir_of(standby).string() +
                            " port=" + std::to_string(bed_.database_port()) + " user=" + user;
        run_there({"/usr/lib/postgresql/15/bin/pg_basebackup", "--dbname", socket, "--pgdata",
                   copy.string(), "--format=tar", "--compress=client-zstd:level=1",
                   "--wal-method=stream", "--checkpoint=fast", "--manifest-checksums=CRC32C"});
        return;
    }
    const auto target = "--target-dir=" + copy.string();
    run_there({"mariadb-backup", "--no-defaults", "--backup", target,
               "--socket=" + socket_in(bed_.run_dir_of(standby)).string(),
               std::string("--user=") + user});
    run_there({"mariadb-backup", "--no-defaults", "--prepare", target});
    run_there({"tar", "--use-compress-program=zstd -1", "-cf", (folder_ / "copy.tar.zst").string(),
               "-C", copy.string(), "."});
}

Milliseconds BareTools::back_up(const std::string& standby) {
    empty_folder();
    const auto begun = Clock::now();
    copy_by_tools(standby);
    // On disk, as a snapshot is.
    must_run({{"sync", "--file-system", folder_.string()}, {}, {}}, in(patience));
    const auto took = since(begun);
    fs::remove_all(folder_);
    return took;
}

Milliseconds BareTools::restore(const fs::path& snapshot) {
    empty_folder();
    const auto begun = Clock::now();
    must_run({{"install", "-d", "-m", "0700", "-o", user, (folder_ / "data").string()}, {}, {}},
             in(soon));
    tool(Testbed::controller_host,
         {"tar", "--use-compress-program=zstd", "-xf", (snapshot / "base.tar.zst").string(), "-C",
          (folder_ / "data").string()});
    if (engine_ == Engine::postgresql) {
        restore_postgresql(snapshot);
    } else {
        restore_mariadb();
    }
    const auto took = since(begun);
    const std::vector<fs::path> folders{folder_};
    for (const auto by = in(soon); !processes_of(folders).empty() && Clock::now() < by;) {
        for (const pid_t pid : processes_of(folders)) {
            kill(pid, SIGKILL);
        }
        std::this_thread::sleep_for(Milliseconds{20});
    }
    fs::remove_all(folder_);
    return took;
}

void BareTools::restore_postgresql(const fs::path& snapshot) const {
    const auto data = (folder_ / "data").string();
    tool(Testbed::controller_host,
         {"tar", "--use-compress-program=zstd", "-xf", (snapshot / "pg_wal.tar.zst").string(), "-C",
          data + "/pg_wal"});
    const auto kept = bed_.repository() / "shop";
    put("data/postgresql.conf",
        "listen_addresses = ''\nunix_socket_directories = '" + folder_.string() +
            "'\nshared_buffers = '32MB'\nhot_standby = off\ndynamic_shared_memory_type = mmap\n"
            "restore_command = 'cp " +
            (kept / "log").string() + "/*/%f %p || cp " + (kept / "incoming").string() +
            "/*/%f.partial %p'\n");
    put("data/postgresql.auto.conf", "");
    put("data/pg_hba.conf", "local all all trust\n");
    put("data/recovery.signal", "");
    tool(Testbed::controller_host,
         {"/usr/lib/postgresql/15/bin/pg_ctl", "start", "--silent", "--wait", "--timeout=3600",
          "--pgdata", data, "--log", (folder_ / "log").string()});
}

void BareTools::restore_mariadb() const {
    const auto socket = (folder_ / "socket").string();
    const auto server = bed_.on(Testbed::controller_host,
                                {programs_of(engine_) / "mariadbd", "--no-defaults",
                                 "--datadir=" + (folder_ / "data").string(), "--socket=" + socket,
                                 "--skip-networking", "--tmpdir=" + folder_.string(),
                                 "--innodb-buffer-pool-size=64M"});
    static_cast<void>(start(server, bed_.folder() / "logs" / "bare.log"));
    const auto asking =
        bed_.on(Testbed::controller_host,
                {"mariadb", "--no-defaults", "--socket=" + socket, "--execute", "select 1"});
    for (const auto by = in(patience); run(asking, in(soon)).status != 0;) {
        if (Clock::now() > by) {
            throw Failure("no server comes up on what was unpacked by hand");
        }
        std::this_thread::sleep_for(Milliseconds{50});
    }
}

} // namespace lockstep::bench
