#include "cli/new_primary.h"

#include <ostream>

#include "cli/humanise.h"
#include "cli/wrap.h"

namespace lockstep::cli {

void print_new_primary(const Screen& screen, const Waited& waited) {
    const auto& pair = waited.pair;
    const auto& endpoint = pair.endpoint;
    auto text = pair.primary + " is the primary of " + pair.pair + " now (epoch " +
                std::to_string(pair.epoch) + "), after " + show_span(waited.took) + ". " +
                endpoint.name + " leads to " + endpoint.address +
                (endpoint.published ? "." : ", not yet at every name server.");
    if (pair.phase != "in sync") {
        text += " No standby is in sync yet: `lockstep status " + pair.pair + "`.";
    }
    screen.stream << paragraph("", text, screen.width);
}

} // namespace lockstep::cli
