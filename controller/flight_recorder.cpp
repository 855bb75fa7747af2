#include "controller/flight_recorder.h"

#include <algorithm>
#include <utility>

#include "controller/event_log.h"
#include "platform/clock.h"
#include "platform/deadline.h"
#include "platform/files.h"
#include "platform/log.h"
#include "platform/timer.h"

namespace lockstep {
namespace {

constexpr Milliseconds written_after{3000}; // What follows a swap belongs to the incident.
constexpr Milliseconds longest_job{20000};
constexpr Milliseconds idle{60000};
constexpr std::size_t largest_file_bytes = 64U << 20U;
constexpr std::string_view file_ending = ".jsonl";

std::string without_figures(std::string text) {
    std::erase_if(text, [](char c) { return c >= '0' && c <= '9'; });
    return text;
}

/// About what an input takes in memory; the record is shared.
std::size_t bytes_of(const FlightEntry& entry) {
    std::size_t bytes = sizeof(FlightEntry) + entry.decision.because.capacity();
    if (entry.decision.next) {
        bytes += sizeof(PairRecord) + 2048;
    }
    for (const auto& [id, member] : entry.view.members) {
        bytes += sizeof(MemberView) + 128;
        if (!member.observation) {
            continue;
        }
        const auto& told = *member.observation;
        bytes += told.data_id.capacity() + told.death.capacity() + told.lowered.capacity() +
                 told.unfit.capacity() + told.position.history.text.capacity();
        for (const auto* sentences : {&told.alarms, &told.rpo_notes}) {
            for (const auto& sentence : *sentences) {
                bytes += sizeof(std::string) + sentence.capacity();
            }
        }
    }
    return bytes;
}

std::string encode_file(const PairName& pair, const std::vector<FlightEntryPointer>& entries) {
    std::string text = encode_flight_header({pair, unix_ms()}) + "\n";
    for (const auto& entry : entries) {
        text += encode_flight(*entry) + "\n";
    }
    return text;
}

} // namespace

// One pair -----------------------------------------------------------------------------------

bool Flight::note(const PairRecord& record, const View& view, const Decision& decision) {
    if (!record_ || record_->revision != record.revision || *record_ != record) {
        record_ = std::make_shared<const PairRecord>(record);
    }
    auto entry = std::make_shared<const FlightEntry>(FlightEntry{record_, view, noted(decision)});
    auto told = entry->decision.phase + entry->decision.action + entry->decision.condition +
                std::to_string(number(record.revision)) + without_figures(decision.because);
    const bool turning = decision.next.has_value() || told != told_;
    told_ = std::move(told);
    const auto bytes = bytes_of(*entry);
    recent_.push_back({std::move(entry), bytes, turning});
    bytes_ += bytes;
    trim(view.unix_ms);
    return turning;
}

void Flight::load(FlightEntryPointer entry) {
    const auto bytes = bytes_of(*entry);
    earlier_.push_back({std::move(entry), bytes, true});
    bytes_ += bytes;
    trim(0);
}

/// The oldest of the last minute is kept on if something turned there.
void Flight::retire() {
    if (recent_.front().turning) {
        earlier_.push_back(recent_.front());
        recent_.pop_front();
        return;
    }
    drop_front(recent_);
}

void Flight::drop_front(std::deque<Kept>& from) {
    bytes_ -= from.front().bytes;
    from.pop_front();
}

void Flight::trim(std::int64_t unix_ms) {
    while (!recent_.empty() &&
           (recent_.size() > most_recent ||
            recent_.front().entry->view.unix_ms < unix_ms - whole_for.count())) {
        retire();
    }
    while (earlier_.size() > most_earlier || (bytes_ > most_bytes && !earlier_.empty())) {
        drop_front(earlier_);
    }
    while (bytes_ > most_bytes && recent_.size() > 1) {
        drop_front(recent_);
    }
}

std::vector<FlightEntryPointer> Flight::since(std::int64_t unix_ms) const {
    std::vector<FlightEntryPointer> entries;
    for (const auto* part : {&earlier_, &recent_}) {
        for (const auto& kept : *part) {
            if (kept.entry->view.unix_ms >= unix_ms) {
                entries.push_back(kept.entry);
            }
        }
    }
    return entries;
}

// All pairs ----------------------------------------------------------------------------------

struct FlightRecorder::Job {
    explicit Job(asio::any_io_executor executor) : timer(std::move(executor)) {}
    Timer timer;
    std::vector<FlightEntryPointer> entries;
    std::vector<std::string> lines; // Of the worker's thread, until `finished`.
    Result<void> written;           // Likewise.
    std::function<void(Job&)> work;
    bool finished = false; // Of the executor's thread.
};

FlightRecorder::FlightRecorder(asio::any_io_executor executor, std::filesystem::path folder)
    : executor_(executor), folder_(std::move(folder)), wakeup_(executor) {
    if (!folder_.empty()) {
        worker_ = std::make_unique<asio::thread_pool>(1);
        load();
    }
}

FlightRecorder::~FlightRecorder() {
    if (worker_) {
        worker_->join();
    }
}

/// What cannot be read is no reason not to start: it is told, and written anew.
void FlightRecorder::load() {
    std::error_code none;
    for (const auto& file : std::filesystem::directory_iterator(folder_, none)) {
        if (file.path().extension() != file_ending) {
            continue;
        }
        const auto text = read_file(file.path(), largest_file_bytes);
        if (!text) {
            log_event(make_event("flight_recorder", Severity::warning, text.error().message));
            continue;
        }
        auto& flight = flights_[file.path().stem().string()];
        std::size_t unreadable = 0;
        std::size_t at = text->find('\n') + 1; // After the header.
        while (at != 0 && at < text->size()) {
            const auto end = std::min(text->find('\n', at), text->size());
            auto entry = decode_flight(std::string_view(*text).substr(at, end - at));
            if (entry) {
                flight.load(std::make_shared<const FlightEntry>(std::move(*entry)));
            } else {
                ++unreadable;
            }
            at = end + 1;
        }
        if (unreadable > 0) {
            log_event(make_event("flight_recorder", Severity::warning,
                                 file.path().string() + ": " + std::to_string(unreadable) +
                                     " lines cannot be read and are left out (another version "
                                     "wrote them?)"));
        }
    }
}

void FlightRecorder::note(const PairRecord& record, const View& view, const Decision& decision) {
    const bool turned = flights_[record.pair].note(record, view, decision);
    const bool incident = decision.next.has_value() || (turned && decision.alarm);
    if (incident && worker_ && !due_.contains(record.pair)) {
        due_[record.pair] = boot_time() + written_after;
        wakeup_.wake();
    }
}

void FlightRecorder::stop() {
    stopped_ = true;
    wakeup_.wake();
}

Awaitable<void> FlightRecorder::run() {
    while (!stopped_) {
        auto pause = idle;
        std::vector<PairName> now_due;
        for (const auto& [pair, at] : due_) {
            if (at <= boot_time()) {
                now_due.push_back(pair);
            } else {
                pause = std::min(pause, at - boot_time());
            }
        }
        for (const auto& pair : now_due) {
            due_.erase(pair);
            co_await write(pair);
        }
        if (now_due.empty()) {
            co_await wakeup_.wait_for(pause);
        }
    }
}

Awaitable<bool> FlightRecorder::done(std::shared_ptr<Job> job) {
    auto whole = [job, executor = executor_] {
        job->work(*job);
        auto tell = [job] {
            job->finished = true;
            job->timer.ring();
        };
        asio::post(executor, std::move(tell));
    };
    if (worker_) {
        asio::post(*worker_, std::move(whole));
    } else {
        asio::post(executor_, std::move(whole));
    }
    co_await job->timer.wait_for(longest_job);
    co_return job->finished;
}

Awaitable<void> FlightRecorder::write(PairName pair) {
    const auto job = std::make_shared<Job>(executor_);
    job->entries = flights_[pair].since(0);
    job->work = [pair, folder = folder_](Job& mine) {
        mine.written = make_private_folder(folder);
        if (mine.written) {
            mine.written = write_file_durably(folder / (pair + std::string(file_ending)),
                                              encode_file(pair, mine.entries));
        }
    };
    const bool finished = co_await done(job);
    if (!finished || !job->written) {
        log_event(make_event("flight_recorder", Severity::warning,
                             "what was decided upon " + pair + " is kept in memory only: " +
                                 (finished ? job->written.error().message
                                           : std::string("the disk does not answer"))));
    }
}

Awaitable<Result<std::vector<std::string>>> FlightRecorder::lines(PairName pair,
                                                                  std::int64_t since_unix_ms) {
    const auto job = std::make_shared<Job>(executor_);
    job->entries = flights_[pair].since(since_unix_ms);
    job->work = [](Job& mine) {
        for (const auto& entry : mine.entries) {
            mine.lines.push_back(encode_flight(*entry));
        }
    };
    const bool finished = co_await done(job);
    if (!finished) {
        co_return fail(Errc::timeout, "the flight recorder did not answer within 20 s");
    }
    co_return std::move(job->lines);
}

} // namespace lockstep
