#include "agent/divergences.h"

#include <algorithm>
#include <utility>

#include "agent/decision/rejoin.h"
#include "core/mebibytes.h"
#include "core/wire/codec.h"
#include "platform/clock.h"
#include "platform/files.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr Milliseconds between_looks{60000};
constexpr std::chrono::seconds longest_write{10};
constexpr std::chrono::minutes longest_removal{10};
constexpr std::chrono::hours longest_decoding{6};
constexpr std::size_t most_characters = 1000;
constexpr const char* description = "divergence.json";

/// A copy whose agent was ended before it was described.
KeptDivergence undescribed(const fs::path& folder, const Divergences::Place& place) {
    KeptDivergence found;
    const auto name = folder.filename().string();
    found.id = place.member + "-" + name;
    found.member = place.member;
    found.host = place.host;
    found.folder = folder.string();
    found.unix_ms = std::strtoll(name.c_str(), nullptr, 10) * 1000;
    found.remove_unix_ms = remove_at(found.unix_ms, place.keep_days);
    found.why = "its agent was ended before it wrote down what this is: see README.txt in it";
    found.rejoined = "unknown";
    found.log.done = true;
    found.log.trouble = "the copy is not described, so it was not decoded";
    return found;
}

struct Found {
    std::vector<KeptDivergence> list;
    std::vector<std::string> troubles;
};

/// Everything in the folder but what is half copied.
Result<Found> read_all(const Divergences::Place& place) {
    Found found;
    std::error_code trouble;
    for (fs::directory_iterator at(place.folder, trouble), end; !trouble && at != end;
         at.increment(trouble)) {
        const auto& folder = at->path();
        if (!at->is_directory() || folder.extension() == ".partial") {
            continue;
        }
        const auto text = read_file(folder / description);
        if (!text) {
            found.list.push_back(undescribed(folder, place));
            continue;
        }
        auto one = wire::decode_divergence(*text);
        if (!one) {
            found.troubles.push_back((folder / description).string() + ": " + one.error().message);
            found.list.push_back(undescribed(folder, place));
            continue;
        }
        found.list.push_back(std::move(*one));
    }
    return found;
}

Result<void> remove_folder(const fs::path& folder) {
    std::error_code trouble;
    fs::remove_all(folder, trouble);
    return trouble ? Result<void>(fail(Errc::refused, folder.string() + ": " + trouble.message()))
                   : Result<void>{};
}

} // namespace

Divergences::Divergences(asio::any_io_executor executor, Driver& driver, Journal& journal,
                         Place place)
    : driver_(driver), journal_(journal), place_(std::move(place)), disk_(executor),
      wake_(executor) {}

Awaitable<void> Divergences::run() {
    co_await load();
    for (;;) {
        co_await decode_next();
        co_await remove_due();
        const bool more =
            std::any_of(list_.begin(), list_.end(), [](const auto& one) { return !one.log.done; });
        if (!more) {
            co_await wake_.wait(between_looks);
        }
    }
}

Awaitable<void> Divergences::load() {
    const auto deadline = Deadline::in(longest_write);
    std::string what = "read " + place_.folder.string();
    std::function<Result<Found>()> work = [place = place_] { return read_all(place); };
    auto found = co_await disk_.run<Found>(std::move(what), std::move(work), deadline);
    if (!found) {
        journal_.write("retry", Severity::warning, found.error().message);
        co_return;
    }
    for (const auto& trouble : found->troubles) {
        journal_.write("unreadable", Severity::warning, trouble);
    }
    for (auto& one : found->list) {
        const bool known = std::any_of(list_.begin(), list_.end(),
                                       [&](const auto& other) { return other.id == one.id; });
        if (!known) {
            put(std::move(one));
        }
    }
}

Result<void> Divergences::prepare() {
    return make_private_folder(place_.folder);
}

KeptDivergence Divergences::make(Revision revision) const {
    KeptDivergence divergence;
    divergence.unix_ms = unix_ms();
    divergence.remove_unix_ms = remove_at(divergence.unix_ms, place_.keep_days);
    const auto name =
        std::to_string(divergence.unix_ms / 1000) + "-rev" + std::to_string(number(revision));
    divergence.id = place_.member + "-" + name;
    divergence.member = place_.member;
    divergence.host = place_.host;
    divergence.folder = (place_.folder / name).string();
    return divergence;
}

Awaitable<Result<void>> Divergences::add(KeptDivergence divergence) {
    auto saved = co_await save(divergence);
    if (saved) {
        put(std::move(divergence));
        wake_.notify();
    }
    co_return saved;
}

