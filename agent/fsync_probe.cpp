#include "agent/fsync_probe.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "platform/clock.h"
#include "platform/files.h"

namespace lockstep {
namespace {

constexpr std::chrono::milliseconds between_probes{500};
// The probe is not given up while it hangs: its silence is the evidence.
constexpr std::chrono::hours longest_wait{24};

struct Proof {
    Milliseconds started{0};
    std::uint64_t free = 0;
};

tl::unexpected<Error> failed(const std::string& what, const std::filesystem::path& path) {
    const auto reason = std::error_code(errno, std::generic_category()).message();
    return fail(Errc::refused, what + " " + path.string() + ": " + reason);
}

Result<void> write_and_sync(int fd, const std::filesystem::path& path) {
    const auto text = std::to_string(boot_time().count()) + "\n";
    if (::pwrite(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
        return failed("write", path);
    }
    if (::fdatasync(fd) != 0) {
        return failed("fsync", path);
    }
    return {};
}

Result<Proof> prove_disk(const std::filesystem::path& path) {
    Proof proof;
    proof.started = boot_time();
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return failed("open", path);
    }
    const auto written = write_and_sync(fd, path);
    ::close(fd);
    if (!written) {
        return tl::unexpected(written.error());
    }
    proof.free = free_bytes(path.parent_path()).value_or(0);
    return proof;
}

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
    std::function<Result<Proof>()> work = [path] { return prove_disk(path); };
    std::string what = "fsync probe";
    const auto deadline = Deadline::in(longest_wait);
    state_.fsync.asked(boot_time());
    const auto proof = co_await disk_.run<Proof>(std::move(what), std::move(work), deadline);
    if (!proof) {
        state_.fsync.bad(proof.error().message);
        co_return;
    }
    state_.fsync.good(boot_time());
    state_.fsync_proved_at = proof->started;
    state_.free_bytes = proof->free;
}

} // namespace lockstep
