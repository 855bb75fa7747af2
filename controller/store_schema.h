#pragma once

#include <string>

#include "core/result.h"
#include "platform/sqlite.h"

namespace lockstep {

/// The machine and the controller that a store belongs to (R12).
struct StoreOwner {
    std::string machine_id;
    std::string controller_key;
};

/// Checks that the file is a store of this version or an older one and belongs to `owner`; makes a
/// new one in an empty file; migrates an older one. Returns the store id. `file` is for messages.
/// Errors as SqliteStore::open's; nothing is changed then.
[[nodiscard]] Result<std::string> prepare_store(Sqlite& db, const std::string& file,
                                                const StoreOwner& owner);

} // namespace lockstep
