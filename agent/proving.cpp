#include "agent/proving.h"

#include "platform/clock.h"
#include "platform/files.h"
#include "platform/process.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours longest_look{24};
constexpr std::chrono::seconds longest_end{30};

} // namespace

/// A server that an agent left running there when it was killed is ended by who comes next.
Awaitable<Result<Proving::Proof>> Proving::prove(Origin origin, OnStep on_step,
                                                 OnProgress on_progress) {
    if (!means_.engine || means_.sandbox.empty()) {
        co_return fail(
            Errc::refused,
            "this agent's file names no folder to restore to for a proof: give its table "
            "[snapshots.proof] a `folder` with room for all of the data");
    }
    auto folder = means_.sandbox;
    std::optional<ProcessId> nobody;
    const auto soon = Deadline::in(longest_end);
    auto free = co_await kill_all_in(std::move(folder), nobody, soon);
    if (free) {
        free = co_await clear();
    }
    if (!free) {
        co_return within("the sandbox is not free", free.error());
    }
    auto proof =
        co_await restore_and_ask(std::move(origin), std::move(on_step), std::move(on_progress));
    const auto cleared = co_await clear();
    if (proof && !cleared) {
        co_return within("the proof succeeded, but its data cannot be removed", cleared.error());
    }
    co_return proof;
}

Awaitable<Result<void>> Proving::clear() {
    std::function<Result<void>()> work = [sandbox = means_.sandbox] {
        std::error_code trouble;
        fs::remove_all(sandbox, trouble);
        return trouble ? fail(Errc::refused, sandbox.string() + ": " + trouble.message())
                       : make_private_folder(sandbox);
    };
    const auto deadline = Deadline::in(longest_look);
    co_return co_await disk_.run<void>("empty the sandbox", std::move(work), deadline);
}

Awaitable<Result<Proving::Proof>> Proving::restore_and_ask(Origin origin, OnStep on_step,
                                                           OnProgress on_progress) {
    on_step("restoring");
    const auto since = boot_time();
    Restoring::Into into{*means_.engine, means_.sandbox / "log"};
    auto told = on_progress;
    const auto restored =
        co_await restoring_.restore(std::move(origin), std::move(into), std::move(told));
    if (!restored) {
        co_return tl::unexpected(restored.error());
    }
    Proof proof;
    proof.snapshot = restored->snapshot;
    proof.end_unix_ms = restored->restored.end_unix_ms;
    proof.restore_time = boot_time() - since;
    on_step("asking");
    auto questions = means_.questions;
    const auto deadline = Deadline::in(longest_look);
    const auto asked =
        co_await means_.engine->prove(std::move(questions), std::move(on_progress), deadline);
    if (!asked) {
        co_return tl::unexpected(asked.error());
    }
    proof.state =
        means_.questions.script.empty() ? SnapshotProof::restored : SnapshotProof::queried;
    co_return proof;
}

} // namespace lockstep
