#include "agent/journal.h"

#include <utility>

#include "platform/clock.h"
#include "platform/log.h"

namespace lockstep {
namespace {

constexpr std::chrono::milliseconds tell_again_after{30000};

} // namespace

void Journal::set_scene(PairName pair, Revision revision) {
    pair_ = std::move(pair);
    revision_ = revision;
}

void Journal::write(std::string_view kind, Severity severity, std::string message) {
    Event event;
    event.unix_ms = unix_ms();
    event.pair = pair_;
    event.member = member_;
    event.revision = revision_;
    event.kind = std::string(kind);
    event.severity = severity;
    event.message = std::move(message);
    log_event(event);
    keep({event.kind, std::string(to_string(severity)), event.message, event.unix_ms});
}

void Journal::keep(wire::Report report) {
    if (reports_.size() == most_reports) {
        reports_.pop_front();
        ++dropped_;
    }
    reports_.push_back(std::move(report));
    if (changed_) {
        changed_();
    }
}

void Journal::raise(const std::string& key, std::string sentence) {
    const auto [place, fresh] = alarms_.try_emplace(key);
    auto& alarm = place->second;
    if (alarm.sentence == sentence) {
        return;
    }
    alarm.sentence = std::move(sentence);
    const auto now = boot_time();
    if (!fresh && now - alarm.told_at < tell_again_after) {
        return;
    }
    alarm.told_at = now;
    write("alarm", Severity::alarm, alarm.sentence);
}

void Journal::clear(const std::string& key) {
    const auto found = alarms_.find(key);
    if (found == alarms_.end()) {
        return;
    }
    const auto sentence = std::move(found->second.sentence);
    alarms_.erase(found);
    write("alarm over", Severity::info, "over: " + sentence);
}

std::vector<std::string> Journal::alarms() const {
    std::vector<std::string> sentences;
    for (const auto& [key, alarm] : alarms_) {
        sentences.push_back(alarm.sentence);
    }
    return sentences;
}

std::vector<wire::Report> Journal::take_reports() {
    std::vector<wire::Report> taken(reports_.begin(), reports_.end());
    reports_.clear();
    if (dropped_ > 0) {
        const auto note = std::to_string(dropped_) +
                          " older reports were dropped: the controller was away for too long";
        taken.insert(taken.begin(), {"dropped", "warning", note, unix_ms()});
        dropped_ = 0;
    }
    return taken;
}

void Journal::give_back(std::vector<wire::Report> reports) {
    reports_.insert(reports_.begin(), reports.begin(), reports.end());
    while (reports_.size() > most_reports) {
        reports_.pop_front();
        ++dropped_;
    }
}

} // namespace lockstep
