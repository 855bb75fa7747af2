#pragma once

#include <string>
#include <vector>

#include "tests/support/testbed/testbed.h"

/// What can happen to an installation whose hosts are network namespaces, and what undoes it.
namespace lockstep::testbed {

/// The power of a member's host fails: its link, its agent and every process of its database are
/// gone at once, and with them what lay on its tmpfs. What was written and not yet synced stays,
/// unlike there. Returns when nothing is left running.
void lose_host(Testbed& bed, const std::string& member);
/// The host boots: link up, agent started. Returns when the controller hears it.
void return_host(Testbed& bed, const std::string& member);

/// SIGKILL to the postmaster alone, as the kernel's killer does it.
void kill_postmaster(const Testbed& bed, const std::string& member);

/// Every process of a member's database stops where it is, and stays; its agent goes on.
void freeze_database(const Testbed& bed, const std::string& member);
/// What is left of it goes on.
void thaw_database(const Testbed& bed, const std::string& member);

/// Enough for a database of the tests, what is held back beside it, and some log.
constexpr std::uint64_t small_disk_bytes = 600U << 20U;
/// Waits until the member's agent holds room back, as it does soon after the data is made.
void wait_for_ballast(Testbed& bed, const std::string& member);
/// Fills the disk that a member's data lies on (Plan::data_disk_bytes), and fills it again when the
/// agent has released what it held back.
void fill_disk(Testbed& bed, const std::string& member);
/// Makes room.
void empty_disk(Testbed& bed, const std::string& member);

/// Of the database and of its tools.
[[nodiscard]] std::vector<pid_t> database_processes(const Testbed& bed, const std::string& member);

} // namespace lockstep::testbed
