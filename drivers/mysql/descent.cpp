#include "drivers/mysql/descent.h"

#include <algorithm>

namespace lockstep::mysql {
namespace {

constexpr std::string_view mark_letters = "0123456789abcdef";

/// Both engines print writers without these, so that the text can be taken apart again.
bool is_word(std::string_view text) {
    return !text.empty() && text.find_first_of(": @\n\t") == std::string_view::npos;
}

bool is_mark(std::string_view text) {
    return !text.empty() && text.find_first_not_of(mark_letters) == std::string_view::npos;
}

tl::unexpected<Error> malformed(const std::string& what) {
    return fail(Errc::corrupt, "the history in the database is damaged: " + what);
}

Result<Reign> to_reign(Flavour flavour, std::uint64_t number, std::string_view writer,
                       std::string_view mark, std::string_view began) {
    const auto place = "reign " + std::to_string(number);
    if (!is_word(writer) || !is_mark(mark)) {
        return malformed(place + " has no writer or no mark");
    }
    auto set = GtidSet::parse(flavour, began);
    if (!set) {
        return malformed(place + ": " + set.error().message);
    }
    return Reign{number, std::string(writer), std::string(mark), std::move(*set)};
}

Result<Reign> parse_reign(Flavour flavour, std::uint64_t number, std::string_view text) {
    const auto colon = text.find(':');
    const auto at = text.find('@');
    if (colon == std::string_view::npos || at == std::string_view::npos || at < colon) {
        return malformed("\"" + std::string(text.substr(0, 80)) + "\"");
    }
    return to_reign(flavour, number, text.substr(colon + 1, at - colon - 1), text.substr(0, colon),
                    text.substr(at + 1));
}

/// All that was written before the last reign, as far as the rows tell it. MySQL: exactly that,
/// which the last row says alone. MariaDB: a row names the last GTID only, so each row adds what
/// the writer before it wrote.
GtidSet before_last(const Descent& descent) {
    GtidSet all(descent.reigns.back().began.flavour());
    for (const auto& reign : descent.reigns) {
        all.add(reign.began);
    }
    return all;
}

/// Empty: every domain is 0.
std::string foreign_domain(const GtidSet& set) {
    for (const auto& [writer, intervals] : set.writers()) {
        if (!writer.starts_with("0-")) {
            return writer + "-" + std::to_string(intervals.back().last);
        }
    }
    return {};
}

/// Empty: the writer's GTIDs are 1 to n.
std::string gap_in(const GtidSet& own) {
    for (const auto& [writer, intervals] : own.writers()) {
        if (intervals.size() > 1 || intervals.front().first != 1) {
            GtidSet shown(own.flavour());
            for (const auto& interval : intervals) {
                shown.add(writer, interval);
            }
            return shown.print().substr(0, 200);
        }
    }
    return {};
}

Place nowhere(std::string why) {
    return {{}, std::move(why)};
}

} // namespace

std::uint64_t last_sequence(const GtidSet& set) {
    std::uint64_t last = 0;
    for (const auto& [writer, intervals] : set.writers()) {
        last = std::max(last, intervals.back().last);
    }
    return last;
}

History to_history(const Descent& descent) {
    History history;
    for (const auto& reign : descent.reigns) {
        history.text += history.text.empty() ? "" : " ";
        history.text += reign.mark + ":" + reign.writer + "@" + reign.began.print();
    }
    return history;
}

Result<Descent> parse_history(Flavour flavour, const History& history) {
    Descent descent;
    std::string_view rest = history.text;
    while (!rest.empty()) {
        const auto end = rest.find(' ');
        auto reign = parse_reign(flavour, descent.reigns.size() + 1, rest.substr(0, end));
        if (!reign) {
            return tl::unexpected(reign.error());
        }
        descent.reigns.push_back(std::move(*reign));
        if (end != std::string_view::npos && end + 1 == rest.size()) {
            return malformed("it ends in a blank");
        }
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    return descent;
}

Result<Descent> to_descent(Flavour flavour, const std::vector<ReignRow>& rows) {
    Descent descent;
    for (const auto& row : rows) {
        const auto number = descent.reigns.size() + 1;
        if (row.number != std::to_string(number)) {
            return malformed("after reign " + std::to_string(number - 1) + " comes \"" +
                             row.number + "\"");
        }
        auto reign = to_reign(flavour, number, row.writer, row.mark, row.began);
        if (!reign) {
            return tl::unexpected(reign.error());
        }
        descent.reigns.push_back(std::move(*reign));
    }
    return descent;
}

GtidSet beyond(const Descent& descent, const GtidSet& held) {
    if (!descent.known()) {
        return held;
    }
    return held.minus(before_last(descent)).without_server(descent.reigns.back().writer);
}

GtidSet lacking(const Descent& descent, const GtidSet& held) {
    if (!descent.known()) {
        return GtidSet(held.flavour());
    }
    const auto& began = descent.reigns.back().began;
    if (held.flavour() == Flavour::mysql) {
        return began.minus(held);
    }
    // In strict mode everything up to a sequence number is there, whoever wrote it: a copy knows
    // only the last GTID of what it was made from.
    return last_sequence(held) >= last_sequence(began) ? GtidSet(Flavour::mariadb)
                                                       : began.minus(held);
}

Place place_of(const Descent& descent, const GtidSet& held) {
    if (!descent.known()) {
        return nowhere("no history is recorded in it yet");
    }
    if (const auto more = beyond(descent, held); !more.empty()) {
        return nowhere("it holds transactions that are not of its history: " + more.brief());
    }
    if (const auto less = lacking(descent, held); !less.empty()) {
        return nowhere("it lacks transactions of its history: " + less.brief());
    }
    Place place;
    if (held.flavour() == Flavour::mariadb) {
        if (const auto foreign = foreign_domain(held); !foreign.empty()) {
            return nowhere("it holds transactions of another domain than 0: " + foreign);
        }
        place.position.offset_bytes = last_sequence(held);
    } else {
        const auto own = held.of_server(descent.reigns.back().writer);
        if (const auto gap = gap_in(own); !gap.empty()) {
            return nowhere("the GTIDs of its writer have a gap: " + gap);
        }
        place.position.offset_bytes = own.count();
    }
    place.position.history = to_history(descent);
    return place;
}

Fork fork_of(const Descent& left, const Descent& right) {
    Fork fork;
    const auto most = std::min(left.reigns.size(), right.reigns.size());
    while (fork.reigns < most && left.reigns[fork.reigns] == right.reigns[fork.reigns]) {
        ++fork.reigns;
    }
    fork.same_reign =
        fork.reigns > 0 && fork.reigns == left.reigns.size() && fork.reigns == right.reigns.size();
    if (fork.reigns == 0 || fork.same_reign) {
        return fork;
    }
    // Whoever left the common reign says in its next row what it had of it.
    const bool left_goes_on = left.reigns.size() > fork.reigns;
    const bool right_goes_on = right.reigns.size() > fork.reigns;
    if (left_goes_on && right_goes_on) {
        fork.most = left.reigns[fork.reigns].began.intersected(right.reigns[fork.reigns].began);
    } else {
        fork.most = (left_goes_on ? left : right).reigns[fork.reigns].began;
    }
    return fork;
}

} // namespace lockstep::mysql
