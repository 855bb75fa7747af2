#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>

#include <sys/types.h>

#include "core/policy.h"
#include "core/result.h"
#include "platform/process.h"

namespace lockstep {

/// What an agent tells its guardian: all of it, each time.
struct Feed {
    std::optional<ProcessId> server;
    std::optional<Milliseconds> limit; // Boot time until which R6 holds; empty: no fence is needed.
    Milliseconds at{0};                // Boot time at which this was said.
    friend bool operator==(const Feed&, const Feed&) = default;
};

/// One page of memory that agent and guardian share: a file in run_dir, which is a tmpfs. Neither
/// ever waits for the other, wherever it was stopped: the agent writes one of two slots and then
/// turns to it.
class GuardPage {
public:
    /// The page at `path`, made if there is none of this kind and boot. Errors: `refused`.
    [[nodiscard]] static Result<GuardPage> open(const std::filesystem::path& path);
    GuardPage(GuardPage&& other) noexcept;
    GuardPage& operator=(GuardPage&& other) noexcept;
    GuardPage(const GuardPage&) = delete;
    GuardPage& operator=(const GuardPage&) = delete;
    ~GuardPage();

    /// Only one agent at a time writes: it holds the lock on its state.
    void feed(const Feed& feed);
    /// The last feed; empty: none yet.
    [[nodiscard]] std::optional<Feed> last() const;

    /// Whoever calls this last is in charge: the process that acts on what is fed.
    void take_charge(pid_t guardian);
    [[nodiscard]] pid_t in_charge() const;
    /// The file at its path is still this page: else nobody feeds it any more.
    [[nodiscard]] bool is_in_place() const;

    /// What keeps a guardian from being as quick as it should be, for the agent to tell.
    enum class Trouble : std::uint32_t { none = 0, memory = 1, priority = 2, both = 3 };
    void tell(Trouble trouble);
    [[nodiscard]] Trouble trouble() const;
    /// Which server the guardian ended.
    void tell_fenced(const ProcessId& server);
    [[nodiscard]] bool was_fenced(const ProcessId& server) const;

private:
    struct Shared;
    GuardPage(std::filesystem::path path, Shared* shared, std::uint64_t inode);

    std::filesystem::path path_;
    Shared* shared_ = nullptr;
    std::uint64_t inode_ = 0;
};

} // namespace lockstep
