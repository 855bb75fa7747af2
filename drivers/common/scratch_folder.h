#pragma once

#include <filesystem>

#include "core/result.h"

namespace lockstep {

/// A folder that only this user may enter, removed with all that is in it.
class ScratchFolder {
public:
    /// Errors: `refused`.
    [[nodiscard]] static Result<ScratchFolder> make();
    ScratchFolder(ScratchFolder&& other) noexcept;
    ScratchFolder& operator=(ScratchFolder&&) = delete;
    ~ScratchFolder();
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}
    std::filesystem::path path_;
};

} // namespace lockstep
