#include "tests/bench/measurement.h"

#include <algorithm>

namespace lockstep::bench {

namespace {

template <class Read>
std::vector<std::int64_t> each(const std::vector<Sample>& samples, Read read) {
    std::vector<std::int64_t> values;
    for (const auto& sample : samples) {
        if (const std::optional<std::int64_t> value = read(sample)) {
            values.push_back(*value);
        }
    }
    return values;
}

std::optional<Range> range_if_any(std::vector<std::int64_t> values) {
    if (values.empty()) {
        return std::nullopt;
    }
    return range_of(std::move(values));
}

template <class Read> std::uint64_t sum(const std::vector<Sample>& samples, Read read) {
    std::uint64_t all = 0;
    for (const auto& sample : samples) {
        all += read(sample);
    }
    return all;
}

} // namespace

Range range_of(std::vector<std::int64_t> values) {
    std::ranges::sort(values);
    return {values.front(), values.at(values.size() / 2), values.back()};
}

Range Result::outage() const {
    return range_of(each(samples, [](const Sample& one) { return one.outage; }));
}

Range Result::outage_servers() const {
    return range_of(each(samples, [](const Sample& one) { return one.outage_servers; }));
}

Range Result::down_total() const {
    return range_of(each(samples, [](const Sample& one) { return one.down_total; }));
}

std::optional<Range> Result::fenced() const {
    return range_if_any(each(samples, [](const Sample& one) { return one.fenced; }));
}

std::optional<Range> Result::redundant() const {
    return range_if_any(each(samples, [](const Sample& one) { return one.redundant; }));
}

std::optional<Range> Result::redundant_after_mending() const {
    return range_if_any(
        each(samples, [](const Sample& one) { return one.redundant_after_mending; }));
}

PhaseTimes Result::median_phases() const {
    std::map<std::string, std::vector<std::int64_t>> values;
    for (const auto& sample : samples) {
        for (const auto& [name, value] : sample.phases) {
            values[name].push_back(value);
        }
    }
    PhaseTimes medians;
    for (const auto& [name, all] : values) {
        medians[name] = range_of(all).median;
    }
    return medians;
}

std::uint64_t Result::lost() const {
    return sum(samples, [](const Sample& one) { return one.lost; });
}

std::uint64_t Result::split() const {
    return sum(samples, [](const Sample& one) { return one.split; });
}

std::uint64_t Result::failed() const {
    return sum(samples, [](const Sample& one) { return one.failed; });
}

std::string Result::missed(std::int64_t floor) const {
    const auto& target = aims().target;
    std::string text;
    const auto check = [&](std::int64_t most, std::optional<std::int64_t> value,
                           const std::string& what) {
        if (most > 0 && value.value_or(most + 1) > most) {
            text += (text.empty() ? "" : "; ") + what + " " +
                    (value ? std::to_string(*value) + " ms" : "never") + ", target " +
                    std::to_string(most) + " ms";
        }
    };
    const auto median_of = [](const std::optional<Range>& range) {
        return range ? std::optional(range->median) : std::nullopt;
    };
    check(target.median, outage().median, "median");
    check(target.median_servers, outage_servers().median, "median at the servers");
    check(target.times_floor * floor, outage().median, "median");
    check(target.worst, outage().max, "longest");
    check(target.fenced, fenced() ? std::optional(fenced()->max) : std::nullopt,
          "old primary fenced");
    check(target.redundant, median_of(redundant()), "redundant again");
    if (target.nobody_fails && failed() > 0) {
        text +=
            (text.empty() ? "" : "; ") + std::to_string(failed()) + " writes or connections failed";
    }
    return text;
}

} // namespace lockstep::bench
