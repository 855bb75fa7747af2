#pragma once

#include <filesystem>
#include <string>

#include "tests/bench/halves.h"
#include "tests/support/testbed/testbed.h"

namespace lockstep::bench {

/// What somebody would do by hand, without Lockstep, with the same programs in the same place.
class BareTools {
public:
    BareTools(testbed::Testbed& bed, testbed::Engine engine, const Halves& halves);

    /// A copy of the standby's running database, consistent and packed as a snapshot is.
    /// PostgreSQL: pg_basebackup alone. MariaDB: mariadb-backup, its --prepare, and tar with zstd.
    /// Returns how long it took.
    [[nodiscard]] testbed::Milliseconds back_up(const std::string& standby);
    /// Unpacks a snapshot's folder, starts a server on it and waits until it takes writes, then
    /// throws all of it away. PostgreSQL replays all the log in the repository. Returns how long
    /// it took until writes were taken.
    [[nodiscard]] testbed::Milliseconds restore(const std::filesystem::path& snapshot);

private:
    void tool(const std::string& member, std::vector<std::string> argv) const;
    void copy_by_tools(const std::string& standby) const;
    void empty_folder() const;
    void restore_postgresql(const std::filesystem::path& snapshot) const;
    void restore_mariadb() const;
    void put(const std::string& file, const std::string& text) const;

    testbed::Testbed& bed_;
    testbed::Engine engine_;
    const Halves& halves_;
    std::filesystem::path folder_; // On the file system where the repository is.
};

} // namespace lockstep::bench
