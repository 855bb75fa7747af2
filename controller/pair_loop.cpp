#include "controller/pair_loop.h"

#include <algorithm>

#include "platform/clock.h"
#include "platform/deadline.h"

namespace lockstep {
namespace {

constexpr Milliseconds at_once{0};
constexpr Milliseconds unsettled_pause{100};
constexpr Milliseconds settled_pause{500};
constexpr Milliseconds first_retry{200};
constexpr Milliseconds longest_retry{5000};
constexpr Milliseconds tell_again_after{10000};
constexpr Milliseconds well_heard{500};
constexpr Milliseconds prove_every{1000};
constexpr int most_attempts = 3;

/// Two tellings of one rule differ by their figures only.
std::string without_figures(std::string text) {
    std::erase_if(text, [](char c) { return c >= '0' && c <= '9'; });
    return text;
}

std::vector<Event> with_pair(std::vector<Event> events, const PairName& pair) {
    for (auto& event : events) {
        event.unix_ms = event.unix_ms == 0 ? unix_ms() : event.unix_ms;
        event.pair = pair;
    }
    return events;
}

} // namespace

PairLoop::PairLoop(Parts parts, PairRecord record)
    : parts_(std::move(parts)), record_(std::move(record)), tellings_(tell_again_after),
      wakeup_(parts_.executor) {
    decision_ = decide(record_, view());
}

View PairLoop::view() const {
    return parts_.observer.view(record_, boot_time(), unix_ms());
}

void PairLoop::stop() {
    stopped_ = true;
    wakeup_.wake();
}

Awaitable<void> PairLoop::run(std::shared_ptr<PairLoop> self) {
    while (!self->stopped_) {
        const auto pause = co_await self->tick();
        co_await self->wakeup_.wait_for(pause);
    }
}

Awaitable<void> PairLoop::keep_proving(std::shared_ptr<PairLoop> self) {
    while (!self->stopped_) {
        co_await self->prove();
        co_await pause_for(prove_every);
    }
}

/// A store that fails is told of by whoever reads it for a decision.
Awaitable<void> PairLoop::prove() {
    auto heard_before = stamps();
    auto read = [name = record_.pair](StateStore& store) { return store.pair(name); };
    const auto stored = co_await parts_.store.call(read);
    if (stored && *stored == record_) {
        take_proof(stored->revision, std::move(heard_before));
    }
}

PairLoop::Stamps PairLoop::stamps() const {
    Stamps stamps;
    for (const auto& [id, member] : record_.members) {
        if (auto stamp = parts_.observer.stamp_of(id)) {
            stamps[id] = std::move(*stamp);
        }
    }
    return stamps;
}

/// Told with what is told anyway, each second; an agent that has no proof at all yet hears at once.
void PairLoop::take_proof(Revision revision, Stamps stamps) {
    const auto before = std::exchange(proof_stamps_, std::move(stamps));
    proved_ = revision;
    for (const auto& [id, stamp] : proof_stamps_) {
        const auto known = before.find(id);
        if (known == before.end() || known->second.instance != stamp.instance) {
            parts_.permit_changed(id);
        }
    }
}

std::optional<wire::Stamp> PairLoop::proof_for(const MemberId& member) const {
    const auto found = proof_stamps_.find(member);
    return proved_ == record_.revision && found != proof_stamps_.end()
               ? std::optional(found->second)
               : std::nullopt;
}

Awaitable<Milliseconds> PairLoop::tick() {
    const auto seen = view();
    decision_ = decide_on(seen);
    if (decision_.next) {
        co_return co_await swap_in();
    }
    tell_decision();
    const auto request = grantable_request(record_, seen, decision_);
    if (permit_ && !still_stands(*permit_, record_, request)) {
        set_permit(std::nullopt);
    }
    if (request && !permit_) {
        co_await read_for_permit(*request);
    }
    co_return is_settled(seen) ? settled_pause : unsettled_pause;
}

/// In sync or quietly alone, everybody heard, nothing asked: only what is observed can change it.
bool PairLoop::is_settled(const View& view) const {
    const bool all_heard =
        std::all_of(view.members.begin(), view.members.end(),
                    [](const auto& entry) { return entry.second.silent < well_heard; });
    return decision_.phase == Phase::in_sync && !decision_.alarm && all_heard &&
           record_.intent.kind == IntentKind::none;
}

Awaitable<Milliseconds> PairLoop::swap_in() {
    const auto expected = record_.revision;
    const auto next_record = *decision_.next;
    if (const auto sound = check(next_record); !sound) {
        co_return retry_later(sound.error()); // A bug: nothing unsound is ever stored.
    }
    const auto events = with_pair(decision_.events, record_.pair);
    auto heard_before = stamps();
    auto swap = [expected, next_record, events](StateStore& store) {
        return store.swap(expected, next_record, events);
    };
    auto swapped = co_await parts_.store.call(swap);
    if (!swapped && swapped.error().code != Errc::conflict) {
        const auto pause = retry_later(swapped.error());
        co_await reload(); // After a timeout the swap may have happened.
        co_return pause;
    }
    if (!swapped) {
        co_await reload();
        co_return record_.revision == expected ? unsettled_pause : at_once;
    }
    failures_ = 0;
    take_proof(swapped->revision, std::move(heard_before)); // The swap found the record before it.
    adopt(std::move(*swapped));
    EventLog::show(events);
    co_return at_once;
}

void PairLoop::adopt(PairRecord record) {
    if (record.revision <= record_.revision) {
        return;
    }
    const auto before = std::exchange(record_, std::move(record));
    permit_.reset(); // It belonged to the record before; the new truth is told below.
    parts_.adopted(before, record_);
    wakeup_.wake();
}

Awaitable<void> PairLoop::reload() {
    auto read = [name = record_.pair](StateStore& store) { return store.pair(name); };
    auto stored = co_await parts_.store.call(read);
    if (stored) {
        adopt(std::move(*stored));
        co_return;
    }
    if (stored.error().code == Errc::unreachable && !stopped_) {
        stop();
        parts_.vanished(record_.pair);
    }
}

Milliseconds PairLoop::retry_later(const Error& error) {
    failures_ = std::min<std::uint32_t>(failures_ + 1, 16);
    if (tellings_.passes("store " + without_figures(error.message), boot_time())) {
        auto event = make_event("store_failed", Severity::alarm,
                                "cannot save a decision (" + decision_.because +
                                    "), so it is not acted upon: " + error.message);
        event.pair = record_.pair;
        event.revision = record_.revision;
        parts_.events.add(std::move(event));
    }
    return std::min(first_retry * (1U << (failures_ - 1)), longest_retry);
}

Awaitable<void> PairLoop::read_for_permit(std::uint64_t request) {
    auto read = [name = record_.pair](StateStore& store) { return store.pair(name); };
    const auto stored = co_await parts_.store.call(read);
    if (!stored) {
        static_cast<void>(retry_later(stored.error()));
        co_return;
    }
    // What is seen may have changed meanwhile: the permit rests on what holds now.
    const auto seen = view();
    if (grantable_request(record_, seen, decide_on(seen)) == request) {
        set_permit(permit_after_read(record_, *stored, request));
    }
}

void PairLoop::set_permit(std::optional<IssuedPermit> permit) {
    const auto member = permit ? permit->member : (permit_ ? permit_->member : MemberId{});
    permit_ = std::move(permit);
    if (!member.empty()) {
        parts_.permit_changed(member);
    }
}

std::optional<wire::StartPermit> PairLoop::permit_for(const MemberId& member) const {
    if (!permit_ || permit_->member != member || permit_->revision != record_.revision) {
        return std::nullopt;
    }
    return permit_->permit;
}

Decision PairLoop::decide_on(const View& seen) {
    auto decision = decide(record_, seen);
    parts_.flights.note(record_, seen, decision);
    return decision;
}

/// A decision to change nothing is told too, once for each reason: why, for 3 a.m.
void PairLoop::tell_decision() {
    const auto key = std::string(to_string(decision_.phase)) + (decision_.alarm ? "!" : "") +
                     without_figures(decision_.because);
    if (key == told_) {
        return;
    }
    told_ = key;
    // Within one revision a reason that comes and goes is told once in a while; each swap is told.
    if (!tellings_.passes(std::to_string(number(record_.revision)) + key, boot_time())) {
        return;
    }
    auto event = make_event("decision", decision_.alarm ? Severity::alarm : Severity::info,
                            std::string(to_string(decision_.phase)) + ": " + decision_.because);
    event.pair = record_.pair;
    event.revision = record_.revision;
    parts_.events.add(std::move(event));
}

Awaitable<Result<PairRecord>> PairLoop::change(Change change, Event event, bool dry_run) {
    for (int attempt = 1;; ++attempt) {
        const auto expected = record_.revision;
        const auto seen = view();
        if (const auto assessed = assess(record_, seen); assessed.facts.halted) {
            co_return fail(Errc::refused, "pair " + record_.pair +
                                              " is halted, nothing can be "
                                              "changed (R12): " +
                                              assessed.halt_evidence);
        }
        auto changed = change(record_, seen);
        if (!changed || dry_run) {
            co_return changed;
        }
        if (auto sound = check(*changed); !sound) {
            co_return tl::unexpected(sound.error());
        }
        event.revision = expected;
        const std::vector<Event> events{event};
        auto swap = [expected, next_record = *changed, events](StateStore& store) {
            return store.swap(expected, next_record, events);
        };
        auto swapped = co_await parts_.store.call(swap);
        if (swapped) {
            adopt(*swapped);
            EventLog::show(events);
            co_return swapped;
        }
        if (swapped.error().code != Errc::conflict || attempt >= most_attempts) {
            co_await reload();
            co_return swapped;
        }
        co_await reload();
    }
}

Awaitable<Result<void>> PairLoop::remove(Event event, std::optional<DeletedPair> left) {
    event.revision = record_.revision;
    const std::vector<Event> events{event};
    auto work = [name = record_.pair, expected = record_.revision, events, left = std::move(left)](
                    StateStore& store) { return store.remove(name, expected, events, left); };
    const auto removed = co_await parts_.store.call(work);
    if (!removed) {
        co_await reload();
        co_return removed;
    }
    EventLog::show(events);
    stop();
    parts_.vanished(record_.pair);
    co_return Result<void>{};
}

} // namespace lockstep
