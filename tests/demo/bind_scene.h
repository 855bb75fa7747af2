#pragma once

#include "tests/demo/scenes.h"

namespace lockstep::demo {

/// The same as `happens`, with the pair's names also in a zone that a real BIND serves: an operator
/// names it in the controller's file, and `dig` shows the names move.
[[nodiscard]] Report play_with_bind(testbed::Testbed& bed, const Tell& tell,
                                    Report (*happens)(testbed::Testbed&, const Tell&));

} // namespace lockstep::demo
