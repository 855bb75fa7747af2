#pragma once

#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "drivers/snapshot_engine.h"
#include "platform/timer.h"

namespace lockstep {

/// Copies one small file, and receives what the test puts into the folder.
class FakeSnapshotEngine final : public SnapshotEngine {
public:
    Awaitable<Result<SnapshotAbilities>> abilities(Deadline) override {
        co_return SnapshotAbilities{};
    }
    Awaitable<Result<Snapshot>> take(std::filesystem::path to, OnProgress on_progress,
                                     Deadline) override {
        ++takes;
        std::ofstream(to / "base") << "content " << takes;
        on_progress({1, 2});
        while (hangs) {
            const Milliseconds a_moment{5};
            co_await pause_for(a_moment);
        }
        if (trouble) {
            co_return tl::unexpected(*trouble);
        }
        Snapshot snapshot;
        snapshot.engine = "fake";
        snapshot.system_id = "7";
        snapshot.begin = {{"1"}, 10};
        snapshot.end = {{"1"}, 20};
        snapshot.end_unix_ms = 20;
        snapshot.data_bytes = 100;
        snapshot.self_contained = true;
        co_return snapshot;
    }
    Awaitable<Result<void>> check(std::filesystem::path snapshot, OnProgress, Deadline) override {
        checked = std::move(snapshot);
        co_return damage.empty() ? Result<void>{} : fail(Errc::refused, damage);
    }
    Awaitable<Result<void>> receive(std::filesystem::path spool, Position after) override {
        received_after.push_back(after);
        std::filesystem::create_directories(spool);
        while (!refuses_to_receive) {
            const Milliseconds a_moment{5};
            co_await pause_for(a_moment);
        }
        co_return fail(Errc::refused, "log is missing");
    }
    Awaitable<Result<std::vector<LogSegment>>> finished(std::filesystem::path spool,
                                                        Deadline) override {
        std::vector<LogSegment> segments;
        for (const auto& segment : received) {
            if (std::filesystem::exists(spool / segment.name)) {
                segments.push_back(segment);
            }
        }
        co_return segments;
    }
    Awaitable<Result<std::optional<LogSegment>>> unfinished(std::filesystem::path,
                                                            Deadline) override {
        co_return std::optional<LogSegment>{};
    }
    Awaitable<Result<std::vector<HistoryFork>>> forks(Deadline) override {
        co_return std::vector<HistoryFork>{{{"1"}, {}, 0}};
    }
    Awaitable<Result<Restored>> restore(Source source, RestoreTarget target, OnProgress,
                                        Deadline) override {
        restored_from = std::move(source);
        restored_to = std::move(target);
        co_return Restored{{{"2"}, 30}, 30, "7"};
    }
    Awaitable<Result<void>> examine_tables(OnProgress, Deadline) override {
        co_return Result<void>{};
    }

    Awaitable<Result<void>> prove(Questions questions, OnProgress, Deadline) override {
        asked = std::move(questions);
        co_return finding.empty() ? Result<void>{} : fail(Errc::refused, finding);
    }

    int takes = 0;
    std::string finding; // Of prove().
    Questions asked;
    bool hangs = false;
    bool refuses_to_receive = false;
    std::optional<Error> trouble;
    std::string damage;
    std::filesystem::path checked;
    std::vector<Position> received_after;
    std::vector<LogSegment> received; // Finished once a file of that name is in the folder.
    Source restored_from;
    RestoreTarget restored_to;
};

} // namespace lockstep
