#include "agent/pair_repository.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;
using snapshots::Reading;
using snapshots::Repository;

constexpr std::chrono::seconds longest_small{60};
// Every description is read one by one, and a piece of log goes both ways where it is far.
constexpr std::chrono::seconds longest_far{600};
constexpr std::chrono::hours longest_large{24};

/// Progress is told on the agent's thread.
Repository::OnBytes on_thread_of(const asio::any_io_executor& executor, OnProgress on_progress) {
    auto told = std::make_shared<OnProgress>(std::move(on_progress));
    return [executor, told](std::uint64_t done, std::uint64_t total) {
        asio::post(executor, [told, progress = Progress{done, total}] {
            if (*told) {
                (*told)(progress);
            }
        });
    };
}

} // namespace

Awaitable<Result<Reading>> PairRepository::read() {
    const auto deadline = Deadline::in(longest_far);
    std::function<Result<Reading>()> work = [here = repository_] { return here->read(); };
    co_return co_await small_.run<Reading>("read " + name(), std::move(work), deadline);
}

Awaitable<Result<void>> PairRepository::claim(MemberId writer, Epoch epoch) {
    const auto deadline = Deadline::in(longest_far);
    std::function<Result<void>()> work = [here = repository_, writer, epoch] {
        return here->claim(writer, epoch);
    };
    co_return co_await small_.run<void>("claim " + name(), std::move(work), deadline);
}

Awaitable<Result<fs::path>> PairRepository::stage(std::string id) {
    const auto deadline = Deadline::in(longest_large); // It may have to remove a large half.
    std::function<Result<fs::path>()> work = [here = repository_, id] { return here->stage(id); };
    co_return co_await large_.run<fs::path>("make room in " + name(), std::move(work), deadline);
}

Awaitable<Result<std::optional<Snapshot>>> PairRepository::left_off(std::string id) {
    const auto deadline = Deadline::in(longest_small);
    using Left = std::optional<Snapshot>;
    std::function<Result<Left>()> work = [here = repository_, id] { return here->left_off(id); };
    co_return co_await large_.run<Left>("look for " + id, std::move(work), deadline);
}

Awaitable<Result<Snapshot>> PairRepository::finish(Snapshot snapshot, OnProgress on_progress) {
    const auto deadline = Deadline::in(longest_large);
    const auto executor = co_await asio::this_coro::executor;
    auto tell = on_thread_of(executor, std::move(on_progress));
    std::function<Result<Snapshot>()> work = [here = repository_, snapshot, tell] {
        return here->finish(snapshot, tell);
    };
    co_return co_await large_.run<Snapshot>("finish a snapshot in " + name(), std::move(work),
                                            deadline);
}

Awaitable<Result<LogSegment>> PairRepository::keep(fs::path file, LogSegment segment) {
    const auto deadline = Deadline::in(longest_far);
    std::function<Result<LogSegment>()> work = [here = repository_, file, segment] {
        return here->keep(file, segment);
    };
    co_return co_await small_.run<LogSegment>("keep log in " + name(), std::move(work), deadline);
}

Awaitable<Result<void>> PairRepository::note_forks(std::vector<HistoryFork> forks) {
    const auto deadline = Deadline::in(longest_small);
    std::function<Result<void>()> work = [here = repository_, forks] {
        return here->note_forks(forks);
    };
    co_return co_await small_.run<void>("note histories in " + name(), std::move(work), deadline);
}

Awaitable<Result<void>> PairRepository::note(Snapshot snapshot) {
    const auto deadline = Deadline::in(longest_small);
    std::function<Result<void>()> work = [here = repository_, snapshot] {
        return here->note(snapshot);
    };
    co_return co_await small_.run<void>("describe a snapshot in " + name(), std::move(work),
                                        deadline);
}

Awaitable<Result<void>> PairRepository::remove_snapshot(std::string id) {
    const auto deadline = Deadline::in(longest_large);
    std::function<Result<void>()> work = [here = repository_, id] {
        return here->remove_snapshot(id);
    };
    co_return co_await large_.run<void>("remove a snapshot from " + name(), std::move(work),
                                        deadline);
}

Awaitable<Result<void>> PairRepository::remove_log(std::vector<LogSegment> segments) {
    const auto deadline = Deadline::in(longest_large);
    std::function<Result<void>()> work = [here = repository_, segments] {
        return here->remove_log(segments);
    };
    co_return co_await large_.run<void>("remove log from " + name(), std::move(work), deadline);
}

Awaitable<Result<fs::path>> PairRepository::open_snapshot(std::string id, Repository::Verify verify,
                                                          OnProgress on_progress) {
    const auto deadline = Deadline::in(longest_large);
    const auto executor = co_await asio::this_coro::executor;
    auto tell = on_thread_of(executor, std::move(on_progress));
    std::function<Result<fs::path>()> work = [here = repository_, id, verify, tell] {
        return here->open_snapshot(id, verify, tell);
    };
    co_return co_await large_.run<fs::path>("read a snapshot of " + name(), std::move(work),
                                            deadline);
}

Awaitable<Result<void>> PairRepository::close_snapshot(std::string id) {
    const auto deadline = Deadline::in(longest_small);
    std::function<Result<void>()> work = [here = repository_, id] {
        here->close_snapshot(id);
        return Result<void>{};
    };
    co_return co_await large_.run<void>("let go of snapshot " + id, std::move(work), deadline);
}

Awaitable<Result<void>> PairRepository::fetch_log(std::vector<LogSegment> segments, fs::path to,
                                                  OnProgress on_progress) {
    const auto deadline = Deadline::in(longest_large);
    const auto executor = co_await asio::this_coro::executor;
    auto tell = on_thread_of(executor, std::move(on_progress));
    std::function<Result<void>()> work = [here = repository_, segments, to, tell] {
        return here->fetch_log(segments, to, tell);
    };
    co_return co_await large_.run<void>("fetch log from " + name(), std::move(work), deadline);
}

Awaitable<Result<void>> PairRepository::check_incoming(MemberId writer) {
    const auto deadline = Deadline::in(longest_small);
    std::function<Result<void>()> work = [above = incoming(writer).parent_path()] {
        std::error_code trouble;
        return fs::is_directory(above, trouble)
                   ? Result<void>{}
                   : fail(Errc::unreachable,
                          above.string() + " is gone: is its file system mounted?");
    };
    co_return co_await small_.run<void>("look into " + name(), std::move(work), deadline);
}

Awaitable<Result<void>> PairRepository::remove_received(fs::path file) {
    const auto deadline = Deadline::in(longest_small);
    std::function<Result<void>()> work = [file] {
        std::error_code trouble;
        fs::remove(file, trouble);
        return trouble ? Result<void>(fail(Errc::refused, file.string() + ": " + trouble.message()))
                       : Result<void>{};
    };
    co_return co_await small_.run<void>("remove received log", std::move(work), deadline);
}

Awaitable<Result<void>> PairRepository::work_on_files(std::string what,
                                                      std::function<Result<void>()> work) {
    const auto deadline = Deadline::in(longest_large);
    co_return co_await large_.run<void>(std::move(what), std::move(work), deadline);
}

Awaitable<Result<std::vector<fs::path>>> PairRepository::all_incoming() {
    const auto deadline = Deadline::in(longest_small);
    using Folders = std::vector<fs::path>;
    std::function<Result<Folders>()> work = [here = repository_] {
        return Result<Folders>(here->all_incoming());
    };
    co_return co_await small_.run<Folders>("look into " + name(), std::move(work), deadline);
}

} // namespace lockstep
