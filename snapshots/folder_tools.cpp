#include "snapshots/folder_tools.h"

#include <algorithm>

#include "platform/files.h"

namespace lockstep::snapshots {

namespace fs = std::filesystem;

Error trouble_at(const fs::path& path, const std::error_code& trouble) {
    return {Errc::refused, path.string() + ": " + trouble.message()};
}

/// With the folders above it, each so that a power cut leaves it there.
Result<void> make_folder(const fs::path& folder) {
    std::error_code trouble;
    if (fs::is_directory(folder, trouble)) {
        return {};
    }
    const auto above = folder.parent_path();
    if (auto made = above == folder ? Result<void>{} : make_folder(above); !made) {
        return made;
    }
    fs::create_directory(folder, trouble);
    if (trouble) {
        return tl::unexpected(trouble_at(folder, trouble));
    }
    return sync_folder(above);
}

Result<void> remove_tree(const fs::path& path) {
    std::error_code trouble;
    fs::remove_all(path, trouble);
    return trouble ? Result<void>(tl::unexpected(trouble_at(path, trouble))) : Result<void>{};
}

Result<std::vector<fs::path>> entries_of(const fs::path& folder) {
    std::vector<fs::path> found;
    std::error_code trouble;
    for (fs::directory_iterator at(folder, trouble), end; !trouble && at != end;
         at.increment(trouble)) {
        found.push_back(at->path());
    }
    if (trouble && trouble != std::errc::no_such_file_or_directory) {
        return tl::unexpected(trouble_at(folder, trouble));
    }
    std::sort(found.begin(), found.end());
    return found;
}

Result<void> check_name(const std::string& name) {
    const bool good = !name.empty() && name.front() != '.' && name.find('/') == std::string::npos &&
                      std::none_of(name.begin(), name.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < ' '; });
    return good ? Result<void>{} : fail(Errc::refused, "\"" + name + "\" is no object's name");
}

fs::path with(fs::path path, const char* suffix) {
    path += suffix;
    return path;
}

bool is_half(const fs::path& path) {
    const auto ending = path.extension();
    return path.filename().string().starts_with('.') || ending == ".staged" ||
           ending == ".removed" || ending == ".new";
}

} // namespace lockstep::snapshots
