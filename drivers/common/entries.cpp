#include "drivers/common/entries.h"

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include "platform/files.h"

namespace lockstep {

namespace fs = std::filesystem;

namespace {

tl::unexpected<Error> refuse(const char* doing, const fs::path& path,
                             const std::error_code& error) {
    return fail(Errc::refused, fmt::format("{} {}: {}", doing, path.string(), error.message()));
}

} // namespace

Result<std::vector<fs::path>> entries_of(const fs::path& folder) {
    std::error_code error;
    std::vector<fs::path> entries;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        entries.push_back(at->path());
    }
    if (error == std::errc::no_such_file_or_directory) {
        return fail(Errc::unreachable, folder.string() + ": no such folder");
    }
    if (error) {
        return refuse("read folder", folder, error);
    }
    return entries;
}

Result<std::vector<fs::path>> entries_if_there(const fs::path& folder) {
    auto entries = entries_of(folder);
    if (!entries && entries.error().code == Errc::unreachable) {
        return std::vector<fs::path>{};
    }
    return entries;
}

Result<void> remove_entries(const fs::path& folder, std::string_view but, Deadline deadline) {
    const auto entries = entries_of(folder);
    if (!entries) {
        return tl::unexpected(entries.error());
    }
    for (const auto& entry : *entries) {
        if (entry.filename() == but) {
            continue;
        }
        if (deadline.passed()) {
            return fail(Errc::timeout, "empty " + folder.string() + ": not done by the deadline");
        }
        std::error_code error;
        fs::remove_all(entry, error); // Removes a link, not what it leads to.
        if (error) {
            return refuse("remove", entry, error);
        }
    }
    return sync_folder(folder);
}

fs::path filling_folder(const fs::path& data_folder) {
    return data_folder / "lockstep_filling";
}

Result<void> prepare_filling(const fs::path& data_folder) {
    std::error_code error;
    fs::create_directory(data_folder, error);
    if (error) {
        return refuse("create folder", data_folder, error);
    }
    // Servers refuse a data folder that others may read.
    if (::chmod(data_folder.c_str(), 0700) != 0) {
        return refuse("set the permissions of", data_folder,
                      std::error_code(errno, std::generic_category()));
    }
    return write_file_durably(data_folder / incomplete_marker,
                              "Lockstep is filling this folder; until it is done nothing in it "
                              "is of any worth.\n");
}

Result<void> move_up(const fs::path& from, const fs::path& to) {
    const auto entries = entries_of(from);
    if (!entries) {
        return tl::unexpected(entries.error());
    }
    std::error_code error;
    for (const auto& entry : *entries) {
        fs::rename(entry, to / entry.filename(), error);
        if (error) {
            return refuse("move", entry, error);
        }
    }
    fs::remove(from, error);
    if (error) {
        return refuse("remove", from, error);
    }
    return sync_folder(to);
}

} // namespace lockstep
