#include <algorithm>
#include <map>

#include "controller/service.h"
#include "platform/clock.h"

/// What agents said that they keep (R8). It is theirs: this controller remembers only what it heard
/// since it started.
namespace lockstep {

/// Members of the pair, and those who left it but keep something of it.
std::vector<DivergenceSource> Service::divergence_sources(const PairName& pair) const {
    std::map<MemberId, DivergenceSource> sources;
    for (const auto& record : parts_.pairs.records()) {
        for (const auto& [id, member] : record.members) {
            if (pair.empty() || record.pair == pair) {
                sources[id] = {id, record.pair, false, false, Milliseconds{0}};
            }
        }
    }
    const auto now = boot_time();
    for (const auto& [id, known] : parts_.hub.agents()) {
        const bool keeps = known.kept && !known.kept->empty();
        if (!sources.contains(id) && !(keeps && pair.empty())) {
            continue;
        }
        auto& source = sources[id];
        source.member = id;
        source.connected = known.connected;
        source.told = known.kept.has_value();
        source.silent = parts_.observer.view_of(id, Timings{}, now).silent;
    }
    std::vector<DivergenceSource> list;
    for (auto& [id, source] : sources) {
        list.push_back(std::move(source));
    }
    return list;
}

Awaitable<Result<DivergencesStatus>> Service::divergences(PairName pair) {
    if (!pair.empty()) {
        if (const auto loop = loop_of(pair); !loop) {
            co_return tl::unexpected(loop.error());
        }
    }
    DivergencesStatus status;
    status.sources = divergence_sources(pair);
    for (const auto& [id, known] : parts_.hub.agents()) {
        for (const auto& kept : known.kept.value_or(std::vector<KeptDivergence>{})) {
            if (pair.empty() || kept.pair == pair) {
                status.kept.push_back(kept);
            }
        }
    }
    std::sort(status.kept.begin(), status.kept.end(),
              [](const auto& left, const auto& right) { return left.unix_ms > right.unix_ms; });
    co_return status;
}

} // namespace lockstep
