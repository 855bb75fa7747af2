#include "agent/disk_watch.h"

#include <utility>

#include "platform/clock.h"
#include "platform/disk_space.h"
#include "platform/files.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr Milliseconds between_looks{200};
constexpr Milliseconds refusal_counts_for{2000};
constexpr Milliseconds make_again_after{10000};
// A call that hangs is not given up: nothing could be known of the disk without it.
constexpr std::chrono::hours longest_wait{24};
constexpr const char* disk_alarm = "disk";
constexpr const char* ballast_alarm = "ballast";

std::string megabytes(std::uint64_t bytes) {
    return std::to_string(bytes >> 20U) + " MB";
}

} // namespace

struct DiskWatch::Look {
    DiskSpace data;
    DiskSpace log;
    std::uint64_t ballast_bytes = 0;
    bool beside = false; // A file beside the data folder takes room from the same file system.
};

DiskWatch::DiskWatch(asio::any_io_executor executor, const Driver& driver, LocalState& state,
                     Journal& journal, std::uint64_t ballast_bytes)
    : driver_(driver), state_(state), journal_(journal), wanted_bytes_(ballast_bytes),
      disk_(std::move(executor)) {}

fs::path DiskWatch::ballast_of(const fs::path& data_folder) {
    return data_folder.string() + ".lockstep.ballast";
}

Awaitable<void> DiskWatch::run() {
    for (;;) {
        co_await once();
        co_await pause_for(between_looks);
    }
}

Result<DiskWatch::Look> DiskWatch::look_at(const std::vector<fs::path>& places) {
    const auto data = space_of(places.front());
    if (!data) {
        return tl::unexpected(data.error());
    }
    const auto log = space_of(places.back());
    const auto above = space_of(places.front().parent_path());
    Look look;
    look.data = *data;
    look.log = log ? *log : *data;
    look.ballast_bytes = size_of(ballast_of(places.front()));
    look.beside = above && above->device == data->device;
    return look;
}

Room DiskWatch::room_of(const Look& look) const {
    const auto now = boot_time();
    Room room;
    room.free_bytes = look.data.free_bytes;
    if (look.log.device != look.data.device) {
        room.log_free_bytes = look.log.free_bytes;
    }
    room.ballast_bytes = look.ballast_bytes;
    room.wanted_bytes = look.beside ? wanted_bytes_ : 0;
    // What was refused before the ballast went says nothing of the room since.
    room.refused = state_.no_room_at > acted_at_ && now - state_.no_room_at < refusal_counts_for;
    return room;
}

Awaitable<void> DiskWatch::once() {
    const auto deadline = Deadline::in(longest_wait);
    std::function<Result<Look>()> work = [places = driver_.places()] { return look_at(places); };
    std::string what = "look at the disk";
    const auto look = co_await disk_.run<Look>(std::move(what), std::move(work), deadline);
    if (!look) {
        co_return; // The data folder's own alarm tells of a disk that cannot be read.
    }
    const auto room = room_of(*look);
    take(*look, room);
    tell(*look, room);
    const auto step = next_ballast_step(room);
    const bool too_soon = step == BallastStep::make && boot_time() < make_again_at_;
    if (step == BallastStep::keep || too_soon) {
        co_return;
    }
    const auto bytes = step == BallastStep::make ? room.wanted_bytes : room.ballast_bytes;
    const auto done = co_await act(step, bytes);
    if (!done) {
        make_again_at_ = boot_time() + make_again_after;
        journal_.raise(ballast_alarm, done.error().message);
        co_return;
    }
    journal_.clear(ballast_alarm);
}

Awaitable<Result<void>> DiskWatch::act(BallastStep step, std::uint64_t bytes) {
    const auto deadline = Deadline::in(longest_wait);
    const auto file = ballast_of(driver_.data_folder());
    const bool makes = step == BallastStep::make;
    std::function<Result<void>()> work = [file, bytes, makes] {
        return makes ? allocate_file(file, bytes) : remove_file_durably(file);
    };
    std::string what = "ballast " + file.string();
    auto done = co_await disk_.run<void>(std::move(what), std::move(work), deadline);
    if (!done) {
        co_return done;
    }
    acted_at_ = boot_time();
    make_again_at_ = acted_at_ + make_again_after;
    journal_.write("ballast", makes ? Severity::info : Severity::warning,
                   makes ? "holds " + megabytes(bytes) + " back in " + file.string() +
                               ", to be released when the disk is full"
                         : "released the " + megabytes(bytes) + " held back in " + file.string());
    co_return done;
}

void DiskWatch::take(const Look& look, const Room& room) {
    const auto& tightest = look.log.free_bytes < look.data.free_bytes ? look.log : look.data;
    const auto full = is_full(room);
    const bool news = full != state_.full_since.has_value();
    state_.disk = {tightest.free_bytes, tightest.total_bytes, room.ballast_bytes, Milliseconds{0},
                   tightest.path.string()};
    if (!full && state_.full_since) {
        state_.full_since.reset();
        state_.room_again_at = boot_time();
    } else if (full && !state_.full_since) {
        state_.full_since = boot_time();
    }
    if (news) {
        state_.changed();
    }
}

void DiskWatch::tell(const Look& look, const Room& room) {
    const auto& disk = state_.disk;
    const auto how = "the disk of " + disk.path + " (" + megabytes(disk.free_bytes) + " of " +
                     megabytes(disk.total_bytes) + " free)";
    if (state_.full_since) {
        journal_.raise(disk_alarm, how + " is full and no ballast is left: clients get errors. "
                                         "Make room");
    } else if (room.ballast_bytes < room.wanted_bytes &&
               room.free_bytes < free_bytes_needed(room)) {
        journal_.raise(disk_alarm, how + " has little room: make some. Its ballast of " +
                                       megabytes(room.wanted_bytes) + " is made when " +
                                       megabytes(free_bytes_needed(room)) + " are free");
    } else {
        journal_.clear(disk_alarm);
    }
    if (!look.beside && wanted_bytes_ > 0 && !std::exchange(place_told_, true)) {
        journal_.write("ballast", Severity::warning,
                       "no ballast is held: " + disk.path +
                           " is a file system of its own, so that a file beside it holds nothing "
                           "back. Put the data folder one level below");
    }
}

} // namespace lockstep
