#include "tests/sim/replay.h"

#include <fstream>

#include "controller/flight.h"

namespace lockstep::sim {
namespace {

std::string in_words(const FlightDecision& decision) {
    return decision.action + " (" + decision.condition + "): " + decision.because +
           (decision.next ? ", with a new record" : "");
}

/// Empty: the same was decided.
std::string difference(const FlightEntry& entry) {
    const auto now = noted(decide(*entry.record, entry.view));
    if (now == entry.decision) {
        return {};
    }
    return "at revision " + std::to_string(number(entry.record->revision)) + ", unix time " +
           std::to_string(entry.view.unix_ms) + " ms: then " + in_words(entry.decision) + "; now " +
           in_words(now);
}

} // namespace

Result<ReplayOutcome> replay(const std::filesystem::path& incident) {
    std::ifstream file(incident);
    std::string line;
    if (!file || !std::getline(file, line)) {
        return fail(Errc::unreachable, incident.string() + " cannot be read");
    }
    const auto header = decode_flight_header(line);
    if (!header) {
        return tl::unexpected(header.error());
    }
    ReplayOutcome outcome;
    outcome.pair = header->pair;
    while (std::getline(file, line)) {
        const auto entry = decode_flight(line);
        if (!entry) {
            return within(incident.string() + ", line " + std::to_string(outcome.inputs + 2),
                          entry.error());
        }
        ++outcome.inputs;
        if (outcome.difference.empty()) {
            outcome.difference = difference(*entry);
        }
    }
    return outcome;
}

} // namespace lockstep::sim
