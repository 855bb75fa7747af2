#include "drivers/mysql/gtid_set.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace lockstep::mysql {
namespace {

constexpr std::size_t uuid_length = 36;
constexpr std::size_t longest_tag = 32;
constexpr std::uint64_t most_transactions = (std::uint64_t{1} << 63U) - 1;

tl::unexpected<Error> malformed(std::string_view member) {
    return fail(Errc::corrupt, "\"" + std::string(member.substr(0, 80)) + "\" is no set of GTIDs");
}

std::optional<std::uint64_t> number_in(std::string_view text, std::uint64_t most) {
    std::uint64_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (text.empty() || error != std::errc{} || stop != end || number > most) {
        return std::nullopt;
    }
    return number;
}

std::string without_blanks(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
            out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        }
    }
    return out;
}

std::vector<std::string_view> split(std::string_view text, char at) {
    std::vector<std::string_view> parts;
    while (true) {
        const auto end = text.find(at);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(end + 1);
    }
}

bool is_uuid(std::string_view text) {
    if (text.size() != uuid_length) {
        return false;
    }
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool dash = at == 8 || at == 13 || at == 18 || at == 23;
        const bool hex =
            (text[at] >= '0' && text[at] <= '9') || (text[at] >= 'a' && text[at] <= 'f');
        if (dash ? text[at] != '-' : !hex) {
            return false;
        }
    }
    return true;
}

/// A letter or `_`, then also digits, at most 32 (MySQL 8.4 manual, 19.1.3.1).
bool is_tag(std::string_view text) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    return !text.empty() && text.size() <= longest_tag && letter(text[0]) &&
           std::ranges::all_of(text, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::optional<GtidSet::Interval> interval_in(std::string_view text) {
    const auto dash = text.find('-');
    const auto first = number_in(text.substr(0, dash), most_transactions);
    const auto last = dash == std::string_view::npos
                          ? first
                          : number_in(text.substr(dash + 1), most_transactions);
    if (!first || !last || *first == 0 || *last < *first) {
        return std::nullopt;
    }
    return GtidSet::Interval{*first, *last};
}

/// `uuid:1-5:7:tag:1-3`: a tag holds for the intervals after it.
Result<void> add_mysql(GtidSet& to, std::string_view member) {
    const auto parts = split(member, ':');
    if (!is_uuid(parts[0]) || parts.size() < 2) {
        return malformed(member);
    }
    std::string writer(parts[0]);
    bool tag_before = false;
    for (std::size_t at = 1; at < parts.size(); ++at) {
        if (is_tag(parts[at]) && !tag_before) {
            writer = std::string(parts[0]) + ":" + std::string(parts[at]);
            tag_before = true;
            continue;
        }
        const auto interval = interval_in(parts[at]);
        if (!interval) {
            return malformed(member);
        }
        to.add(writer, *interval);
        tag_before = false;
    }
    return tag_before ? Result<void>(malformed(member)) : Result<void>{};
}

/// `domain-server-sequence`. Sequence 0 is nothing.
Result<void> add_mariadb(GtidSet& to, std::string_view member) {
    constexpr std::uint64_t most_32_bits = 0xFFFFFFFF;
    const auto parts = split(member, '-');
    if (parts.size() != 3) {
        return malformed(member);
    }
    const auto domain = number_in(parts[0], most_32_bits);
    const auto server = number_in(parts[1], most_32_bits);
    const auto sequence = number_in(parts[2], most_transactions);
    if (!domain || !server || !sequence) {
        return malformed(member);
    }
    if (*sequence > 0) {
        to.add(std::to_string(*domain) + "-" + std::to_string(*server), {1, *sequence});
    }
    return {};
}

/// Whether two intervals overlap or follow each other without a gap.
bool touch(const GtidSet::Interval& left, const GtidSet::Interval& right) {
    return left.first <= right.last + 1 && right.first <= left.last + 1;
}

GtidSet::Intervals minus(const GtidSet::Intervals& from, const GtidSet::Intervals& what) {
    GtidSet::Intervals left;
    for (auto rest : from) {
        bool used_up = false;
        for (const auto& cut : what) {
            if (cut.last < rest.first) {
                continue;
            }
            if (cut.first > rest.last) {
                break;
            }
            if (cut.first > rest.first) {
                left.push_back({rest.first, cut.first - 1});
            }
            used_up = cut.last >= rest.last;
            if (used_up) {
                break;
            }
            rest.first = cut.last + 1;
        }
        if (!used_up) {
            left.push_back(rest);
        }
    }
    return left;
}

} // namespace

