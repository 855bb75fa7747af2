#pragma once

/// Which parts of the product there are in this source: the simulation follows them.

#if __has_include("agent/guard.h")
#define LOCKSTEP_SIM_GUARDIAN 1 // R6 and R9: guardian, door, fence by control group.
#else
#define LOCKSTEP_SIM_GUARDIAN 0
#endif

#if __has_include("platform/disk_space.h")
#define LOCKSTEP_SIM_BALLAST 1
#else
#define LOCKSTEP_SIM_BALLAST 0
#endif

#if __has_include("core/kept_divergence.h")
#define LOCKSTEP_SIM_REWIND 1
#else
#define LOCKSTEP_SIM_REWIND 0
#endif
