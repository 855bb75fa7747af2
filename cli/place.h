#pragma once

#include <cstdint>
#include <string>

#include "core/result.h"

namespace lockstep::cli {

/// Reads a place in a pair's log: "0/32DCC00" (PostgreSQL's LSN, as pg_current_wal_lsn() prints
/// it), or a number, which counts what the pair's engine counts in: bytes, or transactions. Errors:
/// `refused`.
[[nodiscard]] Result<std::uint64_t> parse_place(const std::string& text);

} // namespace lockstep::cli
