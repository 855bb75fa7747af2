#include "agent/data_view.h"

#include <sys/stat.h>

#include "platform/files.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr const char* what_to_do =
    "; nothing was changed. Move it away to have the pair's data made or copied here, or restore "
    "the folder that this agent made";

bool is_empty_or_absent(const fs::path& folder, std::error_code& trouble) {
    const auto status = fs::status(folder, trouble);
    if (status.type() == fs::file_type::not_found) {
        trouble.clear();
        return true;
    }
    return !trouble && fs::is_directory(status) && fs::is_empty(folder, trouble) && !trouble;
}

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
    std::error_code trouble;
    if (is_empty_or_absent(folder, trouble)) {
        return {};
    }
    if (trouble) {
        return unknown(name + " cannot be read: " + trouble.message());
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
    std::error_code trouble;
    fs::create_directories(folder, trouble);
    if (trouble) {
        return fail(Errc::refused,
                    "data folder " + folder.string() + " cannot be made: " + trouble.message());
    }
    // The engine refuses a folder that others may read.
    fs::permissions(folder, fs::perms::owner_all, trouble);
    if (trouble) {
        return fail(Errc::refused,
                    "data folder " + folder.string() + " is not this user's: " + trouble.message());
    }
    return write_mark(folder, data_mark, data_id);
}

} // namespace lockstep
