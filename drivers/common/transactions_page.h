#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "core/kept_divergence.h"
#include "core/result.h"

namespace lockstep {

/// One line for a page that people read.
[[nodiscard]] std::string in_one_line(const KeptTransaction& transaction);

/// The page beside a kept log that tells its transactions: of a log of any size, so many in full
/// and the number of the rest. It has its name only when all of it is written.
class TransactionsPage {
public:
    TransactionsPage(std::filesystem::path path, std::string_view heading);
    void add(const KeptTransaction& transaction);
    /// Errors: `refused`.
    [[nodiscard]] Result<void> finish();

private:
    [[nodiscard]] std::filesystem::path partial() const { return path_.string() + ".partial"; }
    std::filesystem::path path_;
    std::ofstream file_;
    std::uint64_t lines_ = 0;
};

} // namespace lockstep
