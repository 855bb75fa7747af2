#include "drivers/mysql/snapshot/replay_plan.h"

#include <algorithm>
#include <cerrno>
#include <fstream>

#include <spdlog/fmt/fmt.h>

#include "drivers/common/entries.h"
#include "drivers/mysql/binlog.h"
#include "drivers/mysql/binlog_events.h"
#include "drivers/mysql/snapshot/log_place.h"
#include "platform/clock.h"
#include "platform/descriptor.h"
#include "platform/files.h"

namespace lockstep::mysql {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t magic_bytes = 4;
constexpr std::size_t piece_bytes = 1U << 20U;

/// What of a file lies on the way.
struct Stretch {
    fs::path file;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
};

/// Whether the target is reached, transaction by transaction.
class Goal {
public:
    Goal(Flavour flavour, const RestoreTarget& target) : flavour_(flavour), target_(target) {}

    /// Whether the restore ends before this one.
    bool ends_before(std::uint64_t place, const LoggedTransaction& transaction) {
        if (over_) {
            return true;
        }
        // Times may go back where transactions overlap: what counts is that an earlier one in the
        // log was late enough.
        latest_ms_ = std::max(latest_ms_, commit_time(transaction).latest_ms);
        const bool too_late = target_.unix_ms && latest_ms_ > *target_.unix_ms;
        const bool too_far = target_.position && place > target_.position->offset_bytes;
        const bool is_it = is_the_one(transaction);
        over_ = too_late || too_far || (is_it && target_.exclusive);
        return over_;
    }
    void took(std::uint64_t place, const LoggedTransaction& transaction) {
        complete_to_ms_ = std::max(complete_to_ms_, complete_to_ms(transaction));
        over_ = (target_.position && place >= target_.position->offset_bytes) ||
                is_the_one(transaction);
    }
    [[nodiscard]] bool is_over() const { return over_ || target_.consistent; }
    /// Why what is there does not do; empty: it does.
    [[nodiscard]] std::string shortfall(std::uint64_t end) const {
        const bool reached =
            is_over() || (!target_.position && !target_.unix_ms && target_.transaction.empty());
        if (reached || (target_.unix_ms && complete_to_ms_ >= *target_.unix_ms)) {
            return {};
        }
        return fmt::format("{} was not reached: the log goes to transaction {}, and it holds every "
                           "commit up to {}",
                           in_words(target_), end, format_time(complete_to_ms_));
    }

private:
    [[nodiscard]] bool is_the_one(const LoggedTransaction& transaction) const {
        return !target_.transaction.empty() &&
               gtid_of(flavour_, transaction) == target_.transaction;
    }
    Flavour flavour_;
    const RestoreTarget& target_;
    bool over_ = false;
    std::int64_t latest_ms_ = 0;
    std::int64_t complete_to_ms_ = 0;
};

Result<std::vector<Stretch>> stretches_in(Flavour flavour, const fs::path& log,
                                          const Descent& descent) {
    auto entries = entries_of(log);
    if (!entries && entries.error().code != Errc::unreachable) {
        return fail(Errc::refused, entries.error().message);
    }
    std::vector<Stretch> found;
    for (const auto& path : entries ? *entries : std::vector<fs::path>{}) {
        Stretch stretch{path, 0, 0};
        const OnTransaction look = [&](const LoggedTransaction& transaction) {
            const auto place = place_after(descent, transaction);
            if (!place || !transaction.whole) {
                return;
            }
            stretch.from = stretch.to == 0 ? *place - 1 : stretch.from;
            stretch.to = *place;
        };
        const auto file = read_log_file(flavour, path, look);
        if (!file) {
            return fail(Errc::refused, file.error().message);
        }
        if (flavour == Flavour::mariadb && stretch.to != 0) {
            stretch.from = std::min(stretch.from, place_after(file->before)); // Gaps in numbers.
        }
        if (stretch.to > stretch.from) {
            found.push_back(std::move(stretch));
        }
    }
    return found;
}

/// The one that goes furthest of those that hold what follows `place`; none: nullptr.
const Stretch* next_after(const std::vector<Stretch>& all, std::uint64_t place) {
    const Stretch* best = nullptr;
    for (const auto& one : all) {
        if (one.from <= place && one.to > place && (best == nullptr || one.to > best->to)) {
            best = &one;
        }
    }
    return best;
}

/// Takes what the goal wants of a file into the plan.
Result<void> take_from(Flavour flavour, const Descent& descent, const Stretch& stretch, Goal& goal,
                       ReplayPlan& plan) {
    LogSlice slice{stretch.file, 0, 0};
    const OnTransaction take = [&](const LoggedTransaction& transaction) {
        const auto place = place_after(descent, transaction);
        if (!place || !transaction.whole || *place <= plan.end || goal.is_over() ||
            goal.ends_before(*place, transaction)) {
            return;
        }
        slice.begin = slice.begin == 0 ? transaction.begin : slice.begin;
        slice.end = transaction.end;
        plan.end = *place;
        plan.last_gtid = gtid_of(flavour, transaction);
        plan.last_unix_ms = commit_time(transaction).earliest_ms;
        goal.took(*place, transaction);
    };
    const auto file = read_log_file(flavour, stretch.file, take);
    if (!file) {
        return fail(Errc::refused, file.error().message);
    }
    if (slice.end > slice.begin) {
        plan.slices.push_back(std::move(slice));
    }
    return {};
}

Result<void> copy_part(std::ifstream& in, std::ofstream& out, std::uint64_t begin,
                       std::uint64_t end) {
    std::string piece(piece_bytes, '\0');
    in.seekg(static_cast<std::streamoff>(begin));
    while (begin < end) {
        const auto part = std::min<std::uint64_t>(end - begin, piece.size());
        in.read(piece.data(), static_cast<std::streamsize>(part));
        out.write(piece.data(), in.gcount());
        if (static_cast<std::uint64_t>(in.gcount()) != part || !out.good()) {
            return fail(Errc::refused, system_reason(errno));
        }
        begin += part;
    }
    return {};
}

/// Behind what every file begins with: how its events are to be read and, which MySQL insists on,
/// which GTIDs were before.
std::uint64_t head_bytes(std::ifstream& in) {
    std::uint64_t at = magic_bytes;
    std::string head(event_header_bytes, '\0');
    while (true) {
        in.clear();
        in.seekg(static_cast<std::streamoff>(at));
        in.read(head.data(), static_cast<std::streamsize>(head.size()));
        const auto header = parse_event_header(head);
        const bool is_head =
            header.type == EventType::format || header.type == EventType::mysql_before;
        if (!in || !is_head) {
            in.clear();
            return at;
        }
        at += header.bytes;
    }
}

Result<void> write_relay_log(const LogSlice& slice, const fs::path& to) {
    std::ifstream in(slice.file, std::ios::binary);
    std::ofstream out(to, std::ios::binary | std::ios::trunc);
    if (!in || !out) {
        return fail(Errc::refused, fmt::format("copy {} to {}: {}", slice.file.string(),
                                               to.string(), system_reason(errno)));
    }
    const auto head = head_bytes(in);
    auto copied = copy_part(in, out, 0, head);
    if (copied) {
        copied = copy_part(in, out, slice.begin, slice.end);
    }
    out.close();
    return copied && out ? Result<void>{}
                         : fail(Errc::refused, fmt::format("write {}: {}", to.string(),
                                                           copied ? system_reason(errno)
                                                                  : copied.error().message));
}

} // namespace

