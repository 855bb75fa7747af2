#include "agent/fsync_probe.h"

#include <utility>

#include "agent/decision/ballast.h"
#include "platform/clock.h"
#include "platform/disk_proof.h"

namespace lockstep {
namespace {

constexpr std::chrono::milliseconds between_probes{500};
// The probe is not given up while it hangs: its silence is the evidence.
constexpr std::chrono::hours longest_wait{24};

} // namespace

FsyncProbe::FsyncProbe(asio::any_io_executor executor, LocalState& state, Supervisor& supervisor,
                       std::filesystem::path folder)
    : state_(state), supervisor_(supervisor), folder_(std::move(folder)),
      disk_(std::move(executor)) {}

Awaitable<void> FsyncProbe::run() {
    for (;;) {
        if (supervisor_.state() == Supervisor::State::running) {
            co_await once();
        } else {
            state_.fsync.reset(boot_time());
        }
        co_await pause_for(between_probes);
    }
}

Awaitable<void> FsyncProbe::once() {
    const auto path = folder_ / "lockstep.fsync";
    std::function<Result<DiskProof>()> work = [path] { return prove_disk(path); };
    std::string what = "fsync probe";
    const auto deadline = Deadline::in(longest_wait);
    state_.fsync.asked(boot_time());
    const auto proof = co_await disk_.run<DiskProof>(std::move(what), std::move(work), deadline);
    if (!proof && says_no_room(proof.error().message)) {
        state_.no_room_at = boot_time();
        state_.fsync.good(state_.no_room_at); // It answered: a full disk is no hung one.
        co_return;
    }
    if (!proof) {
        state_.fsync.bad(proof.error().message);
        co_return;
    }
    state_.fsync.good(boot_time());
    state_.fsync_proved_at = proof->started;
}

} // namespace lockstep
