#include "agent/data_view.h"

#include "platform/files.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr const char* what_to_do =
    "; nothing was changed. Move it away to have the pair's data made or copied here, or restore "
    "the folder that this agent made";

OwnershipView foreign(std::string mark, std::string because) {
    return {Ownership::foreign, std::move(mark), std::move(because)};
}

/// A disk that fails to answer tells nothing of whose the data is.
OwnershipView unknown(std::string because) {
    return {Ownership::unknown, "", std::move(because)};
}

} // namespace

OwnershipView look_at_owner(const fs::path& folder, const DataMemory& memory) {
    const auto name = "data folder " + folder.string();
    const auto nothing = is_empty_or_absent(folder);
    if (!nothing) {
        return unknown(name + " cannot be read: " + nothing.error().message);
    }
    if (*nothing) {
        return {};
    }
    const auto mark = read_mark(folder, data_mark);
    if (!mark) {
        return unknown(name + ": its mark cannot be read: " + mark.error().message);
    }
    if (mark->empty()) {
        return foreign("", name + " holds data that this agent did not make" + what_to_do);
    }
    if (memory.data_id.empty()) {
        return foreign(*mark, name + " was made by another agent, or this agent's state was lost" +
                                  what_to_do);
    }
    if (memory.making && *mark == memory.replaced_id) {
        return {Ownership::mine, memory.data_id, ""}; // Half made, and not marked anew yet.
    }
    if (*mark != memory.data_id) {
        return foreign(*mark, name + " is not the one that this agent made: its mark is " + *mark +
                                  ", not " + memory.data_id + what_to_do);
    }
    return {Ownership::mine, *mark, ""};
}

Data data_of(const OwnershipView& owner, const std::optional<DataFolder>& inside,
             const DataMemory& memory) {
    if (owner.whose == Ownership::foreign) {
        return Data::foreign;
    }
    if (owner.whose == Ownership::unknown) {
        return Data::unknown;
    }
    if (owner.whose == Ownership::nobodys) {
        return Data::absent;
    }
    if (memory.making) {
        return Data::half_made;
    }
    if (!inside) {
        return Data::unknown;
    }
    switch (inside->kind) {
    case DataFolder::Kind::absent:
    case DataFolder::Kind::empty: return Data::absent;
    case DataFolder::Kind::other: return Data::other;
    case DataFolder::Kind::database: return inside->standby ? Data::standby : Data::primary;
    }
    return Data::other;
}

Result<void> mark_folder(const fs::path& folder, const std::string& data_id) {
    // The engine refuses a folder that others may read.
    if (auto made = make_private_folder(folder); !made) {
        return within("data folder", made.error());
    }
    return write_mark(folder, data_mark, data_id);
}

} // namespace lockstep
