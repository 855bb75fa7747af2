#include "core/observation.h"

namespace lockstep {

std::string_view to_string(ServerState state) {
    switch (state) {
    case ServerState::no_data: return "no data";
    case ServerState::foreign: return "foreign data";
    case ServerState::stopped: return "stopped";
    case ServerState::starting: return "starting";
    case ServerState::primary: return "primary";
    case ServerState::standby: return "standby";
    }
    return "unknown";
}

std::string_view to_string(HandOverStage stage) {
    switch (stage) {
    case HandOverStage::preparing: return "preparing";
    case HandOverStage::draining: return "draining";
    case HandOverStage::stopping: return "stopping";
    case HandOverStage::stopped: return "stopped";
    }
    return "unknown";
}

} // namespace lockstep
