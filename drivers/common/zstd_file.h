#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "core/result.h"

namespace lockstep {

/// An error ends the reading, which returns it.
using TakeBytes = std::function<Result<void>(std::string_view)>;

/// Hands a file's content piece by piece to `take`. Blocks. Errors: `unreachable` if there is no
/// such file, `refused` (the system's reason), or what `take` returned.
[[nodiscard]] Result<void> read_pieces(const std::filesystem::path& file, const TakeBytes& take);
/// The same for the content of a file in Zstandard's format. Errors also: `corrupt`, naming the
/// file, if it is damaged or cut off.
[[nodiscard]] Result<void> read_zstd(const std::filesystem::path& file, const TakeBytes& take);
/// A new file in that format, written piece by piece. Blocks. Errors: `refused`.
class ZstdWriter {
public:
    [[nodiscard]] static Result<ZstdWriter> create(const std::filesystem::path& path);
    ZstdWriter(ZstdWriter&&) noexcept;
    ZstdWriter& operator=(ZstdWriter&&) = delete;
    ~ZstdWriter();
    [[nodiscard]] Result<void> add(std::string_view plain);
    /// The last bytes, fsynced. Without it the file is cut off.
    [[nodiscard]] Result<void> finish();

private:
    struct State;
    explicit ZstdWriter(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Writes `from`'s content compressed into the new file `to`, fsynced; `look`, where given, sees
/// the content as it goes by. Errors: as above, and `refused` if it cannot be written.
[[nodiscard]] Result<void> write_zstd(const std::filesystem::path& from,
                                      const std::filesystem::path& to, const TakeBytes& look);

} // namespace lockstep
