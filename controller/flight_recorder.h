#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "controller/flight.h"
#include "controller/wakeup.h"
#include "platform/asio.h"

namespace lockstep {

using FlightEntryPointer = std::shared_ptr<const FlightEntry>;

/// One pair's inputs of decide(), bounded: all of the last minute, and of the time before those at
/// which the decision became another one. The oldest go first.
class Flight {
public:
    static constexpr Milliseconds whole_for{60000};
    static constexpr std::size_t most_recent = 4000;
    static constexpr std::size_t most_earlier = 1000;
    static constexpr std::size_t most_bytes = 12U << 20U;

    /// Returns whether the decision is another one than before.
    bool note(const PairRecord& record, const View& view, const Decision& decision);
    void load(FlightEntryPointer entry);
    /// Oldest first.
    [[nodiscard]] std::vector<FlightEntryPointer> since(std::int64_t unix_ms) const;
    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    [[nodiscard]] std::size_t size() const { return recent_.size() + earlier_.size(); }

private:
    struct Kept {
        FlightEntryPointer entry;
        std::size_t bytes = 0;
        bool turning = false; // The decision became another one here.
    };
    void trim(std::int64_t unix_ms);
    void drop_front(std::deque<Kept>& from);
    void retire();

    std::shared_ptr<const PairRecord> record_;
    std::string told_;
    std::deque<Kept> recent_;
    std::deque<Kept> earlier_;
    std::size_t bytes_ = 0;
};

/// DESIGN.md 4: every input of decide() is kept in a bounded flight recorder, so that a real
/// incident can be replayed. In memory; a while after each swap and each alarm also in a file for
/// each pair, written on a thread of its own. What is encoded is encoded there too: no decision
/// waits for it.
class FlightRecorder {
public:
    /// `folder` empty: in memory only. Reads what an earlier controller left there.
    FlightRecorder(asio::any_io_executor executor, std::filesystem::path folder);
    FlightRecorder(const FlightRecorder&) = delete;
    FlightRecorder& operator=(const FlightRecorder&) = delete;
    ~FlightRecorder();

    void note(const PairRecord& record, const View& view, const Decision& decision);
    /// The pair is no more: its memory goes, its file stays for whoever asks what happened.
    void forget(const PairName& pair) { flights_.erase(pair); }

    /// The incident's lines, without its header, each input since then. Errors: `timeout`.
    [[nodiscard]] Awaitable<Result<std::vector<std::string>>> lines(PairName pair,
                                                                    std::int64_t since_unix_ms);
    /// Writes what is due, until stopped.
    [[nodiscard]] Awaitable<void> run();
    void stop();

private:
    struct Job;
    void load();
    [[nodiscard]] Awaitable<void> write(PairName pair);
    [[nodiscard]] Awaitable<bool> done(std::shared_ptr<Job> job);

    asio::any_io_executor executor_;
    std::filesystem::path folder_;
    std::map<PairName, Flight> flights_;
    std::map<PairName, Milliseconds> due_;
    Wakeup wakeup_;
    bool stopped_ = false;
    std::unique_ptr<asio::thread_pool> worker_;
};

} // namespace lockstep
