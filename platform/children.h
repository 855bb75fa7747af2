#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "platform/descriptor.h"
#include "platform/process.h"

/// Child processes and who waits for them. Internal to platform/.
///
/// reap_children() takes every dead child there is, run_tool() waits for its own. A lock keeps
/// them apart, and keeps a pid from being used for another process while somebody still means
/// the old one: a child is reaped only here, after its process group was killed if it is a tool's.
namespace lockstep::children {

enum class Group {
    session, // A session of its own, so that it outlives this process.
    tool,    // A process group of its own; nothing of it outlives the tool.
};

/// A child that somebody waits for. Until its `wait_status` is known, its pid is its own.
struct Child {
    pid_t pid = 0;
    std::uint64_t start_ticks = 0;
    Descriptor pidfd;
    Group group = Group::tool;
    std::optional<int> wait_status;
};

/// Where a child's three standard streams lead.
struct Streams {
    int input = -1;
    int output = -1;
    int error = -1;
};

struct Spawned {
    std::shared_ptr<Child> child;
    Descriptor exec_trouble; // Ends empty when the program runs; else an errno (int) is in it.
};

/// Forks and executes. Errors: `refused` if the system cannot fork.
[[nodiscard]] Result<Spawned> spawn(const Command& command, Group group, Streams streams);
/// What to tell of a program that could not be executed.
[[nodiscard]] Error exec_failure(const Command& command, int error);

/// The wait status, once the child is dead; reaps it then.
[[nodiscard]] std::optional<int> collect(const std::shared_ptr<Child>& child);
void kill_group(const std::shared_ptr<Child>& child);
/// From now on reap_children() reaps and tells of it.
void leave(const std::shared_ptr<Child>& child);
/// Kills a tool's group; somebody else will reap it, and nobody is told.
void abandon(const std::shared_ptr<Child>& child);

/// Reaps every dead child that nobody waits for.
[[nodiscard]] std::vector<Reaped> reap_others();
/// Reaps this one if it is dead, a child, and nobody waits for it.
void reap_one(pid_t pid);

/// "killed by signal 9", "exit status 1"
[[nodiscard]] std::string describe(int wait_status);

} // namespace lockstep::children
