#include <algorithm>
#include <utility>

#include "agent/restoring.h"
#include "platform/files.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds longest_look{60};
constexpr std::chrono::hours longest_restore{24 * 7};

LogSegment* find(snapshots::Catalogue& catalogue, const LogSegment& segment) {
    const auto found =
        std::find_if(catalogue.log.begin(), catalogue.log.end(), [&](const LogSegment& one) {
            return one.name == segment.name && one.system_id == segment.system_id;
        });
    return found == catalogue.log.end() ? nullptr : &*found;
}

Result<void> remove_folder(const fs::path& folder) {
    std::error_code trouble;
    fs::remove_all(folder, trouble);
    return trouble ? Result<void>(fail(Errc::refused, folder.string() + ": " + trouble.message()))
                   : Result<void>{};
}

Result<void> copy_into(const fs::path& file, const fs::path& folder) {
    std::error_code trouble;
    fs::copy_file(file, folder / file.filename(), fs::copy_options::overwrite_existing, trouble);
    return trouble ? Result<void>(fail(Errc::conflict, file.string() + ": " + trouble.message() +
                                                           " (it was brought elsewhere "
                                                           "meanwhile: look again)"))
                   : Result<void>{};
}

/// Into a folder that held another restore's, perhaps.
Result<void> copy_anew(const std::vector<fs::path>& files, const fs::path& to) {
    auto done = remove_folder(to);
    if (done) {
        done = make_private_folder(to);
    }
    for (const auto& file : files) {
        if (done) {
            done = copy_into(file, to);
        }
    }
    return done;
}

} // namespace

Awaitable<Result<Restoring::Received>> Restoring::add_received(PairRepository& repository,
                                                               SnapshotEngine& engine,
                                                               snapshots::Catalogue& catalogue) {
    Received received;
    const auto folders = co_await repository.all_incoming();
    if (!folders) {
        co_return tl::unexpected(folders.error());
    }
    for (const auto& folder : *folders) {
        const auto deadline = Deadline::in(longest_look);
        auto whole = co_await engine.finished(folder, deadline);
        const auto rest = co_await engine.unfinished(folder, deadline);
        if (!whole || !rest) {
            const auto& why = whole ? rest.error() : whole.error();
            journal_.write("restore", Severity::warning,
                           "log in " + folder.string() + " is not counted on: " + why.message);
            continue;
        }
        if (*rest) {
            whole->push_back(**rest);
        }
        // Two members may have received the same piece, one of them further than the other.
        for (auto& segment : *whole) {
            auto* const known = find(catalogue, segment);
            if (known == nullptr) {
                received[segment.name] = folder / segment.name;
                catalogue.log.push_back(std::move(segment));
            } else if (received.contains(segment.name) && segment.to > known->to) {
                received[segment.name] = folder / segment.name;
                *known = std::move(segment);
            }
        }
    }
    co_return received;
}

Awaitable<Result<SnapshotEngine::Source>> Restoring::fetch(PairRepository& repository,
                                                           const snapshots::RestorePlan& plan,
                                                           const Received& received, fs::path log,
                                                           OnProgress on_progress) {
    SnapshotEngine::Source source;
    source.log = std::move(log);
    source.forks = plan.forks;
    source.history = plan.history;
    std::vector<fs::path> near;
    std::vector<LogSegment> kept;
    for (const auto& segment : plan.log) {
        const auto found = received.find(segment.name);
        if (found == received.end()) {
            kept.push_back(segment);
        } else {
            near.push_back(found->second);
        }
    }
    std::function<Result<void>()> lay_out = [near, to = source.log] { return copy_anew(near, to); };
    auto done = co_await repository.work_on_files("fetch received log", std::move(lay_out));
    if (done) {
        OnProgress nobody;
        done = co_await repository.fetch_log(std::move(kept), source.log, std::move(nobody));
    }
    if (!done) {
        co_return tl::unexpected(done.error());
    }
    auto id = plan.snapshot.id;
    const auto verify =
        snapshots::Repository::Verify::sizes; // Its manifest is compared by content.
    auto folder = co_await repository.open_snapshot(std::move(id), verify, std::move(on_progress));
    if (!folder) {
        co_return tl::unexpected(folder.error());
    }
    source.snapshot = std::move(*folder);
    co_return source;
}

Awaitable<Result<Restoring::Outcome>> Restoring::restore(Origin origin, Into into,
                                                         OnProgress on_progress) {
    PairRepository repository(executor_, make_repository_(origin.pair));
    auto reading = co_await repository.read();
    if (!reading) {
        co_return tl::unexpected(reading.error());
    }
    auto& catalogue = reading->catalogue;
    const auto received = co_await add_received(repository, into.engine, catalogue);
    if (!received) {
        co_return tl::unexpected(received.error());
    }
    if (auto sensible = snapshots::check(catalogue); !sensible) {
        co_return within(repository.name(), sensible.error());
    }
    const snapshots::Chains chains(catalogue);
    const auto plan = snapshots::plan_restore(chains, {origin.target, origin.snapshot});
    if (!plan) {
        co_return fail(Errc::refused, in_words(plan.error()));
    }
    auto log = into.scratch;
    auto source = co_await fetch(repository, *plan, *received, std::move(log), on_progress);
    if (!source) {
        co_return tl::unexpected(source.error());
    }
    const auto deadline = Deadline::in(longest_restore);
    auto restored = co_await into.engine.restore(std::move(*source), plan->target,
                                                 std::move(on_progress), deadline);
    // Nothing hangs on either: the next restore empties them first.
    std::function<Result<void>()> tidy = [used = into.scratch] { return remove_folder(used); };
    static_cast<void>(co_await repository.work_on_files("tidy up", std::move(tidy)));
    auto id = plan->snapshot.id;
    static_cast<void>(co_await repository.close_snapshot(std::move(id)));
    if (!restored) {
        co_return tl::unexpected(restored.error());
    }
    co_return Outcome{plan->snapshot, std::move(*restored)};
}

} // namespace lockstep
