#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/event.h"
#include "core/wire/messages.h"

namespace lockstep {

/// What happened on this member: each thing is logged once, and kept for the controller until it
/// can be told. Alarms are sentences that stay while they are true.
class Journal {
public:
    static constexpr std::size_t most_reports = 200;

    explicit Journal(MemberId member) : member_(std::move(member)) {}

    /// Whom the events belong to from now on.
    void set_scene(PairName pair, Revision revision);
    /// Called when there is something to tell the controller.
    void on_change(std::function<void()> changed) { changed_ = std::move(changed); }

    void write(std::string_view kind, Severity severity, std::string message);

    /// Sets the alarm `key`; told again only when the sentence changes, and then at most every
    /// 30 s, because some sentences hold figures.
    void raise(const std::string& key, std::string sentence);
    void clear(const std::string& key);
    [[nodiscard]] std::vector<std::string> alarms() const;

    /// The reports to be sent next, oldest first; they are forgotten here.
    [[nodiscard]] std::vector<wire::Report> take_reports();
    /// Puts back what could not be sent.
    void give_back(std::vector<wire::Report> reports);

private:
    struct Alarm {
        std::string sentence;
        std::chrono::milliseconds told_at{0};
    };
    void keep(wire::Report report);

    MemberId member_;
    PairName pair_;
    Revision revision_{};
    std::function<void()> changed_;
    std::map<std::string, Alarm> alarms_;
    std::deque<wire::Report> reports_;
    std::uint64_t dropped_ = 0;
};

} // namespace lockstep