Result<ReplayPlan> plan_replay(Flavour flavour, const fs::path& log, const Descent& descent,
                               std::uint64_t from, const RestoreTarget& target) {
    if (!target.name.empty()) {
        return fail(Errc::unsupported, "this engine knows no restore points by name");
    }
    const auto stretches = stretches_in(flavour, log, descent);
    if (!stretches) {
        return tl::unexpected(stretches.error());
    }
    ReplayPlan plan;
    plan.from = from;
    plan.end = from;
    Goal goal(flavour, target);
    const bool there_already = target.position && target.position->offset_bytes == from;
    while (!goal.is_over() && !there_already) {
        const auto* const next = next_after(*stretches, plan.end);
        if (next == nullptr) {
            break;
        }
        const auto before = plan.end;
        if (auto taken = take_from(flavour, descent, *next, goal, plan); !taken) {
            return tl::unexpected(taken.error());
        }
        if (plan.end == before) {
            break;
        }
    }
    if (const auto missed = there_already ? "" : goal.shortfall(plan.end); !missed.empty()) {
        return fail(Errc::refused, missed);
    }
    return plan;
}

Result<void> lay_out_relay_logs(const ReplayPlan& plan, const fs::path& data) {
    std::string index;
    std::size_t number = 0;
    for (const auto& slice : plan.slices) {
        const auto name = fmt::format("relay.{:06}", ++number);
        if (auto written = write_relay_log(slice, data / name); !written) {
            return written;
        }
        index += "./" + name + "\n";
    }
    return index.empty() ? Result<void>{} : write_file_durably(data / "relay.index", index);
}

std::string in_words(const RestoreTarget& target) {
    if (target.unix_ms) {
        return "the time " + format_time(*target.unix_ms);
    }
    if (target.position) {
        return fmt::format("transaction {} of the history {}", target.position->offset_bytes,
                           target.position->history.text);
    }
    if (!target.transaction.empty()) {
        return "the GTID " + target.transaction + (target.exclusive ? " (excluded)" : "");
    }
    return target.consistent ? "the snapshot's own end" : "the end of the log";
}

} // namespace lockstep::mysql
