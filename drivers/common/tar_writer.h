#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "drivers/common/tar_reader.h"
#include "drivers/common/zstd_file.h"

namespace lockstep {

/// Writes an archive that TarReader and every tar read, piece by piece into `out`. Files and
/// folders only.
class TarWriter {
public:
    explicit TarWriter(TakeBytes out) : out_(std::move(out)) {}

    /// The next member; of a file exactly `entry.bytes` bytes of content must follow.
    [[nodiscard]] Result<void> begin(const TarEntry& entry);
    [[nodiscard]] Result<void> add(std::string_view content);
    /// Errors: `refused` if the file's content is not as long as was said.
    [[nodiscard]] Result<void> end();
    /// After the last member.
    [[nodiscard]] Result<void> finish();

private:
    TakeBytes out_;
    std::string name_;
    std::uint64_t left_ = 0; // Of the content.
    std::uint64_t bytes_ = 0;
};

} // namespace lockstep
