#pragma once

#include <functional>
#include <mutex>

#include "platform/children.h"

namespace lockstep::children {

/// The one place that forks and reaps.
class Registry {
public:
    [[nodiscard]] static Registry& instance();

    /// Forks; `become` runs in the child and never returns. Returns errno, or 0.
    int fork_into(const std::shared_ptr<Child>& child, const std::function<void()>& become);
    std::optional<int> collect(const std::shared_ptr<Child>& child);
    void kill_group(const std::shared_ptr<Child>& child);
    void leave(const std::shared_ptr<Child>& child);
    void abandon(const std::shared_ptr<Child>& child);
    std::vector<Reaped> reap_others();
    void reap_one(pid_t pid);

private:
    // All of them under the lock.
    void reap_into(const std::shared_ptr<Child>& child);
    void reap_abandoned();
    [[nodiscard]] std::shared_ptr<Child> owned(pid_t pid) const;
    void forget(const std::shared_ptr<Child>& child);

    std::mutex mutex_;
    std::vector<std::shared_ptr<Child>> owned_;     // Alive, or dead and not yet reaped.
    std::vector<std::shared_ptr<Child>> abandoned_; // Killed; nobody wants to know.
};

} // namespace lockstep::children
