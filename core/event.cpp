#include "core/event.h"

namespace lockstep {

std::string_view to_string(Severity severity) {
    switch (severity) {
    case Severity::info: return "info";
    case Severity::warning: return "warning";
    case Severity::alarm: return "alarm";
    }
    return "unknown";
}

} // namespace lockstep
