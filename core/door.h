#pragma once

namespace lockstep {

/// Whether a primary lets clients in. Behind a shut door it runs, streams and answers its own
/// agent; nobody else reads or writes (R9).
enum class Door { open, shut };

} // namespace lockstep