std::optional<KeptDivergence> Divergences::find_open(const std::string& data_id, Epoch epoch,
                                                     const std::string& fork) const {
    const auto found = std::find_if(list_.begin(), list_.end(), [&](const auto& one) {
        return one.rejoined.empty() && one.data_id == data_id && one.epoch == epoch &&
               one.fork == fork;
    });
    return found == list_.end() ? std::nullopt : std::optional(*found);
}

std::optional<KeptDivergence> Divergences::find(const std::string& id) const {
    const auto found =
        std::find_if(list_.begin(), list_.end(), [&](const auto& one) { return one.id == id; });
    return found == list_.end() ? std::nullopt : std::optional(*found);
}

/// What could not be written down is in force until the agent's next start.
Awaitable<Result<void>> Divergences::put_and_save(KeptDivergence divergence) {
    put(divergence);
    auto saved = co_await save(std::move(divergence));
    if (!saved) {
        journal_.write("retry", Severity::warning, saved.error().message);
    }
    co_return saved;
}

Awaitable<Result<void>> Divergences::set_overwritten(std::string id, std::uint64_t bytes) {
    auto one = find(id);
    if (!one) {
        co_return fail(Errc::unreachable, "there is no divergence " + id);
    }
    one->overwritten_bytes = bytes;
    co_return co_await put_and_save(std::move(*one));
}

Awaitable<void> Divergences::settle(std::string how, std::string why) {
    const auto all = list_;
    for (const auto& each : all) {
        auto one = find(each.id); // As it is now: it may have been decoded meanwhile.
        if (one && one->rejoined.empty()) {
            one->rejoined = how;
            one->rejoined_why = why;
            static_cast<void>(co_await put_and_save(std::move(*one)));
        }
    }
}

Awaitable<Result<void>> Divergences::save(KeptDivergence divergence) {
    const auto path = fs::path(divergence.folder) / description;
    std::string what = "write " + path.string();
    auto text = wire::encode_divergence(divergence);
    std::function<Result<void>()> work = [path, text = std::move(text)] {
        return write_file_durably(path, text + "\n");
    };
    const auto deadline = Deadline::in(longest_write);
    co_return co_await disk_.run<void>(std::move(what), std::move(work), deadline);
}

/// One at a time; what could not be decoded says so, and is not tried for ever.
Awaitable<void> Divergences::decode_next() {
    const auto next =
        std::find_if(list_.begin(), list_.end(), [](const auto& one) { return !one.log.done; });
    if (next == list_.end()) {
        co_return;
    }
    const auto id = next->id;
    fs::path folder = next->folder;
    const auto fork = next->fork_offset_bytes;
    const auto deadline = Deadline::in(longest_decoding);
    auto decoded = co_await driver_.decode(std::move(folder), fork, deadline);
    auto one = find(id);
    if (!one) {
        co_return;
    }
    if (decoded) {
        one->log = std::move(*decoded);
    } else {
        one->log.done = true;
        one->log.trouble = decoded.error().message.substr(0, most_characters);
        journal_.write("undecoded", Severity::warning, decoded.error().message);
    }
    static_cast<void>(co_await put_and_save(std::move(*one)));
}

Awaitable<void> Divergences::remove_due() {
    const auto now = unix_ms();
    auto due = list_;
    std::erase_if(
        due, [now](const auto& one) { return !may_remove(one.remove_unix_ms, now, one.rejoined); });
    for (const auto& one : due) {
        const auto deadline = Deadline::in(longest_removal);
        std::string what = "remove " + one.folder;
        std::function<Result<void>()> work = [folder = fs::path(one.folder)] {
            return remove_folder(folder);
        };
        auto removed = co_await disk_.run<void>(std::move(what), std::move(work), deadline);
        if (!removed) {
            journal_.write("retry", Severity::warning, removed.error().message);
            continue;
        }
        std::erase_if(list_, [&](const auto& other) { return other.id == one.id; });
        changed();
        journal_.write("removed", Severity::info,
                       "divergence " + one.id + " (" + mebibytes(one.bytes) + ") was kept until " +
                           format_time(one.remove_unix_ms) + " and is removed: " + one.folder);
    }
}

void Divergences::put(KeptDivergence divergence) {
    const auto found = std::find_if(list_.begin(), list_.end(),
                                    [&](const auto& one) { return one.id == divergence.id; });
    if (found != list_.end()) {
        *found = std::move(divergence);
    } else {
        list_.push_back(std::move(divergence));
        std::sort(list_.begin(), list_.end(),
                  [](const auto& left, const auto& right) { return left.unix_ms > right.unix_ms; });
    }
    changed();
}

void Divergences::changed() {
    ++version_;
    if (changed_) {
        changed_();
    }
}

} // namespace lockstep
