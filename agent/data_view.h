#pragma once

#include <optional>
#include <string>

#include "agent/decision/duty.h"
#include "agent/memory.h"
#include "drivers/driver.h"

namespace lockstep {

/// Whose the data folder is (R11), by its mark; read from disk at each call, without any tool.
enum class Ownership {
    nobodys, // No folder, or an empty one.
    mine,
    foreign, // Data without this agent's mark.
    unknown, // Cannot be read now.
};

struct OwnershipView {
    Ownership whose = Ownership::nobodys;
    std::string mark;    // As it is on the folder.
    std::string because; // For an operator, when foreign or unknown.
};

inline constexpr const char* data_mark = "lockstep.data_id";

[[nodiscard]] OwnershipView look_at_owner(const std::filesystem::path& folder,
                                          const DataMemory& memory);

/// The same with what a look inside found.
[[nodiscard]] Data data_of(const OwnershipView& owner, const std::optional<DataFolder>& inside,
                           const DataMemory& memory);

/// Makes the folder if there is none, and marks it. Errors: `refused`, naming the folder.
[[nodiscard]] Result<void> mark_folder(const std::filesystem::path& folder,
                                       const std::string& data_id);

} // namespace lockstep
