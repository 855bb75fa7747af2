#include "controller/api/divergence_views.h"

#include <algorithm>

#include "core/wire/json.h"
#include "platform/clock.h"

namespace lockstep {
namespace {

using nlohmann::json;

std::string text_of(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json log_view(const DecodedLog& log) {
    return {{"decoded", log.done},
            {"trouble", log.trouble},
            {"end", log.end},
            {"read_with", log.read_with},
            {"committed", log.committed},
            {"rolled_back", log.rolled_back},
            {"unfinished", log.unfinished},
            {"heartbeats", log.heartbeats}};
}

json divergence_view(const KeptDivergence& kept) {
    return {{"id", kept.id},
            {"pair", kept.pair},
            {"member", kept.member},
            {"upstream", kept.upstream},
            {"host", kept.host},
            {"folder", kept.folder},
            {"unix_ms", kept.unix_ms},
            {"time", format_time(kept.unix_ms)},
            {"remove_unix_ms", kept.remove_unix_ms},
            {"remove_time", format_time(kept.remove_unix_ms)},
            {"epoch", kept.epoch},
            {"system_id", kept.system_id},
            {"fork", kept.fork},
            {"why", kept.why},
            {"bytes", kept.bytes},
            {"overwritten_bytes", kept.overwritten_bytes},
            {"rejoined", kept.rejoined.empty() ? json(nullptr) : json(kept.rejoined)},
            {"rejoined_why", kept.rejoined_why},
            {"log", log_view(kept.log)}};
}

json source_view(const DivergenceSource& source) {
    return {{"member", source.member},
            {"pair", source.pair},
            {"connected", source.connected},
            {"told", source.told},
            {"silent_ms", source.silent.count()}};
}

json transaction_views(const std::vector<KeptTransaction>& transactions) {
    json list = json::array();
    for (const auto& one : transactions) {
        list.push_back(json(one));
    }
    return list;
}

} // namespace

std::string view_of(const DivergencesStatus& status) {
    json kept = json::array();
    for (const auto& one : status.kept) {
        kept.push_back(divergence_view(one));
    }
    json sources = json::array();
    for (const auto& source : status.sources) {
        sources.push_back(source_view(source));
    }
    return text_of({{"divergences", std::move(kept)}, {"sources", std::move(sources)}});
}

Result<std::string> view_of_divergence(const DivergencesStatus& status, const std::string& id) {
    const auto found = std::find_if(status.kept.begin(), status.kept.end(),
                                    [&](const auto& one) { return one.id == id; });
    if (found == status.kept.end()) {
        return fail(Errc::unreachable, "no agent told of a divergence \"" + id +
                                           "\" since this controller started: `lockstep divergence "
                                           "list` shows those that are kept");
    }
    auto out = divergence_view(*found);
    out["transactions"] = transaction_views(found->log.transactions);
    out["source"] = nullptr;
    for (const auto& source : status.sources) {
        if (source.member == found->member) {
            out["source"] = source_view(source);
        }
    }
    return text_of(out);
}

} // namespace lockstep