std::string_view server_of(Flavour flavour, std::string_view writer) {
    if (flavour == Flavour::mysql) {
        return writer.substr(0, writer.find(':'));
    }
    const auto dash = writer.find('-');
    return dash == std::string_view::npos ? writer : writer.substr(dash + 1);
}

Result<GtidSet> GtidSet::parse(Flavour flavour, std::string_view text) {
    GtidSet set(flavour);
    const auto packed = without_blanks(text);
    if (packed.empty()) {
        return set;
    }
    for (const auto member : split(packed, ',')) {
        if (member.empty()) {
            continue; // MySQL prints and accepts an empty member.
        }
        const auto added =
            flavour == Flavour::mysql ? add_mysql(set, member) : add_mariadb(set, member);
        if (!added) {
            return tl::unexpected(added.error());
        }
    }
    return set;
}

std::string GtidSet::print() const {
    std::string out;
    for (const auto& [writer, intervals] : writers_) {
        out += (out.empty() ? "" : ",") + writer;
        if (flavour_ == Flavour::mariadb) {
            out += "-" + std::to_string(intervals.back().last);
            continue;
        }
        for (const auto& [first, last] : intervals) {
            out += ":" + std::to_string(first);
            out += first == last ? "" : "-" + std::to_string(last);
        }
    }
    return out;
}

std::string GtidSet::brief() const {
    constexpr std::size_t most = 200;
    auto text = print();
    if (text.size() > most) {
        text.resize(most);
        text += " …";
    }
    return text;
}

void GtidSet::add(const std::string& writer, Interval interval) {
    auto& intervals = writers_[writer];
    const auto first = std::ranges::find_if(intervals, [&](const auto& each) {
        return touch(each, interval) || each.first > interval.last;
    });
    auto last = first;
    while (last != intervals.end() && touch(*last, interval)) {
        interval = {std::min(interval.first, last->first), std::max(interval.last, last->last)};
        ++last;
    }
    intervals.insert(intervals.erase(first, last), interval);
}

void GtidSet::add(const GtidSet& other) {
    for (const auto& [writer, intervals] : other.writers_) {
        for (const auto& interval : intervals) {
            add(writer, interval);
        }
    }
}

GtidSet GtidSet::united(const GtidSet& other) const {
    GtidSet both = *this;
    both.add(other);
    return both;
}

GtidSet GtidSet::minus(const GtidSet& other) const {
    GtidSet left(flavour_);
    for (const auto& [writer, intervals] : writers_) {
        const auto theirs = other.writers_.find(writer);
        auto rest =
            theirs == other.writers_.end() ? intervals : mysql::minus(intervals, theirs->second);
        if (!rest.empty()) {
            left.writers_.emplace(writer, std::move(rest));
        }
    }
    return left;
}

GtidSet GtidSet::intersected(const GtidSet& other) const {
    return minus(minus(other));
}

bool GtidSet::contains(const GtidSet& other) const {
    return other.minus(*this).empty();
}

std::uint64_t GtidSet::count() const {
    std::uint64_t sum = 0;
    for (const auto& [writer, intervals] : writers_) {
        for (const auto& [first, last] : intervals) {
            sum += last - first + 1;
        }
    }
    return sum;
}

GtidSet GtidSet::of_server(std::string_view server) const {
    GtidSet part(flavour_);
    for (const auto& [writer, intervals] : writers_) {
        if (server_of(flavour_, writer) == server) {
            part.writers_.emplace(writer, intervals);
        }
    }
    return part;
}

GtidSet GtidSet::without_server(std::string_view server) const {
    return minus(of_server(server));
}

} // namespace lockstep::mysql
