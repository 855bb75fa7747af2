#include "drivers/common/scratch_folder.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace lockstep {

namespace fs = std::filesystem;

Result<ScratchFolder> ScratchFolder::make() {
    std::error_code trouble;
    auto pattern = (fs::temp_directory_path(trouble) / "lockstep-XXXXXX").string();
    if (trouble || ::mkdtemp(pattern.data()) == nullptr) {
        return fail(Errc::refused,
                    "a temporary folder " + pattern + " cannot be made: " + strerrordesc_np(errno));
    }
    return ScratchFolder(pattern);
}

ScratchFolder::ScratchFolder(ScratchFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored; // It lies where the system clears up.
    if (!path_.empty()) {
        fs::remove_all(path_, ignored);
    }
}

} // namespace lockstep
